import type { ErrorDetail } from './error-detail.js'

/** Codes of the errors that are this library's own. Every other error is mysql2's, untouched. */
export type AuroraErrorCode =
  /** No instance confirmed itself as writer before `aurora.failoverTimeoutMs` (or the statement's `waitMs`). */
  | 'ERR_AURORA_NO_WRITER'
  /** No reader may serve the statement, and `aurora.noReader` is `'fail'`. */
  | 'ERR_AURORA_NO_READER'
  /** The statement's `waitMs` was over before one of the instance's connections became free. */
  | 'ERR_AURORA_NO_CONNECTION'
  /** `aurora.maxWaiting` statements wait already. */
  | 'ERR_AURORA_QUEUE_FULL'
  /** The caller's `signal` ended the wait. */
  | 'ERR_AURORA_ABORTED'
  /** An option, or an option of one statement, is not what it should be. */
  | 'ERR_AURORA_OPTION'
  /** `drain()` is under way, or over: no new work is taken. */
  | 'ERR_AURORA_DRAINING'
  /** A statement inside `transaction()` would begin, commit or roll back; it was not sent. */
  | 'ERR_AURORA_TRANSACTION_CONTROL'
  /** The transaction is over, by an error or because its function has returned: the statement was not sent. */
  | 'ERR_AURORA_TRANSACTION_ENDED'
  /** A handle was used while a nested transaction of it was under way. */
  | 'ERR_AURORA_TRANSACTION_NESTED'
  /** `exactlyOnce` needs the table `aurora_mysql2_token`; the message says how to create it. */
  | 'ERR_AURORA_TOKEN_TABLE'

const brand = Symbol.for('aurora-mysql2.error')

/**
 * An error for a condition that mysql2 has none for. `code` is stable and documented; `cause` is the first error that led here.
 * `instanceof` holds across the ESM and CJS copies of this library in one process.
 */
export class AuroraError extends Error {
  readonly code: AuroraErrorCode
  /** What is known about the statement that failed; as on a mysql2 error that this library surfaces. */
  declare aurora?: ErrorDetail

  constructor(code: AuroraErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'AuroraError'
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** An option that is refused: names the option's path, the type it has and what was expected. Never shows a value. */
export function optionError(path: string, expected: string, value: unknown): AuroraError {
  return new AuroraError(
    'ERR_AURORA_OPTION',
    `Option ${path} must be ${expected}, got ${describeType(value)}`,
  )
}

/** The type of a value in words, never the value itself (it may be a password). */
export function describeType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'number') return value < 0 ? 'a negative number' : 'a number'
  const type = typeof value
  if (type === 'undefined') return type
  return type === 'object' ? 'an object' : `a ${type}`
}
