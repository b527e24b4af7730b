import type { Scheduler } from 'fast-check'
import { afterEach, beforeEach, vi } from 'vitest'

/** Turns after which what has not happened never will. */
const MAX_TURNS = 20_000

/** In each test of the file timers, and the clock that the pool goes by, stand still until they are told to go on. */
export function useVirtualTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/**
 * Lets time pass until `isSo`: a little with each turn that the scheduler gives, more when nobody waits for one, or when there is no
 * scheduler.
 */
export async function passUntil(
  what: string,
  isSo: () => boolean,
  scheduler?: Scheduler,
): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > MAX_TURNS) throw new Error(`Never happens: ${what}`)
    const isBusy = scheduler !== undefined && scheduler.count() > 0
    if (isBusy) await scheduler.waitOne()
    await vi.advanceTimersByTimeAsync(isBusy ? 1 : 10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export async function pass(ms: number): Promise<void> {
  const startedMs = performance.now()
  await passUntil('time passes', () => performance.now() - startedMs >= ms)
}

export async function done<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  promise.then(settle, settle)
  await passUntil('it ends', () => isSettled)
  return promise
}
