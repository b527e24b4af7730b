import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SessionState } from '../../src/io/session-state.js'

const { BASE } = SessionState
const simple = ['SET a = 1', 'SET a = 2', 'USE b', 'USE c', 'SET NAMES c'] as const
const texts = fc.array(fc.constantFrom(...simple, 'SET d = NOW()'), { maxLength: 12 })
const simpleTexts = fc.array(fc.constantFrom(...simple), { maxLength: 12 })
const reach = (statements: readonly string[], from = BASE): SessionState =>
  statements.reduce((state, text) => state.after(text), from)
/** By what each sets, the last of each. */
const inForce = (statements: readonly string[]) =>
  Object.fromEntries(statements.map((text) => [text.replace(/(?: = | [bc]$).*/, ''), text]))

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
      fc.property(simpleTexts, simpleTexts, (before, then) => {
        const earlier = reach(before)
        const later = reach(then, earlier)
        const missing = later.since(earlier)
        expect(missing).toBeDefined()
        expect(inForce([...before, ...(missing ?? [])])).toEqual(inForce([...before, ...then]))
      }),
    )
  })

  it('leads from a connection whose settings all are set again', () => {
    expect(reach(['SET a = 1']).since(reach(['SET a = 2']))).toEqual(['SET a = 1'])
    expect(reach(['USE b']).since(reach(['USE c']))).toEqual(['USE b'])
    const both = ['SET a = 1', 'USE b']
    expect(reach(both).since(reach(['USE c', 'SET a = 2']))).toEqual(both)
  })

  it('never leads from a connection that carries something else', () => {
    const mine = reach(['SET a = 1'])
    expect(mine.since(reach(['SET a = 1', 'USE b']))).toBeUndefined()
    expect(mine.since(reach(['USE b']))).toBeUndefined()
    expect(mine.since(reach(['SET a = NOW()']))).toBeUndefined()
    expect(BASE.since(mine)).toBeUndefined()
  })

  it('keeps only the last of what sets the same', () => {
    expect(reach(['SET a = 1', 'USE b', 'SET a = 2'])).toBe(reach(['USE b', 'SET a = 2']))
    expect(reach(['USE b', 'USE c', 'USE b'])).toBe(reach(['USE b']))
  })

  it('says whether another database may have been chosen', () => {
    const cases: [readonly string[], boolean][] = [
      [[], false],
      [['SET a = 1', 'SET NAMES c'], false],
      [['USE b'], true],
      // Whatever else is in it.
      [['SET a = 1, b = 2'], true],
    ]
    for (const [statements, may] of cases) expect(reach(statements).mayHaveLeftDatabase).toBe(may)
    expect(SessionState.unknown().mayHaveLeftDatabase).toBe(true)
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

  it('stays bounded when sessions go on setting things in turn', () => {
    let state = BASE
    for (let i = 0; i < 10_000; i++) state = state.after('SET a = 1').after('USE b')
    expect(state.since(BASE)).toEqual(['SET a = 1', 'USE b'])
  })

  it('stays bounded when every session sets something else', () => {
    for (let i = 0; i < 100_000; i++) BASE.after(`SET a = ${i}`)
    // The first is long forgotten: it is made anew, and nothing else follows from it.
    expect(BASE.after('SET a = 0').since(BASE)).toEqual(['SET a = 0'])
  })
})
