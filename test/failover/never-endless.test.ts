import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import type { Cluster, Fault } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, nothingIsLeft, pause } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, makeWriter, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })
const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const each of undo.splice(0)) await each()
  await makeWriter(scenarios.cluster, 'instance-1')
})

/** What the topology can say that is not so, or not say. */
const STRANGE: { readonly [name: string]: (cluster: Cluster) => readonly Fault[] } = {
  'two writers': ({ readers }) => [{ type: 'two-writers', instance: readers[1]?.id ?? '' }],
  'no writer': () => [{ type: 'no-writer' }],
  'what was true once': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'stale-view', instance: id }) as const),
  ghosts: () => [
    { type: 'ghost-row', serverId: 'ghost-1' },
    { type: 'ghost-row', serverId: 'renamed', ageMs: 90_000 },
  ],
  'no rows': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'empty-topology', instance: id }) as const),
  'nothing to us': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'deny-topology', instance: id }) as const),
  'nothing to us on the writer': () => [{ type: 'deny-topology' }],
}

/** Alone, and two at a time. */
const TOPOLOGIES: readonly (readonly string[])[] = [
  ...Object.keys(STRANGE).map((name) => [name]),
  ['two writers', 'what was true once'],
  ['two writers', 'no rows'],
  ['no writer', 'ghosts'],
  ['what was true once', 'nothing to us on the writer'],
]

const TOKENS =
  'CREATE TABLE IF NOT EXISTS app.aurora_mysql2_token (token BINARY(16) NOT NULL PRIMARY KEY, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (created_at))'
const INSERT = 'INSERT INTO app.entry VALUES (1)'

/** The ways in which applications use a pool. */
const USES: readonly ((pool: AuroraPool) => Promise<unknown>)[] = [
  (pool) => pool.query(INSERT),
  (pool) => pool.execute('INSERT INTO app.entry VALUES (?)', [1]),
  (pool) => pool.query('SELECT COUNT(*) AS n FROM app.entry'),
  (pool) => pool.writer.query('SELECT COUNT(*) AS n FROM app.entry'),
  async (pool) => {
    const session = await pool.getConnection()
    try {
      await session.query('SELECT 1')
      await session.query(INSERT)
    } finally {
      session.release()
    }
  },
  (pool) => pool.transaction((tx) => tx.query(INSERT)),
  (pool) => pool.transaction((tx) => tx.query(INSERT), { exactlyOnce: true }),
  async (pool) => {
    for await (const _ of pool.pool.query('SELECT id FROM app.number').stream());
  },
  (pool) => pool.aurora.ready(),
]

/** What a host can mean: the cluster, its readers, a custom endpoint, an instance, and whatever has no name of Aurora's. */
function hostsOf({ connection, readerEndpoint, customEndpoint, instances }: Cluster): string[] {
  const [{ endpoint, address } = { endpoint: '', address: '' }] = instances
  return [connection.host, readerEndpoint, customEndpoint, endpoint, address]
}

function openPools({ connection }: Cluster, hosts: readonly string[]): AuroraPool[] {
  const pools = hosts.map((host) => {
    const aurora = {
      ...connection.aurora,
      ...AT_SCALE,
      refreshIntervalMs: 60,
      failoverTimeoutMs: 500,
    }
    return createAuroraPool({ ...connection, host, connectionLimit: 4, aurora })
  })
  undo.push(() => Promise.all(pools.map((pool) => pool.end())))
  return pools
}

/** Uses all of them in every way, and resolves when all has ended: how is not asked. */
async function use(pools: readonly AuroraPool[]): Promise<void> {
  let left = pools.length * USES.length
  for (const pool of pools)
    for (const each of USES)
      void each(pool)
        .catch(() => {})
        .finally(() => {
          left -= 1
        })
  await eventually('everything has ended', () => left === 0)
  await eventually('nothing is left', () => pools.every(nothingIsLeft))
}

describe.each(TOPOLOGIES.map((names) => [names.join(' and '), names] as const))(
  'a topology that shows %s: nobody waits for ever, and no write that was for the writer goes to a reader',
  (_, names) => {
    it('before anything is known and after, in a failover, and behind it', async () => {
      const { cluster } = scenarios
      await cluster.query('CREATE TABLE IF NOT EXISTS app.entry (id INT NOT NULL)')
      await cluster.query(TOKENS)
      const hosts = hostsOf(cluster)
      const early = openPools(cluster, hosts.slice(0, 1))
      await use(early)
      for (const fault of names.flatMap((name) => STRANGE[name]?.(cluster) ?? []))
        undo.push(await cluster.inject(fault))
      const pools = [...openPools(cluster, hosts), ...early]
      const refused: unknown[] = []
      for (const { aurora } of [pools[0], early[0]] as AuroraPool[]) {
        aurora.on('statementRetried', (retried) => {
          // Where nothing but the name is known, nobody knows who is there.
          const isKnown = retried.instance !== '(endpoint)'
          if (retried.kind === 'refused' && isKnown) refused.push(retried)
        })
      }
      await use(pools)
      const promoted = cluster.failover({ promoteMs: 100, detectMs: 30, returnMs: 60, dnsMs: 200 })
      await use(pools)
      await promoted
      await pause(100)
      await use(pools)
      expect(refused).toEqual([])
    })
  },
)
