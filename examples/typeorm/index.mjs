// TypeORM on aurora-mysql2: one line, `driver: mysql`.
//
// What to see: finds go to the readers, what save() and transactions do goes to the writer, a request sees what it has written, and
// a failover in the middle fails no read. A write that was under way says what became of it, in `error.aurora`.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { session } from 'aurora-mysql2'
import mysql from 'aurora-mysql2/mysql2'
import { startCluster } from 'aurora-mysql2-simulator'
import { DataSource, EntitySchema } from 'typeorm'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

const Note = new EntitySchema({
  name: 'note',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    text: { type: 'varchar', length: 100 },
  },
})

const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))')

// In production there is no simulator: `host` is your cluster endpoint, and there is no `aurora`.
const { host, port, user, password, database, aurora } = cluster.connection

const dataSource = await new DataSource({
  type: 'mysql',
  driver: mysql,
  host,
  port,
  username: user,
  password,
  database,
  extra: { aurora },
  entities: [Note],
}).initialize()
const notes = dataSource.getRepository(Note)

// A web application needs no session(): each incoming HTTP request is one by itself.
const id = await session(async () => {
  const note = await notes.save({ text: 'buy milk' })
  assert.equal((await notes.findOneBy({ id: note.id }))?.text, 'buy milk')
  return note.id
})

const failures = { reads: [], writes: [] }
let writeCount = 0
let isOver = false

async function reads() {
  for (; !isOver; await sleep(2)) {
    await session(() => notes.findOneByOrFail({ id })).catch((error) => failures.reads.push(error))
  }
}

async function writes() {
  for (; !isOver; await sleep(2)) {
    await session(() => notes.insert({ text: 'visited' })).then(
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
const visits = await notes.countBy({ text: 'visited' })
await dataSource.destroy()
await cluster.close()

assert.deepEqual(failures.reads, [])
const unknown = failures.writes.filter(({ aurora }) => aurora?.outcome === 'unknown').length
assert.equal(unknown, failures.writes.length, 'each failed write says what is known of it')
assert.ok(visits >= writeCount && visits <= writeCount + unknown, 'no write is lost or doubled')
