import type { ClusterInstance } from 'aurora-mysql2-simulator'
import { describe, expect, it } from 'vitest'
import { eventually, pause, scaled } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios()

const workers = { query: 2, execute: 2, session: 2, transaction: 2, read: 4 }
/** Aurora moves every two seconds; it notices and promotes within the first of them. */
const quick = {
  detectMs: scaled(300),
  promoteMs: scaled(1_000),
  staleMs: scaled(100),
  dnsMs: scaled(3_000),
  returnMs: scaled(300),
}
const ROUNDS = 10
const WAYS = ['crash', 'planned', 'hang'] as const

/** Every writer that has ever failed may be back as a reader by now, so that there is somebody to move to. */
function everyoneIsUp({ cluster }: Scenario): Promise<void> {
  return eventually('every instance is up', () =>
    cluster.instances.every(({ state }) => state === 'up'),
  )
}

describe('failover back and forth, ten times', () => {
  it('in every way: serves again after each', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers })
    for (let round = 0; round < ROUNDS; round += 1) {
      const former = cluster.writer.id
      const how = WAYS[round % WAYS.length] as (typeof WAYS)[number]
      await cluster.failover({ how, ...quick })
      expect(cluster.writer.id).not.toBe(former)
      // Each way of writing and reading is served again before the next.
      await scenario.load.serve(1)
      await everyoneIsUp(scenario)
      await pause(scaled(300))
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('by demotion, without waiting for anybody', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({
      // A former writer has so long to refuse what is under way; long, for a busy machine.
      aurora: { questionTimeoutMs: 5_000 },
      workers: { ...workers, transaction: 0, repeated: 0, 'exactly-once': 0 },
    })
    for (let round = 0; round < ROUNDS; round += 1) {
      const next = cluster.readers[round % cluster.readers.length] as ClusterInstance
      await cluster.demote({ to: next.id })
      await pause(scaled(200))
    }
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('with no pause at all, each inside the one before', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers })
    for (let round = 0; round < ROUNDS; round += 1) {
      void cluster.failover({ how: round % 2 === 0 ? 'crash' : 'hang', ...quick })
      await pause(scaled(700))
    }
    await everyoneIsUp(scenario)
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual({ ...NOTHING_WRONG, failedReads: expect.any(Array) })
  })
})

describe('a second failover inside the first', () => {
  it.each(['crash', 'hang'] as const)(
    'the promoted instance goes, too, as it is promoted: %s',
    async (how) => {
      const { cluster } = scenarios
      const scenario = await scenarios.open({ workers })
      const first = cluster.writer.id
      const promoted = cluster.failover({
        how: 'crash',
        promoteMs: scaled(1_000),
        returnMs: Number.POSITIVE_INFINITY,
      })
      await scenario.hears('failoverStarted')
      await promoted
      const second = cluster.writer.id
      await cluster.failover({ how, promoteMs: scaled(1_000), returnMs: Number.POSITIVE_INFINITY })
      const third = cluster.writer.id
      expect(new Set([first, second, third]).size).toBe(3)
      await scenario.load.serve(2)
      expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    },
  )

  it('the next in line goes before it is promoted', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers })
    const forever = { returnMs: Number.POSITIVE_INFINITY }
    const first = cluster.failover({ promoteMs: scaled(1_000), ...forever })
    await scenario.hears('failoverStarted')
    const second = cluster.failover({ promoteMs: scaled(1_500), ...forever })
    await Promise.all([first, second])
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
