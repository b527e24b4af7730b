import { describe, expect, it } from 'vitest'
import { eventually, pause, scaled } from '../../packages/driver/test/simulation.js'
import { monitorsOpen } from '../../packages/driver/test/watch-pool.js'
import { AT_SCALE, NOTHING_WRONG, useScenarios } from './scenario.js'

const scenarios = useScenarios()

/** Short enough to fall asleep within the test, and to have idle connections looked at afterwards. */
const drowsy = { idleAfterMs: scaled(400), checkIdleAfterMs: scaled(800) }

/** What happens to the writer while nobody looks. */
const strikes: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['crashed, another is the writer', () => scenarios.cluster.failover({ promoteMs: scaled(400) })],
  ['restarted', () => scenarios.cluster.restart(scenarios.cluster.writer.id)],
  ['was demoted in place', () => scenarios.cluster.demote()],
  [
    'fell silent, another is the writer',
    () =>
      scenarios.cluster.failover({
        how: 'hang',
        promoteMs: scaled(400),
        returnMs: Number.POSITIVE_INFINITY,
      }),
  ],
]

describe('a pool at rest, which asks nothing', () => {
  it.each(strikes)('its writer %s: nothing fails when there is work again', async (_, strike) => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ aurora: drowsy })
    await scenario.load.pause()
    const asked = () =>
      cluster.instances.reduce((sum, { counters }) => sum + counters.monitorConnections, 0)
    // It notices with the question that would be next.
    await pause(drowsy.idleAfterMs + 1.5 * AT_SCALE.refreshIntervalMs)
    await eventually('it sleeps', () => monitorsOpen(cluster) === 0)
    const before = asked()
    await strike()
    await pause(scaled(400))
    expect(asked()).toBe(before)
    scenario.load.resume()
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })
})
