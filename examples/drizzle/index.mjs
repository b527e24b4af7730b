// Drizzle on a cluster: `drizzle(pool)`, with a pool of ours in the place of mysql2's.
//
// What to see: the queries are Drizzle's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2/promise'
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

// What was written there reaches the readers about as fast as they lag.
await sleep(500)

const count = { reads: 0, writes: 0, inFlight: 0 }
const read = async () => {
  const [note] = await db.select().from(notes).where(eq(notes.id, 1))
  assert.equal(note?.text, 'buy milk')
  count.reads += 1
}
const write = async () => {
  try {
    await db.insert(notes).values({ text: 'more' })
    count.writes += 1
  } catch (error) {
    // A write that was under way when the writer went. Drizzle keeps mysql2's error as `cause`.
    // 'unknown': look before you do it again; 'rolled-back': nothing took effect.
    assert.ok(error.cause.aurora?.outcome, `says what became of it: ${error.cause}`)
    count.inFlight += 1
  }
}

for (let batch = 0; batch < 30; batch += 1) {
  await pool.aurora.session(write)
  await Promise.all(Array.from({ length: 10 }, () => pool.aurora.session(read)))
}
console.table(
  cluster.instances.map(({ id, role, counters }) => ({
    instance: id,
    role,
    reads: counters.reads,
    writes: counters.writes,
  })),
  ['instance', 'role', 'reads', 'writes'],
)
const readers = cluster.readers.map(({ counters }) => ({ ...counters }))

// The writer crashes; a reader is promoted a second later.
let isOver = false
const untilOver = async (work) => {
  while (!isOver) {
    await pool.aurora.session(work)
    await sleep(5)
  }
}
const load = Promise.all([untilOver(read), untilOver(read), untilOver(write)])
await cluster.failover({ promoteMs: 1000 })
const before = count.writes
while (count.writes < before + 10) await sleep(5)
isOver = true
await load

await pool.end()
const [{ written }] = await cluster.query(
  "SELECT COUNT(*) AS written FROM app.note WHERE text = 'more'",
)
await cluster.close()

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0)
assert.ok(sum(readers.map(({ reads }) => reads)) > 200, 'readers serve what is read')
assert.equal(sum(readers.map(({ writes }) => writes)), 0, 'no write reaches a reader')
assert.ok(written >= count.writes, 'no write that was acknowledged is lost')
assert.ok(written <= count.writes + count.inFlight, 'none was done twice')
console.log(
  `Through a failover: ${count.reads} reads, none failed; ${count.writes} writes, ${count.inFlight} in flight when the writer went.`,
)
