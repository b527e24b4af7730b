import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aroundMs, fullJitterMs } from '../../src/policy/backoff.js'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('fullJitterMs', () => {
  it('lies between nothing and the doubled base, and never above the cap', () => {
    fc.assert(
      fc.property(fc.nat(2000), unit, (attempt, share) => {
        const waitMs = fullJitterMs(attempt, 50, 5000, () => share)
        expect(waitMs).toBeGreaterThanOrEqual(0)
        expect(waitMs).toBeLessThanOrEqual(Math.min(5000, 50 * 2 ** attempt))
      }),
    )
  })

  it('doubles per attempt up to the cap', () => {
    const waits = [0, 1, 2, 3, 4].map((attempt) => fullJitterMs(attempt, 50, 500, () => 0.5))
    expect(waits).toEqual([25, 50, 100, 200, 250])
  })
})

describe('aroundMs', () => {
  it('lies within the spread, and reaches both ends of it', () => {
    fc.assert(
      fc.property(unit, (share) => {
        const waitMs = aroundMs(100, 0.5, () => share)
        expect(waitMs).toBeGreaterThanOrEqual(50)
        expect(waitMs).toBeLessThanOrEqual(150)
      }),
    )
    expect(aroundMs(100, 0.5, () => 0)).toBe(50)
    expect(aroundMs(100, 0.5, () => 0.5)).toBe(100)
  })

  it('is never longer than a timer holds, which would end it at once', () => {
    expect(aroundMs(2 ** 31 - 1, 0.5, () => 0.9)).toBe(2 ** 31 - 1)
  })
})
