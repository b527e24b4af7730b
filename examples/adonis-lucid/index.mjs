// AdonisJS Lucid on a cluster: its Knex is put on ours. Its read and write replicas are not needed.
//
// What to see: the queries are Lucid's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Emitter } from '@adonisjs/core/events'
import { AppFactory } from '@adonisjs/core/factories/app'
import { Logger } from '@adonisjs/core/logger'
import { Database } from '@adonisjs/lucid/database'
import { BaseModel, column } from '@adonisjs/lucid/orm'
import { session } from 'aurora-mysql2'
import { useAurora } from 'aurora-mysql2/knex'
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

// What was written there reaches the readers about as fast as they lag.
await sleep(500)

const count = { reads: 0, writes: 0, inFlight: 0 }
const read = async () => {
  const note = await session(async () => await Note.find(1))
  assert.equal(note?.text, 'buy milk')
  count.reads += 1
}
const write = async () => {
  try {
    await Note.create({ text: 'more' })
    count.writes += 1
  } catch (error) {
    // A write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back': nothing took effect.
    assert.ok(error.aurora?.outcome, `says what became of it: ${error}`)
    count.inFlight += 1
  }
}

for (let batch = 0; batch < 30; batch += 1) {
  await session(write)
  await Promise.all(Array.from({ length: 10 }, read))
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
    await session(work)
    await sleep(5)
  }
}
const load = Promise.all([untilOver(read), untilOver(read), untilOver(write)])
await cluster.failover({ promoteMs: 1000 })
const before = count.writes
while (count.writes < before + 10) await sleep(5)
isOver = true
await load

await db.manager.closeAll()
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
