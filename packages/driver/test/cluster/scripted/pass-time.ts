import { vi } from 'vitest'

export const NEVER_MS = 60_000

/** Lets time pass, on the pool's own clock, until `isSo`. */
export async function passUntil(what: string, isSo: () => boolean): Promise<void> {
  for (let passedMs = 0; !isSo(); passedMs += 10) {
    if (passedMs > NEVER_MS) throw new Error(`Never happens: ${what}`)
    await vi.advanceTimersByTimeAsync(10)
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
