import { closedStateError } from '../cluster/closed-state-error.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import { describeFailure, type ErrorDetail } from '../contract/error-detail.js'
import { AuroraError } from '../contract/errors.js'
import type { ResultCallback } from '../contract/mysql2.js'
import { ownValues } from '../contract/own-values.js'
import type { StatementOptions } from '../contract/statement-options.js'
import { classifyError, type ErrorKind } from '../policy/classify-error.js'
import type { Outcome } from '../policy/decide-retry.js'
import { isMadeOf, type TransactionFailure } from '../policy/decide-transaction.js'
import type { SqlClass } from '../policy/sql-class.js'
import { ConnectionCommand, PING } from './connection-command.js'
import { requestOf } from './make-command.js'
import type { Session } from './session.js'
import { requestAtCall } from './statement-request.js'

/** Why nothing more can run in a transaction. */
export interface TransactionEnd extends TransactionFailure {
  readonly cause: unknown
}

/**
 * One attempt at a transaction, on one session. Its statements run one after the other, each only while the transaction is known to
 * be open: behind a deadlock that was swallowed the rest would run in autocommit.
 */
export class OpenTransaction {
  readonly #cluster: Cluster
  readonly #session: Session
  readonly #holder: Holder
  #end: TransactionEnd | undefined
  /** COMMIT or ROLLBACK has had its turn: what is issued behind it would run in autocommit. */
  #isClosed = false
  /** An error brings no flags: whether the transaction has outlived it must be asked. */
  #isInDoubt = false
  /** The last lock wait that timed out: it has undone its statement, and leaves the rest to whoever sees it. */
  #lockWait: unknown
  /** A procedure was called: its flags do not tell what it has committed, when it has begun again. */
  #hasCalled = false
  /** The end of the statement issued last. */
  #tail: Promise<unknown> = Promise.resolve()
  #savepoints = 0

  constructor(cluster: Cluster, session: Session, holder: Holder) {
    this.#cluster = cluster
    this.#session = session
    this.#holder = holder
  }

  /** What ended it before its time; undefined while it is open. */
  get end(): TransactionEnd | undefined {
    return this.#end
  }

  /** What an error that ended the function says of the transaction, once that is rolled back. */
  failureBy(error: unknown): TransactionFailure {
    if (this.#end !== undefined) return this.#end
    if (this.#lockWait !== undefined && isMadeOf(error, this.#lockWait))
      return { kind: 'rolled-back', outcome: this.#afterCalls('rolled-back', 'rolled-back', error) }
    return { kind: classifyError(error), outcome: undefined }
  }

  /** Where it runs, and as which thread there. */
  get place(): { readonly instance: string; readonly threadId: number | null } | undefined {
    const { lease } = this.#holder
    return lease === undefined
      ? undefined
      : { instance: lease.lender.id, threadId: lease.core.threadId }
  }

  /** Opens it. The connection is bound from here on. */
  async begin(texts: readonly string[], options: StatementOptions): Promise<void> {
    for (const sql of texts) await this.#issue('query', { sql, aurora: options }, undefined)
  }

  /** Runs one statement of the application, once those before it have ended. */
  run(method: 'query' | 'execute', sql: unknown, values: unknown): Promise<unknown> {
    refuseControl(this.#classOf(sql))
    const asked = requestAtCall(method, requestOf(sql), values)
    const own = ownValues(method, asked.values)
    return this.#next(() => this.#runInside(method, asked.sql, own))
  }

  /** A name that is used once in this transaction. */
  savepointName(): string {
    return `aurora_mysql2_${++this.#savepoints}`
  }

  /** SAVEPOINT and its kin: what `run` refuses to applications. */
  control(sql: string): Promise<unknown> {
    return this.#next(() => this.#runInside('query', sql, undefined))
  }

  /** Commits what is open, once everything issued has ended. */
  commit(): Promise<void> {
    return this.#next(async () => {
      this.#isClosed = true
      await this.#resolveDoubt()
      try {
        await this.#issue('query', 'COMMIT', undefined)
      } catch (error) {
        this.#noteError(error, this.#holder.hasChanges)
        throw error
      }
    })
  }

  /** Undoes it, once everything issued has ended. Where the connection is lost the server does it. */
  async rollBack(): Promise<void> {
    await this.#next(async () => {
      this.#isClosed = true
      if (!this.#holder.isDead && this.#holder.lease !== undefined)
        await this.#issue('query', 'ROLLBACK', undefined)
    }).catch(ignore)
  }

  /** Runs something of our own on its connection, past the checks; it must leave the transaction as it was. */
  ask(sql: string, values: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Lost since: it must not run on another connection, outside of the transaction.
      if (this.#holder.lease === undefined) return reject(closedStateError())
      this.#cluster.run(
        new ConnectionCommand<unknown>(
          this.#cluster,
          PING,
          this.#holder,
          (on, done) => void on.query(sql, values, (error, rows) => done(error, rows, rows)),
          (error, rows) => (error === null ? resolve(rows) : reject(error)),
        ),
      )
    })
  }

  /** Something was written by `ask`: a COMMIT makes it visible. */
  noteChanges(): void {
    this.#holder.hasChanges = true
  }

  /** What it left on its connection is not for others: the connection is closed when it is released. */
  spoil(): void {
    this.#holder.leavesState = true
  }

  /** Gives the connection back. */
  release(): void {
    this.#session.release()
  }

  #classOf(sql: unknown): SqlClass {
    const text = typeof sql === 'object' && sql !== null ? (sql as { sql?: unknown }).sql : sql
    return this.#cluster.classifier.classify(typeof text === 'string' ? text : '')
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(ignore)
    return result
  }

  async #runInside(method: 'query' | 'execute', sql: unknown, values: unknown): Promise<unknown> {
    if (this.#isClosed) throw this.#endedError()
    await this.#resolveDoubt()
    this.#hasCalled ||= this.#classOf(sql).isCall
    try {
      const answer = await this.#issue(method, sql, values)
      this.#checkFlags()
      return answer
    } catch (error) {
      this.#noteError(error, this.#classOf(sql).mayCommit)
      throw error
    }
  }

  /** Asks for the flags where they are not known, and refuses to go on when the transaction is over. */
  async #resolveDoubt(): Promise<void> {
    if (this.#isInDoubt && this.#end === undefined) {
      this.#isInDoubt = false
      try {
        await this.ask('DO 0', [])
        this.#checkFlags()
      } catch (error) {
        this.#noteError(error, false)
      }
    }
    if (this.#end !== undefined) throw this.#endedError()
  }

  /** Every OK packet tells whether a transaction is open. A procedure may have committed, or rolled back. */
  #checkFlags(): void {
    if (this.#holder.lease?.isInTransaction === true || this.#end !== undefined) return
    this.#end = { kind: 'ordinary', outcome: 'unknown', cause: undefined }
  }

  #noteError(error: unknown, mayCommit: boolean): void {
    if (this.#end !== undefined) return
    const kind = classifyError(error)
    const isLockWait = (error as { errno?: unknown } | null)?.errno === LOCK_WAIT_TIMEOUT
    if (isLockWait) this.#lockWait = error
    const outcome = isLockWait ? undefined : outcomeOf(error, kind, mayCommit)
    if (outcome === undefined) this.#isInDoubt = true
    else this.#end = { kind, outcome: this.#afterCalls(outcome, kind, error), cause: error }
  }

  /** What is rolled back began with the last BEGIN, which may have been a procedure's own, behind a COMMIT. */
  #afterCalls(outcome: Outcome, kind: ErrorKind, error: unknown): Outcome {
    if (outcome !== 'rolled-back' || !this.#hasCalled) return outcome
    const told = (error as { aurora?: ErrorDetail } | null)?.aurora
    describeFailure(error, { ...(told ?? { attempts: 0, waitedMs: 0 }), kind, outcome: 'unknown' })
    return 'unknown'
  }

  #endedError(): AuroraError {
    return endedError(this.#end)
  }

  #issue(method: 'query' | 'execute', sql: unknown, values: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done: ResultCallback = (error, rows, fields) => {
        if (error !== null && error !== undefined) reject(error)
        else resolve([rows, fields])
      }
      this.#session[method](sql, values, done)
    })
  }
}

/** What an error says of the transaction that it was met in. On a plain server nothing is told about a lost connection. */
function outcomeOf(error: unknown, kind: ErrorKind, mayCommit: boolean): Outcome | undefined {
  const told = (error as { aurora?: { outcome?: Outcome } } | null)?.aurora?.outcome
  if (told !== undefined) return told
  if (kind === 'rolled-back') return 'rolled-back'
  const isLost = kind === 'lost' || kind === 'stopping'
  return isLost ? (mayCommit ? 'unknown' : 'rolled-back') : undefined
}

/** By default it undoes the statement alone (MySQL manual, innodb_rollback_on_timeout). */
const LOCK_WAIT_TIMEOUT = 1205

/** Nothing more runs in it. */
export function endedError(end: TransactionEnd | undefined): AuroraError {
  const cause = end?.cause
  const why =
    end === undefined
      ? 'its function has returned'
      : cause === undefined
        ? 'a statement in it has committed or rolled back'
        : `of the error before it (${(cause as { code?: string }).code ?? 'see cause'})`
  const error = new AuroraError(
    'ERR_AURORA_TRANSACTION_ENDED',
    `The transaction is over, because ${why}: nothing more runs in it`,
    cause === undefined ? undefined : { cause },
  )
  if (end === undefined) return error
  const told = (cause as { aurora?: ErrorDetail } | undefined)?.aurora
  const { kind, outcome } = end
  return describeFailure(error, {
    ...(told ?? { attempts: 0, waitedMs: 0 }),
    kind,
    ...(outcome === undefined ? {} : { outcome }),
  })
}

/** Whatever would end the transaction, or begin another, is for `transaction()` alone. */
function refuseControl({ control, mayCommit, isCall }: SqlClass): void {
  const isControl = control !== 'none' && control !== 'savepoint'
  if (!isControl && (!mayCommit || isCall)) return
  throw new AuroraError(
    'ERR_AURORA_TRANSACTION_CONTROL',
    'Inside transaction() a statement that begins, commits or rolls back (BEGIN, COMMIT, ROLLBACK, SET autocommit, DDL, several statements in one text) is refused: return to commit, throw to roll back',
  )
}

function ignore(): void {}
