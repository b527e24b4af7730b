import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  inOrderOfNeed,
  mayTake,
  mustYield,
  type Part,
  type Spare,
} from '../../src/policy/share-connections.js'

/** So many connections, and whether somebody waits for one more. */
const part = (places: number, waits?: 'waits') => ({
  places,
  isInNeed: waits === 'waits',
  stuckMs: 0,
})

const SPARE: Spare = { isOwn: false, isKept: false, idleMs: 0 }

const idleOnes: readonly [string, Partial<Part>, Partial<Spare>, boolean][] = [
  ['used just now, for an instance that has none', { places: 0 }, {}, true],
  ['kept and used just now, for an instance that has none', { places: 0 }, { isKept: true }, true],
  ['used just now, for an instance that has some', {}, {}, false],
  ['unused for a little while', {}, { idleMs: 99 }, false],
  ['unused for a while', {}, { idleMs: 100 }, true],
  ['kept, unused for a while', {}, { isKept: true, idleMs: 999 }, false],
  ['kept, unused for long', {}, { isKept: true, idleMs: 1_000 }, true],
  ['used just now, for whoever was served a moment ago', { stuckMs: 99 }, {}, false],
  ['used just now, for whoever is not served', { stuckMs: 100 }, {}, true],
  ['kept, for whoever is not served', { stuckMs: 100 }, { isKept: true }, true],
  ['of the same instance, which does not fit', {}, { isOwn: true }, true],
]

describe('an idle connection elsewhere', () => {
  test.each(idleOnes)('%s', (_name, needy, spare, isTaken) => {
    expect(mayTake({ ...part(2, 'waits'), ...needy }, { ...SPARE, ...spare }, true)).toBe(isTaken)
  })

  it('is closed at once for whoever may not wait', () => {
    expect(mayTake(part(2, 'waits'), { ...SPARE, isKept: true }, false)).toBe(true)
  })
})

const OLD_MS = 100

const returned: readonly [string, number, Part, readonly Part[], number, boolean][] = [
  ['nobody waits elsewhere', 4, part(4, 'waits'), [part(0)], OLD_MS, false],
  ['one has none', 4, part(4, 'waits'), [part(0, 'waits')], OLD_MS, true],
  [
    'one has none, and all others their share',
    3,
    part(1, 'waits'),
    [part(2), part(0, 'waits')],
    OLD_MS,
    true,
  ],
  [
    'one has none, and there are fewer than instances',
    1,
    part(1, 'waits'),
    [part(0, 'waits')],
    OLD_MS,
    true,
  ],
  ['one has none, but it was opened just now', 1, part(1, 'waits'), [part(0, 'waits')], 99, false],
  ['one has less than its share', 10, part(9, 'waits'), [part(1, 'waits')], OLD_MS, true],
  [
    'one has less than its share, but does not wait',
    10,
    part(9, 'waits'),
    [part(1)],
    OLD_MS,
    false,
  ],
  ['one has its share', 10, part(5, 'waits'), [part(5, 'waits')], OLD_MS, false],
  [
    'what is left over stays where it is',
    10,
    part(4, 'waits'),
    [part(3, 'waits'), part(3, 'waits')],
    OLD_MS,
    false,
  ],
  [
    'the giver has no more than its share itself',
    9,
    part(3, 'waits'),
    [part(1, 'waits'), part(5)],
    OLD_MS,
    false,
  ],
  [
    'instances without connections that nobody wants have no share',
    4,
    part(3, 'waits'),
    [part(1, 'waits'), part(0), part(0)],
    OLD_MS,
    true,
  ],
]

describe('a connection that comes back to an instance where others wait for it', () => {
  test.each(returned)('%s', (_name, limit, giver, others, ageMs, yields) => {
    expect(mustYield(giver, [giver, ...others], limit, ageMs)).toBe(yields)
  })

  it('moves once for each that is missing in a share, where all are in need, and then never', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { minLength: 2, maxLength: 6 }), (counts) => {
        const limit = counts.reduce((sum, count) => sum + count, 0)
        const share = Math.floor(limit / counts.length)
        fc.pre(share > 0)
        const parts = counts.map((count) => part(count, 'waits'))
        const missing = counts.reduce((sum, count) => sum + Math.max(0, share - count), 0)
        let moves = 0
        const giverOf = () =>
          parts
            .filter((each) => mustYield(each, parts, limit, OLD_MS))
            .sort((one, other) => other.places - one.places)[0]
        for (let giver = giverOf(); giver !== undefined; giver = giverOf()) {
          giver.places--
          const [next] = inOrderOfNeed(parts, giver)
          if (next !== undefined) next.places++
          moves++
          expect(moves).toBeLessThanOrEqual(missing)
        }
        for (const { places } of parts) expect(places).toBeGreaterThanOrEqual(share)
      }),
      { numRuns: 1_000 },
    )
  })

  it('goes round where there are fewer than instances in need', () => {
    const parts = [part(1, 'waits'), part(0, 'waits'), part(0, 'waits')]
    const order = Array.from({ length: 6 }, () => {
      const giver = parts.find(({ places }) => places === 1)
      if (giver === undefined || !mustYield(giver, parts, 1, OLD_MS)) return -1
      giver.places--
      const [next] = inOrderOfNeed(parts, giver)
      if (next === undefined) return -1
      next.places++
      return parts.indexOf(next)
    })
    expect(order).toEqual([1, 2, 0, 1, 2, 0])
  })
})

describe('where there is room', () => {
  it('the one with the fewest is first, of equals the next behind the one that it came from', () => {
    const parts = [part(1), part(0), part(2), part(0)]
    const order = (from: Part | undefined) =>
      inOrderOfNeed(parts, from).map((each) => parts.indexOf(each))
    expect(order(parts[1])).toEqual([3, 1, 0, 2])
    expect(order(parts[3])).toEqual([1, 3, 0, 2])
    expect(order(undefined)).toEqual([1, 3, 0, 2])
  })
})
