// MikroORM on aurora-mysql2: a Kysely dialect over a pool of ours in `driverOptions`.
//
// What to see: finds go to the readers, flush() and transactions to the writer, a request sees what it has written, and a failover in
// the middle fails no read. A write that was under way says what became of it, in `error.aurora`.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { defineEntity, MikroORM, p } from '@mikro-orm/mysql'
import { createAuroraPool } from 'aurora-mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
import { startCluster } from 'aurora-mysql2-simulator'
import { MysqlDialect } from 'kysely'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

const Note = defineEntity({
  name: 'Note',
  properties: { id: p.integer().primary(), text: p.string().length(100) },
})

const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))')

const pool = createAuroraPool({
  // In production there is no simulator: `host`, `user` and so on, with your cluster endpoint as host.
  ...cluster.connection,
  // What MikroORM sets on a pool that it makes itself.
  dateStrings: true,
  supportBigNumbers: true,
})
const orm = await MikroORM.init({
  dbName: cluster.connection.database,
  driverOptions: new MysqlDialect({ pool }),
  entities: [Note],
  ensureDatabase: false,
})

/** A request: an entity manager of its own, and reads that see what it has written. */
const request = (work) => pool.aurora.session(() => work(orm.em.fork()))

async function add(em, text) {
  const note = em.create(Note, { text })
  await em.flush()
  return note.id
}

const id = await request(async (em) => {
  const id = await add(em, 'buy milk')
  const note = await em.fork().findOne(Note, id)
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
  return id
})

await rehearse(cluster, {
  request,
  read: async (em) => {
    const note = await em.findOneOrFail(Note, id)
    assert.equal(note.text, 'buy milk')
  },
  write: async (em) => {
    await add(em, 'more')
  },
  // What became of a write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back':
  // nothing took effect. MikroORM copies what mysql2's error has to its own.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT COUNT(*) FROM app.note WHERE text = 'more'",
})

await orm.close()
await cluster.close()
