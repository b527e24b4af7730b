// rate-limiter-flexible on a cluster: `storeClient: pool`, with a pool of ours in the place of mysql2's.
//
// What to see: points are consumed on the writer, in a transaction each; `get()` reads from readers. The writer crashes in the
// middle: requests wait a second, and no point that was granted is forgotten.
//
//   node index.mjs                    on the simulator's embedded storage, nothing to install
//   node index.mjs --storage mysqld   on a real MariaDB or MySQL server from PATH

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { createAuroraPool } from 'aurora-mysql2'
import { rehearse } from 'aurora-mysql2-example-rehearsal'
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

await rehearse(cluster, {
  request: session,
  read: async () => {
    const { consumedPoints } = await limiter.get('ada')
    assert.ok(consumedPoints >= 5)
  },
  // Visitors use up points, all of the same key.
  write: async () => {
    await limiter.penalty('everybody', 1)
  },
  // What became of a point that was under way when the writer went. 'unknown': it may be used up, or not; 'rolled-back': it is not.
  outcomeOf: (error) => error.aurora?.outcome,
  written: "SELECT points FROM app.points WHERE `key` = 'rlflx:everybody'",
})

await pool.promise().end()
await cluster.close()
