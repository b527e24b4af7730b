import { describe, expect, it } from 'vitest'
import { eventually, scaled } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, useScenarios } from './scenario.js'

const workers = { query: 2, execute: 2, session: 2, read: 4 }

describe('two instances, one connection to each', () => {
  const connectionLimit = 1
  const scenarios = useScenarios({ instances: 2 })

  it.each([
    ['crash', scaled(1_000)],
    ['planned', scaled(1_000)],
    ['hang', scaled(4_000)],
  ] as const)('%s: there and back', async (how, promoteMs) => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ connectionLimit, workers })
    for (let turn = 0; turn < 2; turn += 1) {
      await cluster.failover({ how, promoteMs, returnMs: scaled(500) })
      // With the former writer away and the promoted one restarting there is no reader, and nothing else.
      await scenario.load.serve(1)
      await eventually('both are up', () => cluster.instances.every(({ state }) => state === 'up'))
    }
    await scenario.load.serve(1)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('demoted: nothing fails', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({
      connectionLimit,
      workers: { ...workers, transaction: 0, repeated: 0 },
    })
    for (let turn = 1; turn <= 4; turn += 1) {
      await cluster.demote()
      await scenario.hears('writerPromoted', turn - 1)
      await scenario.load.serve(1)
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })
})
