import { describe, expect, it } from 'vitest'
import { Refusals } from '../../src/cluster/refusals.js'

const ID = 'instance-1'
/** Longest pause: 30 s give or take half; one that does not grow: 1 s, likewise. */
const GROWN_MS = 14_000
const SHORT_MS = 1_500

function pauseAfterMany(error: Error): number {
  const refusals = new Refusals()
  for (let time = 0; time < 8; time += 1) refusals.note(ID, error)
  return refusals.pauseMs(ID)
}

describe('an instance that refuses us', () => {
  it('is left alone for longer and longer: a wrong password locks accounts', () => {
    const denied = Object.assign(new Error('Access denied'), { errno: 1045 })
    expect(pauseAfterMany(denied)).toBeGreaterThan(GROWN_MS)
  })

  it('whose certificate is another is, too', () => {
    const unusable = Object.assign(new Error('certificate'), { code: 'HANDSHAKE_SSL_ERROR' })
    expect(pauseAfterMany(unusable)).toBeGreaterThan(GROWN_MS)
  })

  it('is asked soon when it was our own password that could not be had', () => {
    expect(pauseAfterMany(new Error('The credentials cannot be had'))).toBeLessThanOrEqual(SHORT_MS)
  })
})
