import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CalmPace } from '../../src/cluster/calm-pace.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('asks at the refresh interval, a little later at most', () => {
  const pace = new CalmPace(2_000)
  expect(pace.delayMs(true)).toBeGreaterThanOrEqual(2_000)
  expect(pace.delayMs(true)).toBeLessThanOrEqual(2_400)
})

it('waits no longer than a timer holds, which would end the wait at once', () => {
  const pace = new CalmPace(2 ** 31 - 1)
  for (let turn = 0; turn < 20; turn++) expect(pace.delayMs(true)).toBeLessThan(2 ** 31)
})

it('asks more than once a second while reads limit the lag, and no longer', () => {
  const pace = new CalmPace(2_000)
  expect(pace.watchLag(performance.now())).toBe(true)
  expect(pace.watchLag(performance.now())).toBe(false)
  expect(pace.delayMs(true)).toBeLessThan(900)
  vi.advanceTimersByTime(2_001)
  expect(pace.delayMs(true)).toBeGreaterThanOrEqual(2_000)
  expect(pace.watchLag(performance.now())).toBe(true)
})

it('never asks less often than the pool was told to', () => {
  const pace = new CalmPace(100)
  pace.watchLag(performance.now())
  expect(pace.delayMs(true)).toBeLessThanOrEqual(120)
})
