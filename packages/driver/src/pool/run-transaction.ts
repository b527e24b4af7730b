import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import { codeOf } from '../contract/error-code.js'
import { AuroraError, optionError } from '../contract/errors.js'
import type { Emit } from '../contract/events.js'
import type { StatementOptions } from '../contract/statement-options.js'
import {
  type ResolvedTransactionOptions,
  resolveTransactionOptions,
} from '../contract/transaction-options.js'
import { monotonicMs } from '../io/clock.js'
import type { Role } from '../model/topology.js'
import { fullJitterMs } from '../policy/backoff.js'
import { classifyError } from '../policy/classify-error.js'
import { decideTransaction, type TransactionFailure } from '../policy/decide-transaction.js'
import type { OpenTransaction } from './open-transaction.js'
import { TransactionHandle } from './transaction-handle.js'
import { TransactionToken } from './transaction-token.js'

/** Between two attempts: full jitter on this, doubling; deadlocks of a crowd must not meet again. */
const BACK_OFF_BASE_MS = 10
const BACK_OFF_CAP_MS = 1_000

/** What a transaction needs of the pool that it was called on. */
export interface TransactionHost {
  readonly cluster: Cluster
  readonly role: Role | undefined
  readonly withTrace: boolean
  readonly isEnded: boolean
  readonly emit: Emit
  /** Opens a session for statements of this role. */
  open(role: Role | undefined, waiting: StatementOptions): Promise<OpenTransaction>
  /** One more transaction with a token was committed. */
  onTokenUsed(): void
}

type Work<T> = (tx: TransactionHandle) => T | PromiseLike<T>

/** How an attempt ended. */
type Attempt<T> =
  | { readonly type: 'committed'; readonly value: T }
  /** The attempt before had been committed already. */
  | { readonly type: 'applied' }
  /** It had not begun: the function has not run. */
  | { readonly type: 'not-begun'; readonly error: unknown; readonly failure: TransactionFailure }
  | { readonly type: 'failed'; readonly error: unknown; readonly failure: TransactionFailure }

/** A COMMIT, or a statement that may have committed, was sent and not answered. */
interface UnknownOutcome<T> {
  readonly error: unknown
  /** Until then the token is asked for, on the monotonic clock. */
  readonly deadlineMs: number
  /** What the function had returned; undefined while it had not. */
  readonly result: { readonly value: T } | undefined
}

/** Runs `work` in a transaction until it is committed, or must not run again; see `RunTransaction`. */
export async function runTransaction<T>(
  host: TransactionHost,
  work: Work<T>,
  options: unknown,
): Promise<T> {
  if (typeof work !== 'function') throw optionError('work', 'a function', work)
  return new TransactionRun(host, work, resolveTransactionOptions(options)).run()
}

class TransactionRun<T> {
  readonly #host: TransactionHost
  readonly #work: Work<T>
  readonly #options: ResolvedTransactionOptions
  readonly #token: TransactionToken | undefined
  #unknown: UnknownOutcome<T> | undefined
  /** What the function returned in this attempt. */
  #result: { readonly value: T } | undefined

  constructor(host: TransactionHost, work: Work<T>, options: ResolvedTransactionOptions) {
    this.#host = host
    this.#work = work
    this.#options = options
    this.#token = options.exactlyOnce ? new TransactionToken() : undefined
  }

  async run(): Promise<T> {
    if (this.#options.signal?.aborted) throw abortedBefore(this.#options.signal.reason)
    for (let attempt = 1; ; attempt++) {
      const ended = await this.#attempt(attempt)
      switch (ended.type) {
        case 'committed':
          if (this.#token !== undefined) this.#host.onTokenUsed()
          return ended.value
        case 'applied':
          return this.#valueOfApplied()
        case 'not-begun':
        case 'failed':
          this.#decide(ended, attempt)
          await this.#pause(attempt, ended.error)
          break
        default: {
          const unknown: never = ended
          return unknown
        }
      }
    }
  }

  /** One that only reads may run on a reader; any other needs the writer from the start. */
  get #role(): Role | undefined {
    return this.#host.role ?? (this.#options.readOnly ? undefined : 'writer')
  }

  async #attempt(attempt: number): Promise<Attempt<T>> {
    const sinceMs = monotonicMs()
    let transaction: OpenTransaction
    try {
      transaction = await this.#host.open(this.#role, this.#waiting(sinceMs))
    } catch (error) {
      return { type: 'not-begun', error, failure: readOpeningFailure(error) }
    }
    const ended = await this.#attemptOn(transaction, attempt, sinceMs)
    if (this.#token === undefined) transaction.release()
    else void this.#token.release(transaction).then(() => transaction.release())
    return ended
  }

  async #attemptOn(
    transaction: OpenTransaction,
    attempt: number,
    sinceMs: number,
  ): Promise<Attempt<T>> {
    try {
      await transaction.begin(beginTexts(this.#options), this.#waiting(sinceMs))
      if (this.#token !== undefined && (await this.#token.claim(transaction)) === 'applied') {
        await transaction.rollBack()
        return { type: 'applied' }
      }
    } catch (error) {
      await transaction.rollBack()
      return { type: 'not-begun', error, failure: readOpeningFailure(error) }
    }
    // The token was free: whatever was unknown has not been committed, and never will be.
    this.#unknown = undefined
    this.#result = undefined
    const handle = new TransactionHandle(transaction, attempt, this.#host.withTrace)
    try {
      const value = await this.#work(handle)
      this.#result = { value }
      handle.close()
      await transaction.commit()
      return { type: 'committed', value }
    } catch (error) {
      handle.close()
      await transaction.rollBack()
      return { type: 'failed', error, failure: transaction.failureBy(error) }
    }
  }

  /** Goes on, or throws what the caller gets. */
  #decide(ended: { readonly type: string } & Failed, attempt: number): void {
    const { error, failure } = ended
    const { cluster, emit, isEnded, role } = this.#host
    const { maxAttempts, readOnly } = this.#options
    const hasToken = this.#token !== undefined
    const isOnReader = readOnly || role === 'reader'
    const facts = { ...failure, attempt, maxAttempts, isOnReader, hasToken }
    const decision = decideTransaction(facts)
    if (this.#unknown !== undefined) {
      const isHopeless = failure.outcome === undefined || monotonicMs() >= this.#unknown.deadlineMs
      if (isHopeless || isEnded) throw this.#unknown.error
    } else {
      if (decision === 'surface' || isEnded) throw error
      if (decision === 'find-out') {
        const deadlineMs = monotonicMs() + cluster.options.failoverTimeoutMs
        this.#unknown = { error, deadlineMs, result: this.#result }
      }
    }
    emit('transactionRetried', {
      attempt,
      kind: failure.kind,
      code: codeOf(error),
      isUnknown: this.#unknown !== undefined,
    })
  }

  /** The attempt whose outcome was unknown had been committed. */
  #valueOfApplied(): T {
    const { error, result } = this.#unknown ?? {}
    this.#host.onTokenUsed()
    if (result !== undefined) return result.value
    // A procedure committed before the function had ended: part of the work is there, the rest never ran.
    throw error
  }

  async #pause(attempt: number, error: unknown): Promise<void> {
    const { signal } = this.#options
    const ms = fullJitterMs(attempt - 1, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, Math.random)
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(ignore)
    if (signal?.aborted !== true) return
    if (this.#unknown !== undefined) throw this.#unknown.error
    throw abortedBefore(error)
  }

  /** How long an attempt that began then may still wait. */
  #waiting(sinceMs: number): StatementOptions {
    const { waitMs, signal } = this.#options
    return {
      ...(waitMs === undefined ? {} : { waitMs: Math.max(0, waitMs - (monotonicMs() - sinceMs)) }),
      ...(signal === undefined ? {} : { signal }),
    }
  }
}

interface Failed {
  readonly error: unknown
  readonly failure: TransactionFailure
}

function beginTexts({ isolationLevel, readOnly }: ResolvedTransactionOptions): readonly string[] {
  const begin = readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION'
  return isolationLevel === undefined
    ? [begin]
    : [`SET TRANSACTION ISOLATION LEVEL ${isolationLevel}`, begin]
}

/** Before the function has run nothing can have been committed, whatever became of BEGIN. */
function readOpeningFailure(error: unknown): TransactionFailure {
  const kind = classifyError(error)
  switch (kind) {
    case 'lost':
    case 'stopping':
    case 'restarted':
    case 'refused':
    case 'rolled-back':
    case 'stale-handle':
    case 'timeout':
      return { kind, outcome: 'rolled-back' }
    case 'overloaded':
    case 'denied':
    case 'unusable':
    case 'ordinary':
      return { kind, outcome: undefined }
    default: {
      const unknown: never = kind
      return unknown
    }
  }
}

function abortedBefore(cause: unknown): AuroraError {
  const message = 'The signal ended the transaction before an attempt; nothing was committed'
  return new AuroraError('ERR_AURORA_ABORTED', message, { cause })
}

function ignore(): void {}
