import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../cluster/fault.js'
import type { Scenario, ScenarioStep } from './parse-scenario.js'

/** A step as it is played. */
export interface PlayedStep {
  /** Since the scenario's start. */
  readonly atMs: number
  /** The fault's id; in a failover it is known when a reader is promoted. */
  readonly id: string
  readonly what: 'injected' | 'healed'
  readonly fault: Fault
}

/** What a scenario is played on, and who hears of it. */
export interface Stage {
  /** Resolves when the fault is in force. */
  inject(fault: Fault): Promise<{ readonly id: string }>
  heal(id: string): Promise<unknown>
  onStep?(step: PlayedStep): void
  /** Ends the play early; faults that were to be undone later are undone then. */
  readonly signal?: AbortSignal
}

/**
 * Plays a timeline of faults. Steps do not wait for each other: one that takes its time, as a failover does, delays none
 * of the others. Resolves when the last has been played; rejects, having undone what it was to undo, with what the
 * first fault that could not be injected failed with.
 */
export async function playScenario(scenario: Scenario, stage: Stage): Promise<void> {
  const startedAtMs = performance.now()
  const nowMs = () => performance.now() - startedAtMs
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, ...(stage.signal ? [stage.signal] : [])])
  const until = (atMs: number) => {
    const wait = sleep(Math.max(0, atMs - nowMs()), undefined, { signal })
    return wait.then(
      () => true,
      () => false,
    )
  }
  const play = async ({ atMs, fault, healAfterMs }: ScenarioStep) => {
    if (!(await until(atMs))) return
    const { id } = await stage.inject(fault)
    stage.onStep?.({ atMs: nowMs(), id, what: 'injected', fault })
    if (healAfterMs === undefined) return
    await until(nowMs() + healAfterMs)
    await stage.heal(id)
    stage.onStep?.({ atMs: nowMs(), id, what: 'healed', fault })
  }
  const plays = scenario.steps.map((step) =>
    play(step).catch((error: unknown) => {
      failed.abort()
      throw error
    }),
  )
  const ends = await Promise.allSettled(plays)
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) throw failure.reason
}
