// MikroORM on aurora-mysql2: a Kysely dialect over a pool of ours in `driverOptions`.
//
// What to see: finds go to the readers, flush() and transactions to the writer, a request sees what it has written, and a failover in
// the middle fails no read. A write that was under way says what became of it, in `error.aurora`.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { defineEntity, MikroORM, p } from '@mikro-orm/mysql'
import { createAuroraPool } from 'aurora-mysql2'
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
  assert.equal((await em.fork().findOne(Note, id))?.text, 'buy milk')
  return id
})

const failures = { reads: [], writes: [] }
let writeCount = 0
let isOver = false

async function reads() {
  for (; !isOver; await sleep(2)) {
    await request((em) => em.findOneOrFail(Note, id)).catch((error) => failures.reads.push(error))
  }
}

async function writes() {
  for (; !isOver; await sleep(2)) {
    await request((em) => add(em, 'visited')).then(
      () => writeCount++,
      (error) => failures.writes.push(error),
    )
  }
}

const work = [reads(), reads(), reads(), writes(), writes()]
while (writeCount < 100) await sleep(10)
console.table(
  cluster.instances.map(({ id, role, counters }) => {
    return { id, role, reads: counters.reads, writes: counters.writes }
  }),
)
assert.ok(cluster.readers.every(({ counters }) => counters.writes === 0))
assert.ok(cluster.readers.some(({ counters }) => counters.reads > 50))

await cluster.failover({ detectMs: 100, promoteMs: 500 })
for (const before = writeCount; writeCount < before + 100; ) await sleep(10)
isOver = true
await Promise.all(work)

console.log(`A failover: ${failures.reads.length} reads failed, ${failures.writes.length} writes`)
for (const { message, aurora } of failures.writes) console.log(`  ${message}: ${aurora?.outcome}`)
const visits = await request((em) => em.count(Note, { text: 'visited' }))
await orm.close()
await cluster.close()

assert.deepEqual(failures.reads, [])
assert.ok(failures.writes.every(({ aurora }) => aurora?.outcome !== undefined))
const unknown = failures.writes.filter(({ aurora }) => aurora.outcome === 'unknown').length
assert.ok(visits >= writeCount && visits <= writeCount + unknown, 'no write is lost or doubled')
