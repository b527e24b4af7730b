// Knex on a cluster: the client class AuroraClient, and a pool of ours in the place of Knex's own.
//
// What to see: the queries are Knex's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { session } from 'aurora-mysql2'
import { AuroraClient } from 'aurora-mysql2/knex'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import knex from 'knex'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool(cluster.connection)
const db = knex({ client: AuroraClient, connectionPool: pool })

await db.schema.createTable('note', (table) => {
  table.increments()
  table.string('text', 100).notNullable()
})

// A web application needs no session(): each incoming HTTP request is one by itself.
await session(async () => {
  const [id] = await db('note').insert({ text: 'buy milk' })
  const note = await db('note').where({ id }).first()
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: session,
  read: async () => {
    const note = await db('note').where({ id: 1 }).first()
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await db('note').insert({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await db.destroy()
// The pool is the application's: Knex leaves it open.
await pool.end()
await cluster.close()
