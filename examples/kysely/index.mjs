// Kysely on a cluster: `new MysqlDialect({ pool })`, with a pool of ours in the place of mysql2's.
//
// What to see: the queries are Kysely's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { Kysely, MysqlDialect } from 'kysely'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const pool = createAuroraPool(cluster.connection)
const db = new Kysely({ dialect: new MysqlDialect({ pool }) })

await db.schema
  .createTable('note')
  .addColumn('id', 'integer', (column) => column.autoIncrement().primaryKey())
  .addColumn('text', 'varchar(100)')
  .execute()

// A web application needs no session(): each incoming HTTP request is one by itself.
await pool.aurora.session(async () => {
  const { insertId } = await db.insertInto('note').values({ text: 'buy milk' }).executeTakeFirst()
  const note = await db
    .selectFrom('note')
    .select('text')
    .where('id', '=', insertId)
    .executeTakeFirst()
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: pool.aurora.session,
  read: async () => {
    const note = await db.selectFrom('note').select('text').where('id', '=', 1).executeTakeFirst()
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await db.insertInto('note').values({ text: 'more' }).execute()
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. Kysely passes mysql2's error on as it is.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

// Ends the pool, too.
await db.destroy()
await cluster.close()
