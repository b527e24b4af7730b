import { describe, expect, it } from 'vitest'
import { classifySql } from '../../src/policy/classify-sql.js'
import { SqlClassifier } from '../../src/policy/sql-classifier.js'

const LIMITS = { maxEntries: 100, maxBytes: 100_000, maxTextLength: 1000 }
const READ = 'SELECT * FROM v'

describe('SqlClassifier', () => {
  it('answers as classifySql does, the first time and later', () => {
    const classifier = new SqlClassifier(LIMITS)
    for (const text of [READ, 'INSERT INTO t VALUES (1)', READ, 'BEGIN', 'BEGIN']) {
      expect(classifier.classify(text)).toEqual(classifySql(text))
    }
  })

  it('takes a text that a reader refused for a write from then on, and no other text', () => {
    const classifier = new SqlClassifier(LIMITS)
    classifier.classify(READ)
    classifier.rememberAsWrite(READ)
    expect(classifier.classify(READ)).toMatchObject({ intent: 'write', isRepeatable: false })
    expect(classifier.classify(`${READ} `)).toMatchObject({ intent: 'read' })
    expect(new SqlClassifier(LIMITS).classify(READ)).toMatchObject({ intent: 'read' })
  })

  it('remembers it of a text that it has not met before, hint and all', () => {
    const classifier = new SqlClassifier(LIMITS)
    classifier.rememberAsWrite(`/* aurora:reader */ ${READ}`)
    expect(classifier.classify(`/* aurora:reader */ ${READ}`)).toMatchObject({
      intent: 'write',
      hint: { role: 'reader' },
    })
  })

  it('keeps no text that is too long, but remembers that a reader refused it', () => {
    const long = `${READ} WHERE a = '${'x'.repeat(20)}'`
    const classifier = new SqlClassifier({ ...LIMITS, maxEntries: 1, maxTextLength: 20 })
    classifier.rememberAsWrite(READ)
    expect(classifier.classify(long)).toMatchObject({ intent: 'read' })
    expect(classifier.classify(READ)).toMatchObject({ intent: 'write' })
    classifier.rememberAsWrite(long)
    expect(classifier.classify(long)).toMatchObject({ intent: 'write' })
  })

  it('classifies a text for which there is no room at all', () => {
    const classifier = new SqlClassifier({ ...LIMITS, maxBytes: 10 })
    classifier.rememberAsWrite(READ)
    expect(classifier.classify(READ)).toMatchObject({ intent: 'read' })
  })

  it.each([
    ['entries', { maxEntries: 50, maxBytes: 10_000_000, maxTextLength: 1000 }],
    ['bytes', { maxEntries: 1_000_000, maxBytes: 10_000, maxTextLength: 1000 }],
  ])('forgets the oldest when it is full of %s', (_what, limits) => {
    const classifier = new SqlClassifier(limits)
    classifier.rememberAsWrite(READ)
    for (let id = 0; id < 200; id++) {
      classifier.classify(`SELECT * FROM t WHERE id = ${id}`)
    }
    expect(classifier.classify(READ)).toMatchObject({ intent: 'read' })
  })
})
