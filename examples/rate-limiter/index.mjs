// rate-limiter-flexible on a cluster: `storeClient: pool`, with a pool of ours in the place of mysql2's.
//
// What to see: points are consumed on the writer, in a transaction each; `get()` reads from readers. The writer crashes in the
// middle: requests wait a second, and no point that was granted is forgotten.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2'
import { startCluster } from 'aurora-mysql2-simulator'
import { RateLimiterMySQL } from 'rate-limiter-flexible'

const { values } = parseArgs({ options: { storage: { type: 'string', default: 'embedded' } } })

// In production there is no simulator: `host` is your cluster endpoint, and nothing else changes.
const cluster = await startCluster({ instances: 3, storage: values.storage })
await cluster.query(
  'CREATE TABLE points (`key` VARCHAR(255) NOT NULL PRIMARY KEY, points INT NOT NULL DEFAULT 0, expire BIGINT UNSIGNED)',
)
const pool = createAuroraPool(cluster.connection)

const limiter = new RateLimiterMySQL({
  storeClient: pool,
  dbName: 'app',
  tableName: 'points',
  // Made above; it makes database and table by itself where the user may.
  tableCreated: true,
  points: 5,
  duration: 600,
})

// Five at once and no more. In a web application each incoming HTTP request is a session() by itself.
const { session } = pool.aurora
const asked = await Promise.allSettled(
  Array.from({ length: 20 }, () => session(() => limiter.consume('ada'))),
)
assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 5)

// What was written there reaches the readers about as fast as they lag.
await sleep(500)
for (let read = 0; read < 300; read += 1) {
  const { consumedPoints } = await session(() => limiter.get('ada'))
  assert.ok(consumedPoints >= 5)
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
const onReaders = cluster.readers.map(({ counters }) => ({ ...counters }))

// The writer crashes; a reader is promoted a second later. Meanwhile visitors use up points, all of the same key.
const used = { known: 0, unknown: 0 }
let isOver = false
async function visit() {
  for (; !isOver; await sleep(5)) {
    try {
      await session(() => limiter.penalty('everybody', 1))
      used.known += 1
    } catch (error) {
      // 'unknown': the point may be used up, or not; 'rolled-back': it is not.
      assert.ok(error.aurora?.outcome, `says what became of it: ${error}`)
      if (error.aurora.outcome === 'unknown') used.unknown += 1
    }
  }
}
const visitors = Promise.all([visit(), visit(), visit(), visit()])
while (used.known < 50) await sleep(5)
await cluster.failover({ promoteMs: 1000 })
const before = used.known
while (used.known < before + 20) await sleep(5)
isOver = true
await visitors

await pool.promise().end()
const [{ points }] = await cluster.query(
  "SELECT points FROM app.points WHERE `key` = 'rlflx:everybody'",
)
await cluster.close()

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0)
assert.ok(sum(onReaders.map(({ reads }) => reads)) > 250, 'readers tell how many points are used')
assert.equal(sum(onReaders.map(({ writes }) => writes)), 0, 'no write reaches a reader')
assert.ok(points >= used.known, 'no point is forgotten')
assert.ok(points <= used.known + used.unknown, 'none counts twice')
console.log(
  `Through a failover: ${used.known} points used, ${used.unknown} unknown; ${points} stored.`,
)
