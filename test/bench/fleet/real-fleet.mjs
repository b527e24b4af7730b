import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startCluster } from 'aurora-mysql2-simulator'

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url))
const PROCESS_COUNT = 20
const CONNECTIONS_PER_POOL = 10
const WARM_UP_MS = 3_000
const CALM_MS = 10_000
const FAILOVER = {
  how: /** @type {const} */ ('crash'),
  promoteMs: 1_000,
  dnsMs: 4_000,
  returnMs: 5_000,
}
const WATCHED_AFTER_MS = 10_000

/** Real processes, real sockets, the simulator in this one: one failover. Times are those of this machine. */
export async function runRealFleet() {
  const cluster = await startCluster({ instances: 3, storage: 'mysqld' })
  await cluster.query(
    'CREATE TABLE fleet (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(10) NOT NULL)',
  )
  const visits = recordVisits(cluster)
  const { aurora: _, ...connection } = cluster.connection
  const addresses = Object.fromEntries([
    [cluster.writerEndpoint, cluster.writer.address],
    ...cluster.instances.map(({ endpoint, address }) => [endpoint, address]),
  ])
  const processes = Array.from({ length: PROCESS_COUNT }, () => fork(WORKER))
  const ready = Promise.all(processes.map((child) => once(child, 'message')))
  for (const child of processes) {
    child.send({ type: 'start', connection, addresses, connectionLimit: CONNECTIONS_PER_POOL })
  }
  await ready
  await sleep(WARM_UP_MS)
  const calm = { fromMs: Date.now(), untilMs: Date.now() + CALM_MS }
  await sleep(CALM_MS)
  const promoted = cluster.until('promoted').then(() => Date.now())
  const crashedAtMs = Date.now()
  await cluster.failover(FAILOVER)
  const promotedAtMs = await promoted
  await sleep(WATCHED_AFTER_MS)
  const reports = Promise.all(processes.map(async (child) => (await once(child, 'message'))[0]))
  for (const child of processes) child.send({ type: 'stop' })
  const told = await reports
  const writer = cluster.writer.id
  await cluster.close()
  return {
    poolCount: PROCESS_COUNT,
    connectionsPerPool: CONNECTIONS_PER_POOL,
    promoted: writer,
    calm,
    crashedAtMs,
    promotedAtMs,
    failedWrites: told.reduce((sum, { failedWrites }) => sum + failedWrites, 0),
    backAfterMs: told.map(({ writtenAtMs }) => {
      const first = writtenAtMs.find((/** @type {number} */ atMs) => atMs >= promotedAtMs)
      return (first ?? Number.POSITIVE_INFINITY) - promotedAtMs
    }),
    visits,
  }
}

/**
 * @param {import('aurora-mysql2-simulator').Cluster} cluster
 * @returns {[atMs: number, instance: string, what: string][]}
 */
function recordVisits(cluster) {
  /** @type {[number, string, string][]} */
  const visits = []
  cluster.on((event) => {
    const { instance = '' } = event
    if (event.type === 'connection-opened') visits.push([Date.now(), instance, event.purpose])
    if (event.type === 'topology-asked') visits.push([Date.now(), instance, 'topology'])
  })
  return visits
}
