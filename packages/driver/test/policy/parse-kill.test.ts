import { describe, expect, it } from 'vitest'
import { parseKill } from '../../src/policy/parse-kill.js'

describe('parseKill', () => {
  it.each([
    ['KILL 7', undefined, { what: 'CONNECTION', threadId: 7 }],
    ['kill connection 7;', undefined, { what: 'CONNECTION', threadId: 7 }],
    [' Kill Query 7 ; ', undefined, { what: 'QUERY', threadId: 7 }],
    ['KILL QUERY ?', [7], { what: 'QUERY', threadId: 7 }],
    ['KILL QUERY ?', 7, { what: 'QUERY', threadId: 7 }],
    ['KILL ?', ['7'], { what: 'CONNECTION', threadId: 7 }],
  ])('%s with %o', (text, values, kill) => {
    expect(parseKill(text, values)).toEqual(kill)
  })

  it.each([
    ['KILL QUERY CONNECTION_ID()', undefined],
    ['KILL USER app', undefined],
    ['KILL ?', []],
    ['KILL ?', ['x']],
    ['KILL 0', undefined],
    ['KILL 7; DROP TABLE t', undefined],
    ["SELECT 'KILL 7'", undefined],
    ['KILL 99999999999999999999', undefined],
  ])('makes nothing of %s with %o', (text, values) => {
    expect(parseKill(text, values)).toBeUndefined()
  })
})
