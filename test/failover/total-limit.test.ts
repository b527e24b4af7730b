import { afterEach, describe, expect, it } from 'vitest'
import { scaled } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios()

const LOOK_EVERY_MS = 1
let timer: NodeJS.Timeout | undefined

afterEach(() => clearInterval(timer))

/** Looks all the time how many connections a pool has, and has under way. */
function watch({ pool }: Scenario): { most: number } {
  const seen = { most: 0 }
  timer = setInterval(() => {
    const { instances } = pool.aurora.stats()
    const places = instances.reduce((sum, { open, connecting }) => sum + open + connecting, 0)
    seen.most = Math.max(seen.most, places)
  }, LOOK_EVERY_MS)
  return seen
}

/** Fewer than instances; one for each; and enough that each can have several, though not for all workers. */
describe.each([2, 3, 6])('a pool whose totalLimit is %i', (totalLimit) => {
  it.each([
    { how: 'crash', promoteMs: scaled(1_000) },
    { how: 'planned', promoteMs: scaled(1_000) },
    { how: 'hang', promoteMs: scaled(4_000) },
  ] as const)(
    'keeps within it in a failover, fails no read, and loses and doubles no write: $how',
    async ({ how, promoteMs }) => {
      const { cluster } = scenarios
      const scenario = await scenarios.open({ aurora: { totalLimit } })
      const seen = watch(scenario)
      const former = cluster.writer.id
      await cluster.failover({ how, promoteMs })
      await scenario.hears('writerPromoted')
      await scenario.load.serve(3)
      expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
      expect(cluster.writer.id).not.toBe(former)
      expect(seen.most).toBe(totalLimit)
    },
  )

  it('serves on when a reader goes and comes back', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ aurora: { totalLimit } })
    const seen = watch(scenario)
    const reader = cluster.instances.find(({ id }) => id !== cluster.writer.id)?.id ?? ''
    await cluster.inject({ type: 'crash', instance: reader })
    await scenario.load.serve(2)
    await cluster.restart(reader)
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(seen.most).toBe(totalLimit)
  })
})
