// AdonisJS Lucid on a cluster: its Knex is put on ours. Its read and write replicas are not needed.
//
// What to see: the queries are Lucid's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { Emitter } from '@adonisjs/core/events'
import { AppFactory } from '@adonisjs/core/factories/app'
import { Logger } from '@adonisjs/core/logger'
import { Database } from '@adonisjs/lucid/database'
import { BaseModel, column } from '@adonisjs/lucid/orm'
import { session } from 'aurora-mysql2'
import { useAurora } from 'aurora-mysql2/knex'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and `aurora` is not needed.
const cluster = await startCluster({ instances: 3, storage: values.storage })

// In an application this is config/database.ts, and `db` comes from the container.
const app = new AppFactory().create(new URL('./', import.meta.url), () => {})
const db = new Database(
  {
    connection: 'mysql',
    connections: {
      // While a write waits for the new writer it keeps its place in this pool. Places are cheap: they hold no connection.
      mysql: { client: 'mysql2', connection: cluster.connection, pool: { min: 0, max: 100 } },
    },
  },
  new Logger({ enabled: false }),
  new Emitter(app),
)

// In an application this is the boot() of a provider, before the first query.
db.manager.connect('mysql')
useAurora(db.getRawConnection('mysql').connection.client)

BaseModel.$adapter = db.modelAdapter()
class Note extends BaseModel {
  static table = 'note'
}
column({ isPrimary: true })(Note.prototype, 'id')
column()(Note.prototype, 'text')

await db.connection().schema.createTable('note', (table) => {
  table.increments()
  table.string('text', 100).notNullable()
})

// A web application needs no session(): each incoming HTTP request is one by itself.
await session(async () => {
  const { id } = await Note.create({ text: 'buy milk' })
  const note = await Note.find(id)
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

await rehearse(cluster, {
  request: session,
  read: async () => {
    const note = await Note.find(1)
    assert.equal(note?.text, 'buy milk')
  },
  write: async () => {
    await Note.create({ text: 'more' })
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await db.manager.closeAll()
await cluster.close()
