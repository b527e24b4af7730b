// Sequelize 6 on a cluster: our module in the place of mysql2. Its `replication` is not needed.
//
// What to see: the queries are Sequelize's, unchanged. Reads are served by readers and writes by the writer, a request sees what it
// has written, and when the writer crashes in the middle no read fails and writes go on by themselves.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { session } from 'aurora-mysql2'
import * as auroraMysql2 from 'aurora-mysql2/mysql2'
import { startCluster } from 'aurora-mysql2-simulator'
import { DataTypes, Sequelize } from 'sequelize'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and `dialectOptions` is not needed.
const cluster = await startCluster({ instances: 3, storage: values.storage })
const { host, port, user, password, database, aurora } = cluster.connection
const sequelize = new Sequelize(database, user, password, {
  dialect: 'mysql',
  dialectModule: auroraMysql2,
  host,
  port,
  dialectOptions: { aurora },
  // While a write waits for the new writer it keeps its place in this pool. Places are cheap: they hold no connection.
  pool: { max: 100 },
  logging: false,
})

const options = { tableName: 'note', timestamps: false }
const Note = sequelize.define('note', { text: DataTypes.STRING(100) }, options)
await sequelize.query(
  'CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100) NOT NULL)',
)

// A web application needs no session(): each incoming HTTP request is one by itself.
await session(async () => {
  const { id } = await Note.create({ text: 'buy milk' })
  const note = await Note.findByPk(id)
  assert.equal(note?.text, 'buy milk', 'a request sees what it has written')
})

// What was written there reaches the readers about as fast as they lag.
await sleep(500)

const count = { reads: 0, writes: 0, inFlight: 0 }
const read = async () => {
  const note = await session(async () => await Note.findByPk(1))
  assert.equal(note?.text, 'buy milk')
  count.reads += 1
}
const write = async () => {
  try {
    await Note.create({ text: 'more' })
    count.writes += 1
  } catch (error) {
    // A write that was under way when the writer went. 'unknown': look before you do it again; 'rolled-back': nothing took effect.
    assert.ok(error.original?.aurora?.outcome, `says what became of it: ${error}`)
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

await sequelize.close()
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
