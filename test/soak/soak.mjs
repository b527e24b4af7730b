import { setTimeout as sleep } from 'node:timers/promises'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import { FaultStorm } from './fault-storm.mjs'
import { LeakCheck, timerCount } from './leak-check.mjs'
import { Ledger } from './ledger.mjs'
import { Load } from './load.mjs'
import { between, pick, randomFrom } from './random.mjs'
import { NUMBER_COUNT } from './requests.mjs'
import { TimeLine } from './time-line.mjs'

/** The storm rages so long between two quiet moments. */
const STORM_MS = 12_000
const AUDIT_EVERY_MS = 1_500
/** When everything is up again a write is served within this; it is what the application is promised. */
const RECOVERED_WITHIN_MS = 30_000
const WORKERS = 24
const TOKEN_TABLE = `CREATE TABLE app.aurora_mysql2_token (
  token BINARY(16) NOT NULL PRIMARY KEY,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY (created_at)
)`

/**
 * @typedef {object} SoakResult
 * @property {string[]} violations empty when every promise was kept
 * @property {readonly string[]} timeLine faults and what the driver said, the last thousand
 * @property {Map<string, number>} faults how often each was injected
 * @property {Map<string, { ended: number, failed: number }>} requests
 * @property {Ledger['counts']} writes
 * @property {number[]} heapBytes at each quiet moment
 */

/**
 * Faults rain on a cluster under a mixed load; what the driver promises is checked all the time. Ends early with the first violation.
 *
 * @param {object} options
 * @param {number} options.seed
 * @param {number} options.forMs
 * @param {readonly string[]} [options.only] names of the faults to choose from; default: all
 * @param {(line: string) => void} [options.say] hears once per quiet moment
 * @returns {Promise<SoakResult>}
 */
export async function soak({ seed, forMs, only, say = () => {} }) {
  const timeLine = new TimeLine()
  /** @type {string[]} */
  const violations = []
  const violate = (/** @type {string} */ what) => {
    timeLine.note(`VIOLATION ${what}`)
    violations.push(what)
  }
  const stopListening = listenToProcess(violate)
  const timersBefore = timerCount()
  const cluster = await startCluster({
    instances: 3,
    storage: 'mysqld',
    timings: { refreshMs: 50, lagMs: 10, dnsMs: 500 },
  })
  await prepare(cluster)
  const settings = settingsOf(seed)
  const pool = openPool(cluster, settings)
  timeLine.follow(cluster, pool)
  const ledger = new Ledger({ cluster, violate })
  await ledger.open()
  const leaks = new LeakCheck({
    pool,
    violate,
    eventCount: () => cluster.log.length,
    totalLimit: settings.aurora.totalLimit,
  })
  const load = new Load({ surroundings: { pool, ledger, violate }, seed })
  const storm = new FaultStorm({
    cluster,
    seed,
    ...(only === undefined ? {} : { only }),
    tell: (line) => timeLine.note(line),
  })
  await pool.aurora.ready()

  const untilMs = performance.now() + forMs
  while (performance.now() < untilMs && violations.length === 0) {
    load.start(WORKERS)
    storm.start()
    await rage(Math.min(STORM_MS, untilMs - performance.now()))
    await storm.stop()
    timeLine.note('everything is up')
    await recovered()
    await allEnded()
    await ledger.audit()
    await leaks.look()
    await ledger.forget()
    say(progress())
  }
  await pool.end()
  await leaks.lookAfterEnd()
  await cluster.close()
  await leaks.lookAtTimers(timersBefore)
  stopListening()
  return {
    violations,
    timeLine: timeLine.lines,
    faults: storm.counts,
    requests: load.counts,
    writes: ledger.counts,
    heapBytes: leaks.heapBytes,
  }

  /** @param {number} ms */
  async function rage(ms) {
    const stormUntilMs = performance.now() + ms
    while (performance.now() < stormUntilMs && violations.length === 0) {
      await sleep(Math.max(0, Math.min(AUDIT_EVERY_MS, stormUntilMs - performance.now())))
      await ledger.audit()
      lookForStuck()
    }
  }

  function lookForStuck() {
    for (const { name } of load.stuck) violate(`stuck: ${name}`)
  }

  async function recovered() {
    const untilUpMs = performance.now() + RECOVERED_WITHIN_MS
    for (;;) {
      const error = await pool
        .query({
          sql: 'UPDATE app.pulse SET beats = beats + 1',
          aurora: { waitMs: RECOVERED_WITHIN_MS },
        })
        .then(() => undefined)
        .catch((/** @type {unknown} */ failure) => failure)
      if (error === undefined) return
      if (performance.now() > untilUpMs)
        return violate(`nothing is served when all is up: ${error}`)
    }
  }

  async function allEnded() {
    const ended = load.stop().then(() => true)
    while (!(await Promise.race([ended, sleep(1_000, false)]))) {
      lookForStuck()
      if (violations.length > 0) return
    }
  }

  function progress() {
    const megabytes = Math.round((leaks.heapBytes.at(-1) ?? 0) / 2 ** 20)
    const faults = [...storm.counts.values()].reduce((sum, count) => sum + count, 0)
    const { acknowledged, unknown } = ledger.counts
    const leftS = Math.max(0, Math.round((untilMs - performance.now()) / 1_000))
    return `${faults} faults, ${acknowledged} writes acknowledged, ${unknown} of unknown outcome, heap ${megabytes} MB, ${leftS} s to go`
  }
}

/** @param {import('aurora-mysql2-simulator').Cluster} cluster */
async function prepare(cluster) {
  await cluster.query(TOKEN_TABLE)
  await cluster.query('CREATE TABLE app.pulse (beats INT NOT NULL)')
  await cluster.query('INSERT INTO app.pulse (beats) VALUES (0)')
  await cluster.query('CREATE TABLE app.number (id INT PRIMARY KEY)')
  const numbers = Array.from({ length: NUMBER_COUNT }, (_, index) => `(${index + 1})`)
  await cluster.query(`INSERT INTO app.number (id) VALUES ${numbers.join(', ')}`)
}

/**
 * The pool's settings are part of what the seed decides.
 *
 * @param {number} seed
 */
function settingsOf(seed) {
  const random = randomFrom(seed + 77)
  const settings = {
    connectionLimit: between(random, 3, 12),
    maxIdle: between(random, 2, 12),
    aurora: {
      refreshIntervalMs: pick(random, [100, 500, 2_000]),
      urgentIntervalMs: pick(random, [20, 100]),
      suspectAfterMs: pick(random, [100, 500]),
      condemnAfterMs: pick(random, [800, 4_000]),
      failoverTimeoutMs: 20_000,
      overloadWaitMs: pick(random, [200, 2_000]),
      checkIdleAfterMs: pick(random, [50, 30_000]),
      minIdle: pick(random, [0, 2]),
      balance: pick(random, /** @type {const} */ (['p2c', 'round-robin', 'random'])),
    },
  }
  // Half of them with fewer connections than workers, and sometimes no more than instances.
  const totalLimit = pick(random, [undefined, undefined, 3, 9])
  if (totalLimit === undefined) return settings
  return { ...settings, aurora: { ...settings.aurora, totalLimit } }
}

/**
 * @param {import('aurora-mysql2-simulator').Cluster} cluster
 * @param {ReturnType<typeof settingsOf>} settings
 */
function openPool({ connection }, settings) {
  const aurora = { ...connection.aurora, ...settings.aurora }
  return createAuroraPool({ ...connection, ...settings, aurora })
}

/** @param {(what: string) => void} violate */
function listenToProcess(violate) {
  const onRejection = (/** @type {unknown} */ error) =>
    violate(`unhandled rejection: ${/** @type {any} */ (error)?.stack ?? error}`)
  const onException = (/** @type {unknown} */ error) =>
    violate(`uncaught exception: ${/** @type {any} */ (error)?.stack ?? error}`)
  const onWarning = (/** @type {Error} */ warning) => {
    if (warning.name === 'MaxListenersExceededWarning') violate(`${warning.stack}`)
  }
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  process.on('warning', onWarning)
  return () => {
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onException)
    process.off('warning', onWarning)
  }
}
