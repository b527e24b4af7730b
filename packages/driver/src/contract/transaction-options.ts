import { checkAll, isBoolean, isCount, isDuration, isSignal, oneOf } from './checks.js'
import { AuroraError, optionError } from './errors.js'

/** How `pool.transaction(fn, options)` goes about it. */
export interface TransactionOptions {
  /** Sent as SET TRANSACTION before it begins. Readers know only REPEATABLE READ, so that such a transaction runs on the writer. @default the server's */
  readonly isolationLevel?:
    | 'READ UNCOMMITTED'
    | 'READ COMMITTED'
    | 'REPEATABLE READ'
    | 'SERIALIZABLE'
  /** START TRANSACTION READ ONLY: runs on a reader. @default false */
  readonly readOnly?: boolean
  /** How often `fn` is run at most, while each run before is known not to have been committed. @default 5 */
  readonly maxAttempts?: number
  /**
   * Where the outcome of a COMMIT cannot be known, finds out by a token in the table `aurora_mysql2_token`, and runs `fn` again
   * only if it was not committed. @default false
   */
  readonly exactlyOnce?: boolean
  /** How long each attempt may wait for an instance, in milliseconds. @default the pool's `failoverTimeoutMs` */
  readonly waitMs?: number
  /** Ends the wait for an instance, and the wait between two attempts. What has begun is not stopped by it. */
  readonly signal?: AbortSignal
}

/** The options after defaults. */
export interface ResolvedTransactionOptions {
  readonly isolationLevel: TransactionOptions['isolationLevel'] | undefined
  readonly readOnly: boolean
  readonly maxAttempts: number
  readonly exactlyOnce: boolean
  readonly waitMs: number | undefined
  readonly signal: AbortSignal | undefined
}

const defaults: ResolvedTransactionOptions = Object.freeze({
  isolationLevel: undefined,
  readOnly: false,
  maxAttempts: 5,
  exactlyOnce: false,
  waitMs: undefined,
  signal: undefined,
})

const checks = {
  isolationLevel: oneOf('READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'),
  readOnly: isBoolean,
  maxAttempts: isCount(1),
  exactlyOnce: isBoolean,
  waitMs: isDuration(0),
  signal: isSignal,
}

/**
 * Checks the options of one transaction and fills in the defaults.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`
 */
export function resolveTransactionOptions(given: unknown): ResolvedTransactionOptions {
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw optionError('transaction options', 'an object', given)
  }
  checkAll(given, checks, 'Unknown transaction option ', '')
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined)
  const resolved: ResolvedTransactionOptions = { ...defaults, ...Object.fromEntries(chosen) }
  if (resolved.exactlyOnce && resolved.readOnly) {
    const message =
      'Options exactlyOnce and readOnly exclude each other: what only reads may run twice'
    throw new AuroraError('ERR_AURORA_OPTION', message)
  }
  return resolved
}
