import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { monitorsOpen } from '../../packages/driver/test/watch-pool.js'
import { Lateness } from './lateness.js'
import { AT_SCALE, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })

afterEach(async () => {
  const { cluster } = scenarios
  await eventually('somebody writes', () => cluster.writer.state === 'up')
  for (const { id, state } of cluster.instances) if (state !== 'up') await cluster.restart(id)
})

/** A pool that asks nothing any more, since it was not used for a while; its connections are kept. */
async function openAsleep(): Promise<Scenario> {
  const scenario = await scenarios.open({
    workers: false,
    aurora: { idleAfterMs: 150, checkIdleAfterMs: 100 },
  })
  expect(await write(scenario)).toBe('acknowledged')
  await scenario.pool.promise().query('SELECT COUNT(*) AS n FROM app.number')
  await eventually('it sleeps', () => monitorsOpen(scenario.cluster) === 0)
  await pause(100)
  return scenario
}

function write({ ledger, pool }: Scenario) {
  return ledger.keep('query', (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
}

describe('a pool that sleeps while the writer changes', () => {
  it.each(['crash', 'planned'] as const)('by a %s: its next statements run', async (how) => {
    const scenario = await openAsleep()
    const { cluster } = scenario
    await cluster.failover({ how, promoteMs: 100, detectMs: 50, returnMs: 20 })
    await pause(100)
    const asked = cluster.instances.map(({ counters }) => counters.topologyQuestions)
    expect(await Promise.all([write(scenario), write(scenario)])).toEqual(
      Array(2).fill('acknowledged'),
    )
    await scenario.pool.promise().query('SELECT COUNT(*) AS n FROM app.number')
    expect(asked.some((count) => count > 0)).toBe(true)
    await scenario.end()
    expect(await scenario.ledger.audit(cluster)).toMatchObject({ lost: [], doubled: [] })
  })

  it('and has fallen silent: it is found out, and the next statements wait no longer than that takes', async () => {
    const scenario = await openAsleep()
    const { cluster } = scenario
    await cluster.failover({ how: 'hang', promoteMs: 100, detectMs: 50, returnMs: 600_000 })
    const lateness = new Lateness()
    const startedMs = performance.now()
    expect(await write(scenario)).toBe('acknowledged')
    const endedMs = performance.now()
    lateness.stop()
    expect(scenario.pool.aurora.topology?.writer?.id).toBe(cluster.writer.id)
    // Suspected, asked, and another one found: the silent one need not be condemned for that.
    const promotedMs = endedMs - startedMs - lateness.between(startedMs, endedMs)
    expect(promotedMs).toBeLessThan(AT_SCALE.condemnAfterMs)
    await scenario.end()
  })
})
