import { codeOf } from '../contract/error-code.js'
import type { ErrorDetail } from '../contract/error-detail.js'
import { AuroraError } from '../contract/errors.js'
import type { Emit, FailoverReason } from '../contract/events.js'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import { fullJitterMs } from '../policy/backoff.js'
import { classifyError, type ErrorKind, isLastWord } from '../policy/classify-error.js'
import {
  decideRetry,
  type FailedAttempt,
  outcomeOf,
  type RunAgain,
  type Surface,
} from '../policy/decide-retry.js'
import type { RetryBudget } from '../policy/retry-budget.js'
import type { SqlClassifier } from '../policy/sql-classifier.js'
import type { Consistency } from './consistency.js'
import type { Failover } from './failover.js'
import type { Holder } from './holder.js'
import type { InstancePool, Lease } from './instance-pool.js'
import type { Members } from './members.js'
import type { Monitor } from './monitor.js'
import { PatientTimer } from './patient-timer.js'
import type { ClusterState } from './state.js'
import type { Target } from './target.js'
import { stopWaiting } from './wait.js'
import type { WaitingRoom } from './waiting-room.js'
import type { Work } from './work.js'

/** For so long after an episode roles may still waver. */
export const DOUBTFUL_AFTER_MS = 5_000
/** A reader that failed a statement is passed over for so long while there is another. */
const PENALTY_MS = 1_000
/** From this failure on there is a pause before the next try, so that a fault which passes every check cannot spin. */
const BACK_OFF_FROM = 2
const BACK_OFF_BASE_MS = 10
const BACK_OFF_CAP_MS = 1_000
/** How a server that is away shows. Whatever else stands there, or a name that leads nowhere, is a mistake. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
])
/** Where no writer has ever confirmed itself nothing is waited for: so many tries, then the error surfaces. */
const TRIES_WITHOUT_WRITER = 3

export interface RecoverySetup {
  readonly state: ClusterState
  readonly options: ResolvedOptions
  readonly target: Target
  readonly members: Members
  readonly monitor: Monitor
  readonly failover: Failover
  readonly room: WaitingRoom
  readonly classifier: SqlClassifier
  readonly consistency: Consistency
  readonly budget: RetryBudget
  readonly emit: Emit
  onRetried(): void
  place(work: Work): InstancePool | undefined
  lend(work: Work, pool: InstancePool): void
  /** Lets its caller end the wait that it is in. */
  limitWait(work: Work): void
  dispatch(work: Work): void
  begin(work: Work, lease: Lease): void
  giveBack(lease: Lease, holder: Holder | undefined): void
  surface(work: Work, failure: Failure, outcome: ErrorDetail['outcome'] | undefined): void
}

/** One failed attempt: on which instance, on which connection if it had one, and how. */
export interface Failure {
  readonly pool: InstancePool | undefined
  readonly lease: Lease | undefined
  readonly error: unknown
  readonly kind: ErrorKind
}

/** What becomes of work that failed: the decision is `decideRetry`'s; this carries it out. */
export class Recovery {
  readonly #setup: RecoverySetup

  constructor(setup: RecoverySetup) {
    this.#setup = setup
  }

  /** Runs it again, lets it wait, or gives the caller its error. */
  recover(work: Work, pool: InstancePool, lease: Lease | undefined, error: unknown): void {
    const { state, budget, consistency, surface } = this.#setup
    const kind = classifyError(error)
    const failure: Failure = { pool, lease, error, kind }
    work.failures++
    // Part of it may have taken effect: the first of several statements, or what a procedure did before it failed.
    // Without a connection nothing was sent, whatever an attempt before has left in `work`.
    const wasSent = lease !== undefined && work.wasSent
    if (wasSent && kind === 'lost') work.lossCount++
    if (lease !== undefined && isLastWord(error)) lease.isSpent = true
    const hasRun = wasSent && !ranNothing(work, kind)
    if (hasRun) consistency.wrote(work.context)
    const attempt: FailedAttempt = {
      kind,
      wasSent,
      isPinned: lease !== undefined && work.wasPinned,
      inTransaction: lease !== undefined && work.wasInTransaction,
      doubt: work.doubt,
      hasChanges: work.holder?.hasChanges ?? true,
      isFirstInTransaction: work.holder?.canReplay ?? false,
      askedAs: work.askedAs,
      sql: work.sqlClass,
      isIdempotent: work.isIdempotent,
      hasDelivered: wasSent && work.hasDelivered,
      usedLocalInfile: wasSent && work.usedLocalInfile,
      lossCount: work.lossCount,
      hasBudget: budget.hasTokens,
    }
    if (!state.isAurora) return this.#asMysql2(work, failure, attempt)
    if (state.isClosed || work.holder?.isDead === true)
      return surface(work, failure, outcomeOf(attempt))
    const decision = decideRetry(attempt)
    if (decision.action === 'surface') return this.#surface(work, pool, failure, decision)
    if (decision.prepareAgain && work.hasPreparedAgain) return surface(work, failure, undefined)
    if (this.#isHopeless(work, kind, decision)) return surface(work, failure, undefined)
    // Its open connections serve: only new ones are refused.
    const isFull = kind === 'overloaded' || (kind === 'lost' && !lease && this.#isServing(pool))
    if (isFull) return this.#waitOutOverload(work, pool, failure)
    this.#runAgain(work, pool, failure, decision)
  }

  /** On a server that is not Aurora, and until it is known: the error goes to the caller. */
  #asMysql2(work: Work, failure: Failure, attempt: FailedAttempt): void {
    const { state, room, surface } = this.#setup
    const { holder } = work
    const isBound = attempt.isPinned || attempt.inTransaction
    if (failure.kind === 'lost' && isBound && holder !== undefined) holder.isDead = true
    const isFull = failure.kind === 'overloaded' && failure.lease === undefined
    if (isFull && this.#mayBeCluster && failure.pool !== undefined)
      return this.#waitOutOverload(work, failure.pool, failure)
    if (this.#isStarting(failure) && !isBound && decideRetry(attempt).action === 'run-again')
      return this.#startAgain(work, failure)
    const isDecidedLater = state.mode === 'unknown' && failure.kind === 'refused' && !isBound
    if (!isDecidedLater || state.isClosed || decideRetry(attempt).action === 'surface') {
      if (failure.kind === 'lost' && failure.lease !== undefined && !this.#mayBeCluster)
        work.queue?.onLost(failure.error as Error)
      return surface(work, failure, outcomeOf(attempt))
    }
    // The name leads to a reader: after a failover it follows late. Who the writer is will be known in a moment.
    work.mustWrite = true
    if (holder !== undefined) holder.lease = undefined
    if (failure.lease !== undefined) this.#setup.giveBack(failure.lease, holder)
    room.enter(work)
  }

  /**
   * Nothing has ever been reached, and the name is that of a cluster: the process was started in the middle of a failover. A mistake
   * shows at once.
   */
  #isStarting({ lease, kind, error }: Failure): boolean {
    if (!this.#mayBeCluster) return false
    // What has been connected to was no mistake.
    return kind === 'lost' && (lease !== undefined || AWAY.has(codeOf(error) ?? ''))
  }

  /** It is not known yet what is there, and the name is that of a cluster. */
  get #mayBeCluster(): boolean {
    const { state, target } = this.#setup
    return !state.isClosed && state.mode === 'unknown' && target.scope !== 'single'
  }

  #startAgain(work: Work, { lease }: Failure): void {
    if (work.holder !== undefined) work.holder.lease = undefined
    if (lease !== undefined) this.#setup.giveBack(lease, work.holder)
    this.#dispatchSoon(work)
  }

  /** There is no writer to wait for, or the caller has said itself that a reader is to serve it. */
  #isHopeless(work: Work, kind: ErrorKind, decision: RunAgain): boolean {
    const { state, target } = this.#setup
    if (kind === 'refused' && (target.scope === 'readers' || work.role === 'reader')) return true
    if (!decision.seekWriter || state.hasHadWriter) return false
    return kind === 'refused' || work.failures >= TRIES_WITHOUT_WRITER
  }

  #surface(work: Work, pool: InstancePool, failure: Failure, decision: Surface): void {
    const { surface } = this.#setup
    const { lease, kind } = failure
    if (work.holder !== undefined && decision.sessionIsDead) work.holder.isDead = true
    if (lease !== undefined && decision.keepUntilReply) {
      lease.isReplyDue = true
      this.#leaveUnknown(work, lease)
      work.whenReplied(() => {
        lease.isReplyDue = false
      })
    }
    if (lease !== undefined && decision.rollBackFirst) lease.isSpent = true
    const isUndone = decision.outcome === 'rolled-back' && kind !== 'refused'
    if (isUndone && work.holder?.isDead === false) work.holder.abortedBy = failure.error
    if (decision.seekWriter) this.#seekWriter(pool, failure)
    if (kind === 'lost' || kind === 'stopping' || kind === 'restarted')
      this.#doubt(work, pool, failure)
    surface(work, failure, decision.outcome)
  }

  /** Nobody reads the answer that is to come, so that nobody knows what it has opened, set or locked. */
  #leaveUnknown({ sqlClass, holder }: Work, lease: Lease): void {
    const { control, pins, setsState, isSingle, isCall } = sqlClass
    if (control === 'none' && !pins && !setsState && isSingle && !isCall) return
    lease.isSpent = true
    holder?.bindForGood()
  }

  #runAgain(work: Work, pool: InstancePool, failure: Failure, decision: RunAgain): void {
    const { classifier, budget, emit, onRetried, begin, giveBack } = this.#setup
    const { lease, error, kind } = failure
    const { holder } = work
    if (decision.rememberAsWrite && work.text !== undefined) {
      classifier.rememberAsWrite(work.text)
      work.sqlClass = classifier.classify(work.text)
    }
    if (decision.on === 'writer') work.mustWrite = true
    if (decision.replayBegin) work.prelude = holder?.prelude
    if (lease !== undefined && work.wasSent) {
      budget.spend()
      if (!ranNothing(work, kind)) work.mayHaveRun = true
    }
    onRetried()
    emit('statementRetried', {
      instance: pool.id,
      kind,
      code: codeOf(error),
      attempt: work.attempts,
    })
    if (decision.prepareAgain && lease !== undefined) {
      work.hasPreparedAgain = true
      work.forgetStatement(lease)
      return begin(work, lease)
    }
    if (holder !== undefined) holder.lease = undefined
    if (decision.seekWriter) this.#seekWriter(pool, failure)
    this.#doubt(work, pool, failure)
    if (lease !== undefined) giveBack(lease, holder)
    this.#dispatchSoon(work)
  }

  #dispatchSoon(work: Work): void {
    const { state, options, room, limitWait, dispatch, surface } = this.#setup
    if (work.failures < BACK_OFF_FROM) return dispatch(work)
    const tries = work.failures - BACK_OFF_FROM
    limitWait(work)
    work.waitingSinceMs ??= monotonicMs()
    setTimeout(
      () => {
        if (work.hasWithdrawn) return
        stopWaiting(work)
        const error = new Error('Pool is closed.')
        const ended: Failure = { pool: work.pool, lease: undefined, error, kind: 'ordinary' }
        if (state.isClosed) surface(work, ended, undefined)
        else if (work.waitedMs >= (work.options?.waitMs ?? options.failoverTimeoutMs))
          room.enter(work)
        else dispatch(work)
      },
      fullJitterMs(tries, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, Math.random),
    ).unref()
  }

  /** Fences, and looks for the writer, when the trouble is the writer's. */
  #seekWriter(pool: InstancePool, { lease, error, kind }: Failure): void {
    const { state, failover } = this.#setup
    if (!state.hasHadWriter || !this.#isWriter(pool)) return
    failover.begin(pool, lease, reasonOf(kind, lease), error)
  }

  /** A connect to the writer has failed while others to it are open: the question that is put to it now tells whether it is there. */
  #isServing(pool: InstancePool): boolean {
    const { monitor, failover, state } = this.#setup
    const isInQuestion = this.#isWriter(pool) && state.hasHadWriter && !failover.isOpen
    if (!isInQuestion || pool.open === 0) return false
    void monitor.ask(pool.id).catch(ignore)
    return true
  }

  #isWriter(pool: InstancePool): boolean {
    const { members, target } = this.#setup
    return pool === members.writer || (pool === members.given && target.scope !== 'readers')
  }

  /** The connection is not lent again; a reader that failed is passed over for a while, and asked whether it is there. */
  #doubt(work: Work, pool: InstancePool, { lease, error, kind }: Failure): void {
    const { members, monitor } = this.#setup
    if (lease !== undefined && kind === 'lost') lease.isSpent = true
    if (this.#isWriter(pool) || pool === members.given) return
    work.avoid = pool
    pool.penaltyUntilMs = monotonicMs() + PENALTY_MS
    if (lease === undefined && (kind === 'lost' || kind === 'unusable'))
      pool.setReachable(false, error)
    else void monitor.ask(pool.id).catch(ignore)
  }

  /** The instance lives and takes no more connections: reads go elsewhere, the rest waits for one, for so long at most. */
  #waitOutOverload(work: Work, pool: InstancePool, failure: Failure): void {
    const { options, failover, surface, place, lend } = this.#setup
    const nowMs = monotonicMs()
    work.overloadedSinceMs ??= nowMs
    const isPatient = failure.kind === 'lost' || failover.isRecent(DOUBTFUL_AFTER_MS)
    const limitMs = isPatient ? options.failoverTimeoutMs : options.overloadWaitMs
    const leftMs = work.overloadedSinceMs + limitMs - nowMs
    const end = (): void => surface(work, endOfWait(failure, limitMs), undefined)
    if (leftMs <= 0) return end()
    pool.penaltyUntilMs = nowMs + PENALTY_MS
    work.avoid = pool
    const other = work.askedAs === 'reader' ? place(work) : undefined
    if (other !== undefined && other !== pool) {
      return lend(work, other)
    }
    work.pool = pool
    pool.waitOn(work)
    work.overloadTimer ??= new PatientTimer(leftMs, () => {
      if (work.pool?.withdraw(work)) end()
    })
  }
}

/** Of what was sent: it has no effects, or the server's refusal proves that it did nothing. */
function ranNothing({ sqlClass }: Work, kind: ErrorKind): boolean {
  if (sqlClass.isRepeatable) return true
  const isProof = kind === 'refused' || kind === 'stale-handle'
  return isProof && sqlClass.isSingle && !sqlClass.isCall
}

/** "Too many connections" is the server's own word; a connect that came to nothing is not what ended the statement. */
function endOfWait(failure: Failure, limitMs: number): Failure {
  if (failure.kind !== 'lost') return failure
  const message = `No connection could be opened within ${limitMs} ms (aurora.failoverTimeoutMs)`
  const error = new AuroraError('ERR_AURORA_NO_CONNECTION', message, { cause: failure.error })
  return { ...failure, error }
}

function reasonOf(kind: ErrorKind, lease: Lease | undefined): FailoverReason {
  if (kind === 'refused') return 'refused'
  if (kind === 'stopping' || kind === 'restarted') return 'stopping'
  return lease === undefined ? 'connect-failed' : 'connection-lost'
}

function ignore(): void {}
