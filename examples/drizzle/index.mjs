// Drizzle on a cluster: `drizzle(pool)`, with a pool of ours in the place of mysql2's.
//
// What to see: the queries are Drizzle's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { eq } from 'drizzle-orm'
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { drizzle } from 'drizzle-orm/mysql2'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool(cluster.connection)
const db = drizzle(pool)

await cluster.query('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))')
const notes = mysqlTable('note', {
  id: int().autoincrement().primaryKey(),
  text: varchar({ length: 100 }),
})

// A web application needs no session(): each incoming HTTP request is one by itself.
await pool.aurora.session(async () => {
  const [{ id }] = await db.insert(notes).values({ text: 'buy milk' }).$returningId()
  const [note] = await db.select().from(notes).where(eq(notes.id, id))
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: pool.aurora.session,
  read: async () => {
    const [note] = await db.select().from(notes).where(eq(notes.id, 1))
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await db.insert(notes).values({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. Drizzle keeps mysql2's error as `cause`.
  outcomeOf: (error) => error.cause?.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await pool.end()
await cluster.close()
