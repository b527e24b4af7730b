import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SmoothedTime } from '../../src/policy/smoothed-time.js'

it('knows nothing before it was told', () => {
  expect(new SmoothedTime().at(1_000)).toBeUndefined()
})

it('stays between the least and the most that it was told', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 1_000 }), { minLength: 1 }), (times) => {
      const time = new SmoothedTime()
      for (const each of times) time.note(each, 0)
      expect(time.at(0)).toBeGreaterThanOrEqual(Math.min(...times) - 1e-6)
      expect(time.at(0)).toBeLessThanOrEqual(Math.max(...times) + 1e-6)
    }),
  )
})

it('comes near to what it is told again and again', () => {
  const time = new SmoothedTime()
  time.note(1_000, 0)
  for (let i = 0; i < 60; i++) time.note(10, 0)
  expect(time.at(0)).toBeLessThan(15)
})

it('forgets, so that whoever was slow once is tried again', () => {
  const time = new SmoothedTime()
  time.note(1_000, 0)
  expect(time.at(1_000)).toBeCloseTo(500)
  expect(time.at(60_000)).toBeLessThan(1)
})
