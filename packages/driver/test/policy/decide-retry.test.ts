import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifySql } from '../../src/policy/classify-sql.js'
import {
  decideRetry,
  type FailedAttempt,
  type RetryDecision,
} from '../../src/policy/decide-retry.js'
import { readSpecs } from '../read-spec.js'

/** An attempt as the data files tell it: what is not named is as here, and SQL stands as text. */
type AttemptSpec = Partial<Omit<FailedAttempt, 'sql'>> & { readonly sql: string }

interface RetrySpec {
  readonly about: string
  readonly cases: readonly {
    readonly about: string
    readonly attempt: AttemptSpec
    readonly decision: { readonly action: RetryDecision['action'] }
  }[]
}

const attemptOf = ({ sql, ...attempt }: AttemptSpec): FailedAttempt => ({
  kind: 'lost',
  wasSent: true,
  isPinned: false,
  inTransaction: false,
  doubt: undefined,
  hasChanges: true,
  isFirstInTransaction: false,
  askedAs: 'writer',
  isIdempotent: false,
  hasDelivered: false,
  usedLocalInfile: false,
  lossCount: 1,
  hasBudget: true,
  ...attempt,
  sql: classifySql(sql),
})

/** What a decision says when the data file does not name it. */
const UNNAMED = {
  surface: {
    outcome: undefined,
    sessionIsDead: false,
    seekWriter: false,
    rollBackFirst: false,
    keepUntilReply: false,
  },
  'run-again': {
    on: 'same-role',
    seekWriter: false,
    rememberAsWrite: false,
    prepareAgain: false,
    replayBegin: false,
  },
}

describe.each(readSpecs<RetrySpec>('decide-retry'))('$name', ({ spec }) => {
  it.each(spec.cases)('$about', ({ attempt, decision }) => {
    expect(decideRetry(attemptOf(attempt))).toEqual({ ...UNNAMED[decision.action], ...decision })
  })
})

describe('decideRetry', () => {
  const anyAttempt = fc
    .record({
      kind: fc.constantFrom<FailedAttempt['kind'][]>(
        'lost',
        'refused',
        'overloaded',
        'stopping',
        'restarted',
        'rolled-back',
        'denied',
        'timeout',
        'stale-handle',
        'ordinary',
      ),
      sql: fc.constantFrom(
        'SELECT 1',
        'SELECT f()',
        'INSERT INTO t VALUES (1)',
        'COMMIT',
        'BEGIN',
        'CALL p()',
        'DROP TABLE t',
        'SELECT 1; SELECT 2',
        "'",
        'SET NAMES utf8mb4',
      ),
      wasSent: fc.boolean(),
      isPinned: fc.boolean(),
      inTransaction: fc.boolean(),
      doubt: fc.constantFrom<FailedAttempt['doubt'][]>(undefined, 'undone', 'committed'),
      hasChanges: fc.boolean(),
      isFirstInTransaction: fc.boolean(),
      askedAs: fc.constantFrom<FailedAttempt['askedAs'][]>('writer', 'reader'),
      isIdempotent: fc.boolean(),
      hasDelivered: fc.boolean(),
      usedLocalInfile: fc.boolean(),
      lossCount: fc.nat({ max: 10 }),
      hasBudget: fc.boolean(),
    })
    .map((attempt) =>
      attemptOf({ ...attempt, isPinned: attempt.isPinned || attempt.inTransaction }),
    )

  it('runs nothing twice that may have had effects, unless the caller allows it', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const { action } = decideRetry(attempt)
        const provedNotToHaveRun =
          !attempt.wasSent || ['refused', 'overloaded', 'stale-handle'].includes(attempt.kind)
        if (action === 'run-again' && !provedNotToHaveRun) {
          expect(attempt.sql.isRepeatable || attempt.isIdempotent).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('delivers nothing twice and reads no stream twice', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const wasUsed = attempt.wasSent && (attempt.hasDelivered || attempt.usedLocalInfile)
        if (wasUsed && ['lost', 'stopping', 'restarted', 'refused'].includes(attempt.kind)) {
          expect(decideRetry(attempt).action).toBe('surface')
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('says "rolled back" only of what certainly did not commit', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const decision = decideRetry(attempt)
        if (
          decision.action === 'surface' &&
          decision.outcome === 'rolled-back' &&
          attempt.wasSent &&
          (attempt.kind === 'lost' || attempt.kind === 'stopping')
        ) {
          const { sql, inTransaction, doubt, hasChanges } = attempt
          const commitsNothing = sql.control === 'commit' && !hasChanges
          expect(doubt).not.toBe('committed')
          expect(sql.mayCommit && !commitsNothing).toBe(false)
          const isCertain = inTransaction && doubt === undefined
          expect(isCertain || sql.isRepeatable || commitsNothing).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('never moves what lives on a lost connection', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        if (attempt.kind === 'lost' && attempt.isPinned) {
          expect(decideRetry(attempt)).toMatchObject({ action: 'surface', sessionIsDead: true })
        }
      }),
      { numRuns: 1000 },
    )
  })
})
