import type { StatementOptions } from '../contract/statement-options.js'
import { monotonicMs } from '../io/clock.js'
import { SessionState } from '../io/session-state.js'
import type { Role } from '../model/topology.js'
import type { TransactionDoubt } from '../policy/decide-retry.js'
import type { SqlClass } from '../policy/sql-class.js'
import type { Context } from './consistency.js'
import type { Holder } from './holder.js'
import type { Borrower, InstancePool, Lease } from './instance-pool.js'
import type { PatientTimer } from './patient-timer.js'

/** Where work goes to run; the cluster. */
export interface Runner {
  /** A connection was lent for it. */
  begin(work: Work, lease: Lease): void
  /** No connection could be had. */
  refused(work: Work, error: unknown): void
  /** It ended well. */
  succeeded(work: Work): void
  /** It began, and failed. */
  failed(work: Work, error: Error): void
}

/** What a session has issued, in order. */
export interface WorkQueue {
  /** What ran has ended. */
  onEnded(): void
  /** What ran has lost its connection, or got none: whatever stands behind it fails of the same error, as it does in mysql2. */
  onLost(error: Error): void
}

/**
 * One thing to run on one connection, and how far it has come. It may be begun several times; each attempt is a new mysql2
 * command made from what the caller gave.
 */
export abstract class Work implements Borrower {
  /** Its place in a queue. It is in one at a time. */
  next: unknown
  sqlClass: SqlClass
  readonly options: StatementOptions | undefined
  /** The session that it belongs to; undefined for `pool.query` and `pool.execute`. */
  readonly holder: Holder | undefined
  /** Who asked: what was written there must be seen. */
  readonly context: Context | undefined

  /** The role of the view of the pool that it came through, if that has one. */
  protected viewRole: Role | undefined
  /** Where this attempt was sent. */
  askedAs: Role = 'writer'
  /** The pool that lends to it, or on which it runs. */
  pool: InstancePool | undefined
  lease: Lease | undefined
  attempts = 0
  /** How often it has failed, whether or not a connection could be had. */
  failures = 0
  /** How often it was sent on a connection that was lost then. */
  lossCount = 0
  /** The instance that failed it last. */
  avoid: InstancePool | undefined
  /** The instance that it is about: it runs there and nowhere else, on a connection of its own. */
  destination: InstancePool | undefined
  /** The session whose statement this is to end: it keeps its connection meanwhile, so that nobody else is hit. */
  victim: Holder | undefined
  /** Only the writer will do from now on: a reader refused it, or no reader may serve it. */
  mustWrite = false
  /** What has to run again before it: the BEGIN of a transaction in which nothing else has run. */
  prelude: readonly string[] | undefined
  /** The error of the first attempt: the cause of whatever ends it. */
  firstError: unknown
  hasWithdrawn = false
  /** Sum of the times that it waited for an instance. */
  waitedMs = 0
  /** Sum of the times that it stood in line for a connection, where its caller limits no wait. */
  queuedMs = 0
  /** Since when it stands in line; undefined while it does not. */
  queuedSinceMs: number | undefined
  /** When the wait that it is in began; undefined while it does not wait. */
  waitingSinceMs: number | undefined
  /** Ends the wait. */
  timer: PatientTimer | undefined
  onAbort: (() => void) | undefined
  /** When it was first refused because the instance takes no more connections. */
  overloadedSinceMs: number | undefined
  /** Ends its wait for a connection of that instance. */
  overloadTimer: PatientTimer | undefined
  /** An attempt that may have taken effect was sent, and another followed since the caller allows it. */
  mayHaveRun = false
  hasPreparedAgain = false
  /** The session was pinned, and in a transaction, before this attempt. */
  wasPinned = false
  wasInTransaction = false
  /** Of an attempt that failed: whether that transaction was certainly open. */
  doubt: TransactionDoubt | undefined
  /** Where it stood in line; told when it has ended, before the caller hears of it. */
  queue: WorkQueue | undefined

  protected readonly runner: Runner

  constructor(
    runner: Runner,
    sqlClass: SqlClass,
    options: StatementOptions | undefined,
    holder: Holder | undefined,
    context: Context | undefined,
  ) {
    this.runner = runner
    this.sqlClass = sqlClass
    this.options = options
    this.holder = holder
    this.context = context
  }

  /** What has to be sent to another connection to set there what this has set; undefined when it cannot be told, or means another thing there. */
  get stateText(): string | undefined {
    return undefined
  }

  get setting(): string | undefined {
    return undefined
  }

  /** Text that a failed classification is remembered by; undefined for what is no statement. */
  abstract readonly text: string | undefined
  /** mysql2 has begun to write it on the connection of this attempt. */
  abstract readonly wasSent: boolean
  /** Something of an answer has reached the caller, or (several statements in one text) the first answer has come. */
  abstract readonly hasDelivered: boolean
  abstract readonly usedLocalInfile: boolean
  /** Its caller has given a callback. */
  get hasCallback(): boolean {
    return true
  }

  /** A session is being opened: any connection will do. */
  get isCheckout(): boolean {
    return false
  }

  get isAdmitted(): boolean {
    return this.holder !== undefined && !this.isCheckout
  }

  /** Starts it; ends in exactly one `succeeded` or `failed`. */
  abstract begin(lease: Lease): void
  /** The caller gets the error. */
  abstract fail(error: unknown): void
  /** Calls back when a reply that came too late for mysql2's `timeout` has come after all. */
  abstract whenReplied(callback: () => void): void
  /** The server does not know the prepared statement: let mysql2 forget it. */
  abstract forgetStatement(lease: Lease): void

  get needsWriter(): boolean {
    return this.askedAs === 'writer' && !this.sqlClass.isRepeatable
  }

  /** The role that the caller asked for, by an option, a hint, or the pool that was used; undefined: as the text says. */
  get role(): Role | undefined {
    return this.options?.role ?? this.sqlClass.hint?.role ?? this.viewRole ?? this.holder?.role
  }

  get state(): SessionState {
    return this.holder?.state ?? SessionState.BASE
  }

  get isIdempotent(): boolean {
    return this.options?.idempotent === true || this.sqlClass.hint?.isIdempotent === true
  }

  onQueued(): void {
    if (this.waitingSinceMs === undefined) this.queuedSinceMs ??= monotonicMs()
  }

  /** An attempt begins on this connection. */
  noteAttempt(lease: Lease): void {
    const { holder } = this
    this.pool = lease.lender
    this.lease = lease
    this.attempts++
    this.wasInTransaction = lease.isInTransaction || (holder !== undefined && !lease.isAutocommit)
    this.wasPinned = holder?.isPinned ?? false
    lease.isWriting = !this.sqlClass.isRepeatable || this.wasInTransaction
  }

  lend(lease: Lease): void {
    if (this.hasWithdrawn) lease.lender.give(lease)
    else this.runner.begin(this, lease)
  }

  refuse(error: unknown): void {
    if (!this.hasWithdrawn) this.runner.refused(this, error)
  }
}
