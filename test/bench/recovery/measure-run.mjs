import { setTimeout as sleep } from 'node:timers/promises'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import mysql from 'mysql2/promise'
import { createTable, Load } from '../../failover/load.mjs'
import { measureBareMinimum } from './bare-minimum.mjs'

const WORKERS = { writers: 8, readers: 16 }
const CONNECTION_LIMIT = 32
const WARM_UP_MS = 1_500
/** Both sides are given so long after the promotion; beyond DNS, which is what plain mysql2 waits for. */
const RECOVERY_MS = 6_000
/** `restart`: a cluster of one instance, which Aurora makes anew. */
const FAILOVER = { promoteMs: 1_000, dnsMs: 4_000, returnMs: 3_000 }

/**
 * One failover under load, with both pools on one cluster: the same fault at the same moment.
 *
 * @param {'crash' | 'planned' | 'hang' | 'restart'} how the writer goes
 * @returns what each side met, and what the least possible was at that moment on that instance
 */
export async function measureRun(how) {
  const isAlone = how === 'restart'
  const cluster = await startCluster({ instances: isAlone ? 1 : 3, storage: 'mysqld' })
  const auroraPool = createAuroraPool({ ...cluster.connection, connectionLimit: CONNECTION_LIMIT })
  const plainPool = mysql.createPool({
    ...cluster.plainConnection,
    connectionLimit: CONNECTION_LIMIT,
  })
  for (const table of ['ours', 'plain', 'bare']) await createTable(cluster, table)
  const loads = {
    ours: new Load({
      pool: auroraPool,
      table: 'ours',
      inRequest: (work) => auroraPool.aurora.session(work),
    }),
    plain: new Load({ pool: plainPool, table: 'plain' }),
  }
  await auroraPool.aurora.ready()
  for (const load of Object.values(loads)) load.start(WORKERS)
  await sleep(WARM_UP_MS)

  for (const load of Object.values(loads)) load.measureStallsFromNow()
  const lookupsBefore = instanceLookups(cluster)
  // A promotion may be learnt of before anything has failed: then there is no episode to be completed.
  const news = isAlone ? 'failoverCompleted' : 'writerPromoted'
  const known = new Promise((resolve) => auroraPool.aurora.once(news, resolve))
  const firstWriteMs = new Map()
  let bareMinimum
  const promoted = new Promise((resolve) => {
    const stop = cluster.on((event) => {
      if (event.type !== 'promoted') return
      stop()
      const promotedAtMs = performance.now()
      for (const [name, load] of Object.entries(loads)) {
        void load.nextWrite().then((atMs) => firstWriteMs.set(name, atMs - promotedAtMs))
      }
      bareMinimum = measureBareMinimum(cluster, 'bare')
      resolve()
    })
  })
  await cluster.failover({ how: isAlone ? 'crash' : how, ...FAILOVER })
  await promoted
  await known
  const lookupsDuring = instanceLookups(cluster) - lookupsBefore
  const bareMinimumMs = await bareMinimum
  await sleep(RECOVERY_MS)
  await Promise.all(Object.values(loads).map((load) => load.stop()))

  const results = { bareMinimumMs }
  for (const [name, load] of Object.entries(loads)) {
    const { lost, doubled } = await load.audit(cluster)
    results[name] = {
      firstWriteMs: firstWriteMs.get(name),
      readErrors: load.failures.filter(({ kind }) => kind === 'read').length,
      writeErrors: load.failures.filter(({ kind }) => kind === 'write').length,
      readStallMs: load.longestStallMs.read,
      writeStallMs: load.longestStallMs.write,
      lost: lost.length,
      doubled: doubled.length,
      reads: load.counts.read,
      writes: load.counts.write,
    }
  }
  // Plain mysql2 knows the cluster endpoint only: names of instances are looked up by nobody else.
  results.ours.instanceLookups = lookupsDuring
  results.ours.aboveMinimumMs = results.ours.firstWriteMs - bareMinimumMs
  await Promise.all([auroraPool.end(), plainPool.end()])
  await cluster.close()
  return results
}

function instanceLookups(cluster) {
  return cluster.instances.reduce(
    (sum, { endpoint }) => sum + (cluster.lookups.get(endpoint) ?? 0),
    0,
  )
}
