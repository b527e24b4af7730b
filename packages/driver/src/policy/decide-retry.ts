import type { Role } from '../model/topology.js'
import type { ErrorKind } from './classify-error.js'
import type { SqlClass } from './sql-class.js'

/**
 * A failover may overtake a statement on two readers, and once more. One whose connection is lost each time it is sent is itself the
 * cause: it would take down every instance, the writer included.
 */
const LOSSES_TO_BEAR = 3

/** What is known of a statement that failed: it may have run, or whatever it did is undone. */
export type Outcome = 'unknown' | 'rolled-back'

/** An error since the last OK packet may have ended the transaction that is believed open: undone it, or committed it. */
export type TransactionDoubt = 'undone' | 'committed'

/** One attempt at a statement, and how it failed. */
export interface FailedAttempt {
  readonly kind: ErrorKind
  /** mysql2 had started the command. */
  readonly wasSent: boolean
  /** The session was pinned to this connection, by a transaction or by state, before the statement. */
  readonly isPinned: boolean
  /** It was so by a transaction. */
  readonly inTransaction: boolean
  /** Undefined: that transaction was certainly open. */
  readonly doubt: TransactionDoubt | undefined
  /** Something that is not certainly a read has run in the session since its last transaction ended. */
  readonly hasChanges: boolean
  /**
   * Nothing but BEGIN or SET TRANSACTION went before it in that transaction, and nothing else pins
   * the session.
   */
  readonly isFirstInTransaction: boolean
  readonly askedAs: Role
  readonly sql: SqlClass
  /** The caller said that running it twice does no harm. */
  readonly isIdempotent: boolean
  /**
   * A row or its columns reached the caller. Of several statements in one text: an earlier answer
   * has come from the server, whether the caller has seen it or not.
   */
  readonly hasDelivered: boolean
  /** A stream was read for LOAD DATA LOCAL; it cannot be read again. */
  readonly usedLocalInfile: boolean
  /** How often it was sent on a connection that was lost then, this time included. */
  readonly lossCount: number
  /** The pool's retry budget allows one more repetition. */
  readonly hasBudget: boolean
}

/** The caller gets the error. */
export interface Surface {
  readonly action: 'surface'
  /** Undefined: nothing to add to the error. */
  readonly outcome: Outcome | undefined
  /** Every later statement of the session fails as on a closed connection. */
  readonly sessionIsDead: boolean
  /** Fence this instance and look for the writer. */
  readonly seekWriter: boolean
  /** ROLLBACK before the lease goes back. */
  readonly rollBackFirst: boolean
  /** The reply is still due: lend the connection to nobody until it has come. */
  readonly keepUntilReply: boolean
}

/** The statement runs once more. */
export interface RunAgain {
  readonly action: 'run-again'
  readonly on: 'writer' | 'reader' | 'same-role'
  /** Fence this instance and look for the writer. */
  readonly seekWriter: boolean
  /** Our classification was wrong: this text is a write from now on. */
  readonly rememberAsWrite: boolean
  /** Prepare the statement again, once. */
  readonly prepareAgain: boolean
  /** Send BEGIN, and SET TRANSACTION if there was one, before it. */
  readonly replayBegin: boolean
}

/** What becomes of a failed statement. */
export type RetryDecision = Surface | RunAgain

/**
 * Decides what becomes of a failed statement. The first case that fits decides, and no statement
 * is run twice unless it is proved not to have run, has no effects, or was declared idempotent.
 */
export function decideRetry(attempt: FailedAttempt): RetryDecision {
  const { kind } = attempt
  switch (kind) {
    case 'lost':
    case 'stopping':
    case 'restarted':
      return attempt.isPinned || attempt.inTransaction
        ? endSession(attempt)
        : afterLostConnection(attempt)
    case 'refused':
      return afterRefusal(attempt)
    case 'overloaded':
      return afterOverload(attempt)
    case 'stale-handle':
      return afterStaleHandle(attempt)
    case 'unusable':
      return afterUnusable(attempt)
    case 'timeout':
      return surface({
        outcome: mayHaveRun(attempt) ? 'unknown' : undefined,
        keepUntilReply: attempt.wasSent,
      })
    case 'rolled-back':
    case 'denied':
    case 'ordinary':
      return surface({})
    default: {
      const unknown: never = kind
      return unknown
    }
  }
}

/** What is known of a statement that is not run again for other reasons: its pool or its session is over. */
export function outcomeOf(attempt: FailedAttempt): Outcome | undefined {
  const decision = decideRetry(attempt)
  if (decision.action === 'surface') return decision.outcome
  const isProved = attempt.kind === 'refused' || attempt.kind === 'stale-handle'
  return !isProved && mayHaveRun(attempt) ? 'unknown' : undefined
}

/**
 * What lived on that connection is gone, so the statement runs nowhere else, written or not.
 * A server that is stopping has undone the transaction too, but the connection may survive
 * (zero-downtime restart), and then ROLLBACK makes it usable.
 */
function endSession(attempt: FailedAttempt): RetryDecision {
  const isLost = attempt.kind === 'lost'
  // A server that was restarted under its connections says itself that what was to be committed is undone.
  const isUndone = attempt.kind === 'restarted' && attempt.sql.control === 'commit'
  return surface({
    outcome: mayHaveRun(attempt) && !isUndone ? 'unknown' : outcomeOfLoss(attempt.doubt),
    sessionIsDead: isLost,
    seekWriter: attempt.askedAs === 'writer',
    rollBackFirst: !isLost,
  })
}

function afterLostConnection(attempt: FailedAttempt): RetryDecision {
  const seekWriter = attempt.askedAs === 'writer'
  if (!attempt.wasSent) {
    return runAgain({ seekWriter })
  }
  const isCause = attempt.lossCount > LOSSES_TO_BEAR
  const canRepeat = !attempt.hasDelivered && !attempt.usedLocalInfile && !isCause
  if (canRepeat && ((attempt.sql.isRepeatable && attempt.hasBudget) || attempt.isIdempotent)) {
    return runAgain({ seekWriter })
  }
  return surface({ outcome: mayHaveRun(attempt) ? 'unknown' : undefined, seekWriter })
}

/** The refusal proves that the refused statement did nothing; of several, only the first is proved. */
function afterRefusal(attempt: FailedAttempt): RetryDecision {
  const { sql } = attempt
  const seekWriter = attempt.askedAs === 'writer'
  const ranNothing = !sql.isCall && (sql.isSingle || !attempt.hasDelivered)
  const canRepeat = ranNothing && !attempt.usedLocalInfile && !attempt.hasDelivered
  if (attempt.inTransaction && !(canRepeat && attempt.isFirstInTransaction)) {
    return surface({
      outcome: ranNothing ? outcomeOfLoss(attempt.doubt) : 'unknown',
      seekWriter,
      rollBackFirst: true,
    })
  }
  if (attempt.isPinned && !attempt.inTransaction) {
    return surface({ outcome: ranNothing ? 'rolled-back' : 'unknown', seekWriter })
  }
  if (!canRepeat) {
    return surface({ outcome: 'unknown', seekWriter })
  }
  return runAgain({
    on: 'writer',
    seekWriter,
    rememberAsWrite: attempt.askedAs === 'reader',
    replayBegin: attempt.inTransaction,
  })
}

/** Nothing was sent. Another reader, or the writer, can serve a read; a write has only the one writer. */
function afterUnusable(attempt: FailedAttempt): RetryDecision {
  const canGoElsewhere = attempt.askedAs === 'reader' && !attempt.isPinned && !attempt.wasSent
  return canGoElsewhere ? runAgain({}) : surface({})
}

/** The instance lives and did nothing: whoever runs the statement again waits for a connection. */
function afterOverload(attempt: FailedAttempt): RetryDecision {
  return attempt.isPinned || attempt.inTransaction ? surface({}) : runAgain({})
}

/**
 * The server does not know the handle, so nothing ran. In a transaction that means more: a restart
 * took the handle, and the transaction with it.
 */
function afterStaleHandle(attempt: FailedAttempt): RetryDecision {
  if (attempt.inTransaction && !attempt.isFirstInTransaction) {
    return surface({ outcome: outcomeOfLoss(attempt.doubt), rollBackFirst: true })
  }
  return runAgain({ prepareAgain: true, replayBegin: attempt.inTransaction })
}

/** What a transaction has come to whose connection is lost, or which its server has undone, before its COMMIT. */
export function outcomeOfLoss(doubt: TransactionDoubt | undefined): Outcome {
  return doubt === 'committed' ? 'unknown' : 'rolled-back'
}

/** Outside a transaction every statement that has effects commits them by itself; a COMMIT without any commits nothing. */
function mayHaveRun(attempt: FailedAttempt): boolean {
  const { wasSent, sql, inTransaction, doubt, hasChanges } = attempt
  if (!wasSent) return false
  if (sql.control === 'commit' && sql.isSingle) return hasChanges
  return sql.mayCommit || (!sql.isRepeatable && (!inTransaction || doubt !== undefined))
}

function surface(decision: Partial<Omit<Surface, 'action'>>): Surface {
  return {
    action: 'surface',
    outcome: undefined,
    sessionIsDead: false,
    seekWriter: false,
    rollBackFirst: false,
    keepUntilReply: false,
    ...decision,
  }
}

function runAgain(decision: Partial<Omit<RunAgain, 'action'>>): RunAgain {
  return {
    action: 'run-again',
    on: 'same-role',
    seekWriter: false,
    rememberAsWrite: false,
    prepareAgain: false,
    replayBegin: false,
    ...decision,
  }
}
