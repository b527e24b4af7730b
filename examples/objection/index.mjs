// Objection on a cluster: its models on Knex, and that on a pool of ours.
//
// What to see: the queries are Objection's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
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
import { Model } from 'objection'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool(cluster.connection)
const db = knex({ client: AuroraClient, connectionPool: pool })

class Note extends Model {
  static tableName = 'note'
}
Note.knex(db)

await db.schema.createTable('note', (table) => {
  table.increments()
  table.string('text', 100).notNullable()
})

// A web application needs no session(): each incoming HTTP request is one by itself.
await session(async () => {
  const { id } = await Note.query().insert({ text: 'buy milk' })
  const note = await Note.query().findById(id)
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: session,
  read: async () => {
    const note = await Note.query().findById(1)
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await Note.query().insert({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. Objection keeps mysql2's error as `nativeError`, where it wraps it.
  outcomeOf: (error) => (error.nativeError ?? error).aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await db.destroy()
// The pool is the application's: Knex leaves it open.
await pool.end()
await cluster.close()
