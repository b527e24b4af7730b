import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SessionState } from '../../src/io/session-state.js'

const { BASE } = SessionState
const texts = fc.array(fc.constantFrom('SET a = 1', 'SET a = 2', 'USE b', 'SET NAMES c'), {
  maxLength: 12,
})
const reach = (statements: readonly string[], from = BASE): SessionState =>
  statements.reduce((state, text) => state.after(text), from)

describe('what SET and USE have left on a connection', () => {
  it('is one object for equal statements in equal order', () => {
    fc.assert(
      fc.property(texts, (statements) => {
        expect(reach(statements)).toBe(reach(statements))
      }),
    )
  })

  it('tells what is missing to get from an earlier state to a later one', () => {
    fc.assert(
      fc.property(texts, texts, (before, then) => {
        const earlier = reach(before)
        const later = reach(then, earlier)
        const missing = later.since(earlier)
        expect(missing).toBeDefined()
        expect(reach(missing ?? [], earlier)).toBe(later)
      }),
    )
  })

  it('never leads from a connection that carries something else', () => {
    const mine = reach(['SET a = 1'])
    expect(mine.since(reach(['SET a = 2']))).toBeUndefined()
    expect(mine.since(reach(['SET a = 1', 'USE b']))).toBeUndefined()
    expect(BASE.since(mine)).toBeUndefined()
  })

  it('sets the same once when it is set twice in a row', () => {
    expect(reach(['SET a = 1', 'SET a = 1'])).toBe(reach(['SET a = 1']))
  })

  it('is like no other where a statement cannot be repeated', () => {
    const unknown = SessionState.unknown()
    expect(unknown.since(BASE)).toBeUndefined()
    expect(unknown.after('SET a = 1').since(unknown)).toEqual(['SET a = 1'])
    expect(SessionState.unknown()).not.toBe(unknown)
  })

  it('stays bounded when every session sets something else', () => {
    for (let i = 0; i < 100_000; i++) BASE.after(`SET a = ${i}`)
    // The first is long forgotten: it is made anew, and nothing else follows from it.
    expect(BASE.after('SET a = 0').since(BASE)).toEqual(['SET a = 0'])
  })
})
