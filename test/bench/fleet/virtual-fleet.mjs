// A fleet of pools in one process, on a clock and a cluster that are not real, so that the numbers are the driver's and not this
// machine's. Runs in a process of its own, since it takes the place of the process's timers. Prints its result as JSON.

import { parseArgs } from 'node:util'
import { VirtualClock } from './virtual-clock.mjs'
import { CLUSTER_HOST, VirtualCluster } from './virtual-cluster.mjs'

const { values } = parseArgs({
  options: {
    pools: { type: 'string', default: '1000' },
    options: { type: 'string', default: '{}' },
  },
})

const POOL_COUNT = Number(values.pools)
const CONNECTIONS_PER_POOL = 10
/** Each worker makes one write in about so long. */
const WORKER_PAUSE_MS = 1_000
/** Processes are not all started in the same moment. */
const STARTED_WITHIN_MS = 2_000
/** Longer than ten thousand logins take. */
const WARM_UP_MS = 12_000
const CALM_MS = 10_000
const PROMOTION_AFTER_MS = 1_000
const WATCHED_AFTER_MS = 10_000

const clock = new VirtualClock()
clock.install()
const { createAuroraPool } = await import('aurora-mysql2/promise')
const cluster = new VirtualCluster(clock, 3)
/** When each pool had its first write acknowledged after the promotion. */
const backAtMs = Array.from({ length: POOL_COUNT }, () => Number.POSITIVE_INFINITY)
let promotedAtMs = Number.POSITIVE_INFINITY
let failedWrites = 0

for (let index = 0; index < POOL_COUNT; index += 1) {
  clock.schedule((index / POOL_COUNT) * STARTED_WITHIN_MS, () => void startProcess(index))
}
await clock.runUntil(WARM_UP_MS)
const calm = { fromMs: clock.nowMs, untilMs: clock.nowMs + CALM_MS }
await clock.runUntil(calm.untilMs)
const crashedAtMs = clock.nowMs
cluster.crash('i1')
await clock.runUntil(crashedAtMs + PROMOTION_AFTER_MS)
cluster.writerId = 'i2'
promotedAtMs = clock.nowMs
await clock.runUntil(promotedAtMs + WATCHED_AFTER_MS / 2)
cluster.restart('i1')
await clock.runUntil(promotedAtMs + WATCHED_AFTER_MS)

process.stdout.write(
  JSON.stringify({
    poolCount: POOL_COUNT,
    connectionsPerPool: CONNECTIONS_PER_POOL,
    calm,
    crashedAtMs,
    promotedAtMs,
    failedWrites,
    backAfterMs: backAtMs.map((atMs) => atMs - promotedAtMs),
    visits: cluster.visits.map(({ atMs, instance, what }) => [atMs, instance, what]),
  }),
  () => process.exit(),
)

/** @param {number} index */
async function startProcess(index) {
  const pool = createAuroraPool({
    host: CLUSTER_HOST,
    user: 'app',
    database: 'app',
    connectTimeout: 0,
    connectionLimit: CONNECTIONS_PER_POOL,
    // mysql2 makes room for all of them with each connection, half a megabyte by default.
    maxPreparedStatements: 16,
    stream: (/** @type {any} */ { config }) => cluster.connect(config.host),
    aurora: {
      lookup: (/** @type {any} */ _name, /** @type {any} */ _options, /** @type {any} */ done) =>
        done(null, '192.0.2.1', 4),
      ...JSON.parse(String(values.options)),
    },
  })
  await pool.aurora.ready()
  for (let worker = 0; worker < CONNECTIONS_PER_POOL; worker += 1) void work(index, pool)
}

/**
 * @param {number} index
 * @param {import('aurora-mysql2/promise').AuroraPool} pool
 */
async function work(index, pool) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, WORKER_PAUSE_MS * 2 * Math.random()))
    try {
      await pool.query('INSERT INTO t VALUES (1)')
      if (clock.nowMs >= promotedAtMs) {
        backAtMs[index] = Math.min(Number(backAtMs[index]), clock.nowMs)
      }
    } catch {
      failedWrites += 1
    }
  }
}
