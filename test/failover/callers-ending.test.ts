import type { Cluster, Fault } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })
const heals: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
  const { cluster } = scenarios
  await eventually('the failover is over', () => cluster.writer.state === 'up')
  for (const { id, state } of cluster.instances) if (state !== 'up') await cluster.restart(id)
})

const failover = {
  type: 'failover',
  promoteMs: 400,
  detectMs: 100,
  returnMs: 100,
  dnsMs: 100,
} as const

/** Everything in the middle of which a pool may be told to end. */
const TROUBLES: { readonly [name: string]: (cluster: Cluster) => readonly Fault[] } = {
  'the writer crashes': () => [{ ...failover, how: 'crash' }],
  'the writer falls silent': () => [{ ...failover, how: 'hang' }],
  'a planned failover': () => [{ ...failover, how: 'planned', promoteMs: 40 }],
  'the writer is demoted in place': () => [{ type: 'demote-in-place' }],
  'a zero-downtime restart': () => [{ type: 'zero-downtime-restart' }],
  'a reader crashes': ({ readers }) => [{ type: 'crash', instance: String(readers[0]?.id) }],
  'a reader falls silent': ({ readers }) => [{ type: 'hang', instance: String(readers[0]?.id) }],
  'all fall silent': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'hang', instance: id }) as const),
  'all are away': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'crash', instance: id }) as const),
  'all are slow': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'slow', instance: id, delayMs: 150 }) as const),
  'all are full': ({ instances }) => [
    ...instances.map(({ id }) => ({ type: 'overload', instance: id, maxConnections: 1 }) as const),
    ...instances.map(({ id }) => ({ type: 'reset', instance: id }) as const),
  ],
  'no writer is shown, and there is none': () => [{ type: 'no-writer' }, { type: 'crash' }],
  'the topology is refused': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'deny-topology', instance: id }) as const),
  'names are not answered': () => [{ type: 'dns-down' }, { type: 'reset' }],
  'a reader is deleted': ({ readers }) => [
    { type: 'reader-removed', instance: String(readers[1]?.id) },
  ],
}

/** How long the driver's timers reach at most: its longest back-off, and a sweep. */
const LONGEST_TIMER_MS = 1_100
/** Looks at each pool that has ended, once more. */
const looksLater: (() => void)[] = []

describe.each(Object.entries(TROUBLES))('while %s', (_, faultsOf) => {
  it.each(['end', 'drain'] as const)(
    '%s() ends, with all work, and leaves nothing',
    async (how) => {
      const scenario = await scenarios.open({ connectionLimit: 4 })
      const { cluster, pool, ledger } = scenario
      const sockets = socketsOf(scenario)
      for (const fault of faultsOf(cluster)) {
        // A failover resolves when somebody is promoted; the pool is to end before.
        const injected = cluster.inject(fault).then((heal) => heals.push(heal))
        if (fault.type !== 'failover') await injected
      }
      await pause(60 * Math.random())
      const startedMs = performance.now()
      const timeoutMs = 150
      await (how === 'end' ? pool.promise().end() : pool.aurora.drain({ timeoutMs }))
      const tookMs = performance.now() - startedMs
      await scenario.load.stop()
      expect(pool.aurora.stats()).toMatchObject({ active: 0, waiting: 0 })
      await eventually('all sockets are closed', () =>
        sockets().every(({ destroyed }) => destroyed),
      )
      const opened = sockets().length
      looksLater.push(() => {
        expect(sockets()).toHaveLength(opened)
        expect(pool.aurora.stats()).toMatchObject({ active: 0, waiting: 0, isFailingOver: false })
        expect(pool.aurora.stats().instances.filter(({ open }) => open > 0)).toEqual([])
      })
      expect(await ledger.audit(cluster)).toMatchObject({
        lost: [],
        doubled: [],
        halves: [],
        denied: [],
        unended: [],
      })
      // Far more than it needs, far less than a statement may wait.
      expect(tookMs).toBeLessThan(10_000)
    },
  )
})

it('does nothing afterwards', async () => {
  await pause(LONGEST_TIMER_MS)
  expect(looksLater).toHaveLength(2 * Object.keys(TROUBLES).length)
  for (const look of looksLater) look()
})

/** The sockets of all connections that the application has seen. */
function socketsOf({ pool }: Scenario): () => readonly { readonly destroyed: boolean }[] {
  const all: { readonly destroyed: boolean }[] = []
  pool.on('connection', (connection) => {
    all.push((connection as unknown as { stream: { destroyed: boolean } }).stream)
  })
  return () => all
}
