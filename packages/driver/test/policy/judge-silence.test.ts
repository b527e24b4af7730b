import { describe, expect, test } from 'vitest'
import { judgeSilence, type Silence, type Verdict } from '../../src/policy/judge-silence.js'

const LIMITS = { suspectAfterMs: 500, questionTimeoutMs: 300, condemnAfterMs: 4_000 }

const HEALTHY: Silence = {
  silentMs: 0,
  unansweredMs: undefined,
  unanswered: 0,
  sinceAskedMs: Number.POSITIVE_INFINITY,
  askApartMs: 1_000,
  othersSpeak: true,
}

const cases: readonly [string, Partial<Silence>, Verdict][] = [
  ['speaks', {}, 'wait'],
  ['silent, not yet for long', { silentMs: 499 }, 'wait'],
  ['silent for long', { silentMs: 500 }, 'ask'],
  ['silent, asked lately', { silentMs: 900, sinceAskedMs: 999 }, 'wait'],
  ['silent, asked a while ago', { silentMs: 900, sinceAskedMs: 1_000 }, 'ask'],
  [
    'a long query on an instance that keeps answering',
    { silentMs: 60_000, sinceAskedMs: 9_999, askApartMs: 10_000 },
    'wait',
  ],
  ['a question under way', { silentMs: 700, unansweredMs: 299 }, 'wait'],
  ['a question unanswered', { silentMs: 800, unansweredMs: 300 }, 'alarm'],
  ['asked while nothing else is owed', { silentMs: 0, unansweredMs: 300 }, 'alarm'],
  ['two questions unanswered', { silentMs: 9_000, unanswered: 2, sinceAskedMs: 0 }, 'wait'],
  [
    'three questions unanswered, not yet for long',
    { silentMs: 3_999, unanswered: 3, sinceAskedMs: 0 },
    'wait',
  ],
  [
    'three questions unanswered, for long',
    { silentMs: 4_000, unanswered: 3, sinceAskedMs: 0 },
    'condemn',
  ],
  [
    'it is us who are cut off',
    { silentMs: 60_000, unanswered: 9, sinceAskedMs: 0, othersSpeak: false },
    'wait',
  ],
]

describe('an instance that says nothing', () => {
  test.each(cases)('%s', (_name, silence, verdict) => {
    expect(judgeSilence({ ...HEALTHY, ...silence }, LIMITS)).toBe(verdict)
  })
})
