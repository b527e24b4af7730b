import type { Fault, Lookup } from 'aurora-mysql2-simulator'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../packages/driver/test/simulation.js'
import type { Failure, Unit } from './ledger.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios()

/** Two hands for each way of writing a single statement, and as many reads. */
const workers = { query: 2, execute: 2, callback: 2, session: 2, prepared: 2, read: 4 }

/** How many statements of this way of writing may be under way at once: one per worker. */
function inFlight(failures: readonly Failure[], kind: Unit['kind']): number {
  return failures.filter((failure) => failure.kind === kind).length
}

/** What holds for writes in any failover: each worker loses at most the one that was under way, and is told so. */
function expectOnlyInFlightFailed({ ledger: { failures }, knownAtMs }: Scenario): void {
  const atMost = { ...workers, transaction: 1, repeated: 1, 'exactly-once': 0 }
  for (const [kind, count] of Object.entries(atMost)) {
    expect(inFlight(failures, kind)).toBeLessThanOrEqual(count)
  }
  for (const { calledAtMs, ending, kind } of failures) {
    expect(calledAtMs).toBeLessThanOrEqual(knownAtMs)
    if (kind !== 'transaction') expect(ending).toBe('unknown')
  }
}

describe.each([
  { how: 'crash', promoteMs: scaled(1_000) },
  { how: 'planned', promoteMs: scaled(1_000) },
  // Silence is noticed before the promotion, as it is with Aurora.
  { how: 'hang', promoteMs: scaled(4_000) },
  // And after it: the first that is heard of the failover is who the writer is now.
  { how: 'hang', promoteMs: scaled(200) },
] as const)('a reader is promoted $promoteMs ms after: $how', ({ how, promoteMs }) => {
  it('fails no read, loses and doubles no write, and fails only what was under way', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers })
    const former = cluster.writer.id
    // Answers that are late a little: the fault finds writes that have taken effect and are not acknowledged.
    const heal = await cluster.inject({ type: 'slow', delayMs: scaled(100) })
    await scenario.load.serve(1)
    const back = cluster.until(
      ({ type, instance }) => type === 'instance-up' && instance === former,
    )
    const named = cluster.until('dns-updated')
    await cluster.failover({ how, promoteMs })
    await heal()
    await scenario.hears('writerPromoted')
    await scenario.load.serve(3)
    // Neither the return of the former writer, as a reader, nor the change of the name may disturb anything.
    await Promise.all([how === 'planned' ? undefined : back, named])
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(cluster.writer.id).not.toBe(former)
    expectOnlyInFlightFailed(scenario)
  })
})

describe('the name server is dead during the failover', () => {
  it('and says so at once: has no effect', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers })
    const dead: Fault = { type: 'dns-down' }
    const heal = await cluster.inject(dead)
    await cluster.failover()
    await scenario.hears('writerPromoted')
    await scenario.load.serve(3)
    await heal()
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expectOnlyInFlightFailed(scenario)
  })

  it.each(['crash', 'hang'] as const)('and never answers: has no effect on a %s', async (how) => {
    const { cluster } = scenarios
    let isDead = false
    const lookup: Lookup = (...question) => {
      if (!isDead) cluster.lookup(...question)
    }
    const scenario = await scenarios.open({ workers, aurora: { lookup } })
    isDead = true
    await cluster.failover({ how, promoteMs: scaled(400) })
    await scenario.hears('writerPromoted')
    await scenario.load.serve(3)
    isDead = false
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expectOnlyInFlightFailed(scenario)
  })
})
