import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { UrgentPace } from '../../src/cluster/urgent-pace.js'

const INTERVAL_MS = 100
const FOR_MS = 15_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Least and greatest of many pauses. */
function drawn(pace: UrgentPace) {
  const delays = Array.from({ length: 1_000 }, () => pace.delayMs())
  return { least: Math.min(...delays), greatest: Math.max(...delays) }
}

it('asks about once in the interval, and never further apart than it and half of it', () => {
  const pace = new UrgentPace({ urgentIntervalMs: INTERVAL_MS, urgentForMs: FOR_MS })
  pace.begin()
  for (const passMs of [0, 5_000, 9_999]) {
    vi.advanceTimersByTime(passMs)
    const { least, greatest } = drawn(pace)
    expect(least).toBeGreaterThanOrEqual(0.5 * INTERVAL_MS)
    expect(greatest).toBeLessThanOrEqual(1.5 * INTERVAL_MS)
    // A fleet that lost the same writer at the same moment must not ask in step.
    expect(greatest - least).toBeGreaterThan(0.5 * INTERVAL_MS)
  }
})

it('slows down when nobody has answered for long, to about a second, and begins anew with the next episode', () => {
  const pace = new UrgentPace({ urgentIntervalMs: INTERVAL_MS, urgentForMs: FOR_MS })
  pace.begin()
  expect(pace.isLong).toBe(false)
  vi.advanceTimersByTime(FOR_MS)
  expect(pace.isLong).toBe(true)
  vi.advanceTimersByTime(60_000)
  const { least, greatest } = drawn(pace)
  expect(least).toBeGreaterThan(5 * INTERVAL_MS)
  expect(greatest).toBeLessThanOrEqual(1_500)
  pace.begin()
  expect(pace.isLong).toBe(false)
  expect(drawn(pace).greatest).toBeLessThanOrEqual(1.5 * INTERVAL_MS)
})

it('never asks more often than it was told to, also when that is seldom', () => {
  const pace = new UrgentPace({ urgentIntervalMs: 5_000, urgentForMs: FOR_MS })
  pace.begin()
  vi.advanceTimersByTime(FOR_MS + 60_000)
  expect(drawn(pace).least).toBeGreaterThanOrEqual(2_500)
})
