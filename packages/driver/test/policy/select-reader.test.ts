import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Instance } from '../../src/model/topology.js'
import { type Balance, type Candidate, selectReader } from '../../src/policy/select-reader.js'

type Spec = Partial<Omit<Candidate, 'instance'>> &
  Partial<Pick<Instance, 'lagMs' | 'visibleUpToMs'>>

const candidate = (id: string, { lagMs, visibleUpToMs, ...rest }: Spec = {}): Candidate => ({
  instance: {
    id,
    endpoint: { host: id, port: 3306 },
    role: 'reader',
    lagMs,
    cpu: undefined,
    ageMs: 0,
    visibleUpToMs,
  },
  load: 0,
  crowding: 0,
  isReachable: true,
  penaltyUntilMs: 0,
  ewmaMs: undefined,
  ...rest,
})

const wish = (more: Partial<Parameters<typeof selectReader<Candidate>>[1]> = {}) => ({
  maxLagMs: undefined,
  visibleSinceMs: undefined,
  nowMs: 1000,
  avoid: undefined,
  balance: 'p2c' as Balance,
  turn: 0,
  random: Math.random,
  ...more,
})

/** Who is chosen, how often, when asked `times` times with the turn counted on. */
const countChoices = (candidates: readonly Candidate[], more = {}, times = 400) => {
  const counts: Record<string, number> = {}
  for (let turn = 0; turn < times; turn++) {
    const id = selectReader(candidates, wish({ turn, ...more }))?.instance.id ?? 'nobody'
    counts[id] = (counts[id] ?? 0) + 1
  }
  return counts
}

const BALANCES: Balance[] = ['p2c', 'round-robin', 'random', 'fastest']

describe.each(BALANCES)('selectReader, %s', (balance) => {
  it('finds nobody among nobody', () => {
    expect(selectReader([], wish({ balance }))).toBeUndefined()
  })

  it('excludes who cannot serve the read', () => {
    const only = (spec: Spec, more = {}) =>
      selectReader([candidate('a', spec)], wish({ balance, ...more }))
    expect(only({})).toBeDefined()
    expect(only({ isReachable: false })).toBeUndefined()
    expect(only({ lagMs: 100 }, { maxLagMs: 100 })).toBeDefined()
    expect(only({ lagMs: 101 }, { maxLagMs: 100 })).toBeUndefined()
    expect(only({ lagMs: undefined }, { maxLagMs: 100 })).toBeUndefined()
    expect(only({ visibleUpToMs: 500 }, { visibleSinceMs: 500 })).toBeDefined()
    expect(only({ visibleUpToMs: 499 }, { visibleSinceMs: 500 })).toBeUndefined()
    expect(only({ visibleUpToMs: undefined }, { visibleSinceMs: 500 })).toBeUndefined()
  })

  it('takes one whose connections are all in use only when there is no other', () => {
    const free = candidate('free', { load: 9, ewmaMs: 900 })
    const busy = candidate('busy', { crowding: 1 })
    const held = candidate('held', { crowding: 2 })
    expect(countChoices([held, busy, free], { balance })).toEqual({ free: 400 })
    expect(countChoices([held, busy], { balance })).toEqual({ busy: 400 })
    expect(countChoices([held], { balance })).toEqual({ held: 400 })
  })

  it('takes one in penalty, or to be avoided, only when there is no better one', () => {
    const good = candidate('good', { load: 9, ewmaMs: 900 })
    const punished = candidate('punished', { penaltyUntilMs: 1001 })
    const avoid = candidate('avoid')
    const both = [punished, avoid, good]
    expect(countChoices(both, { balance, avoid })).toEqual({ good: 400 })
    expect(countChoices([punished, avoid], { balance, avoid })).toEqual({ punished: 400 })
    expect(countChoices([avoid], { balance, avoid })).toEqual({ avoid: 400 })
    expect(
      countChoices([candidate('served', { penaltyUntilMs: 1000 }), good], { balance }),
    ).toHaveProperty('served')
  })

  it('spreads equals', () => {
    const counts = countChoices(
      ['a', 'b', 'c'].map((id) => candidate(id)),
      { balance },
    )
    expect(Object.keys(counts).sort()).toEqual(['a', 'b', 'c'])
    for (const count of Object.values(counts)) {
      expect(count).toBeGreaterThan(400 / 3 / 2)
    }
  })

  it('never returns an excluded one, and somebody whenever somebody will do', () => {
    const anyCandidate = fc
      .record({
        load: fc.nat(5),
        isReachable: fc.boolean(),
        penaltyUntilMs: fc.constantFrom(0, 999, 1001),
        ewmaMs: fc.option(fc.nat(100), { nil: undefined }),
        lagMs: fc.option(fc.nat(200), { nil: undefined }),
        visibleUpToMs: fc.option(fc.nat(1000), { nil: undefined }),
      })
      .map((spec) => candidate('x', spec))
    fc.assert(
      fc.property(
        fc.array(anyCandidate, { maxLength: 6 }),
        fc.option(fc.nat(200), { nil: undefined }),
        fc.option(fc.nat(1000), { nil: undefined }),
        fc.nat(),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (candidates, maxLagMs, visibleSinceMs, turn, numbers) => {
          const random = () => numbers.next().value as number
          const avoid = candidates[turn % Math.max(1, candidates.length)]
          const chosen = selectReader(candidates, {
            ...wish({ balance, maxLagMs, visibleSinceMs, turn, random }),
            avoid,
          })
          const fits = ({ isReachable, instance }: Candidate): boolean =>
            isReachable &&
            (maxLagMs === undefined || (instance.lagMs ?? Infinity) <= maxLagMs) &&
            (visibleSinceMs === undefined || (instance.visibleUpToMs ?? -1) >= visibleSinceMs)
          expect(chosen === undefined).toBe(!candidates.some(fits))
          if (chosen !== undefined) {
            expect(fits(chosen)).toBe(true)
            expect(candidates).toContain(chosen)
          }
        },
      ),
    )
  })
})

describe('selectReader', () => {
  it('round-robin: takes turns', () => {
    const candidates = ['a', 'b', 'c'].map((id) => candidate(id))
    const ids = [0, 1, 2, 3, 4].map(
      (turn) => selectReader(candidates, wish({ balance: 'round-robin', turn }))?.instance.id,
    )
    expect(ids).toEqual(['a', 'b', 'c', 'a', 'b'])
  })

  it('p2c: of any two, the one with fewer statements under way', () => {
    const candidates = [candidate('idle'), candidate('busy', { load: 1 })]
    expect(countChoices(candidates)).toEqual({ idle: 400 })
    const counts = countChoices([...candidates, candidate('busiest', { load: 2 })])
    expect(counts).not.toHaveProperty('busiest')
    expect(counts.idle).toBeGreaterThan(counts.busy ?? 0)
  })

  it('fastest: the shorter expected answer, with what is under way counted in', () => {
    const fast = candidate('fast', { ewmaMs: 10, load: 1 })
    const slow = candidate('slow', { ewmaMs: 30 })
    expect(countChoices([fast, slow], { balance: 'fastest' })).toEqual({ fast: 400 })
    const loaded = candidate('fast', { ewmaMs: 10, load: 3 })
    expect(countChoices([loaded, slow], { balance: 'fastest' })).toEqual({ slow: 400 })
  })

  it('fastest: one never measured is tried at once, but not by a crowd', () => {
    const known = candidate('known', { ewmaMs: 10, load: 5 })
    expect(countChoices([known, candidate('new')], { balance: 'fastest' })).toEqual({ new: 400 })
    const tried = candidate('new', { load: 1 })
    expect(countChoices([known, tried], { balance: 'fastest' })).toEqual({ known: 400 })
  })
})
