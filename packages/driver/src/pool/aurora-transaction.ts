import type * as mysqlPromise from 'mysql2/promise'
import type { TransactionOptions } from '../contract/transaction-options.js'

/** What the function given to `pool.transaction()` works with: `query` and `execute` as on a mysql2 promise connection. */
export type AuroraTransaction = Pick<mysqlPromise.Connection, 'query' | 'execute'> & {
  /** Which run of the function this is; 1 for the first. */
  readonly attempt: number
  /**
   * A savepoint: what `work` does is undone, alone, when it rejects. While it runs the outer handle takes no statements.
   *
   * @throws AuroraError `ERR_AURORA_TRANSACTION_NESTED` while another one of this handle is under way
   */
  transaction<T>(work: (tx: AuroraTransaction) => T | PromiseLike<T>): Promise<T>
}

/**
 * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects, and runs it again, from the start, when the
 * transaction is known not to have been committed: after a failover, a deadlock, a lock wait that timed out. `work` may therefore
 * run several times; what it does besides the transaction must bear that. With `exactlyOnce` also a COMMIT whose outcome cannot be
 * known is resolved; otherwise its error surfaces with `aurora.outcome` `'unknown'`. So does, without `exactlyOnce`, whatever ends a
 * transaction in which a procedure was called, since that may have committed.
 *
 * Rejects with the error of `work`, or of the statement that failed last, and with an AuroraError:
 * `ERR_AURORA_TRANSACTION_ENDED` when `work` resolved although its transaction had ended before (its `cause` tells why),
 * `ERR_AURORA_TOKEN_TABLE` when the table that `exactlyOnce` needs is missing, `ERR_AURORA_OPTION` for a bad option,
 * `ERR_AURORA_ABORTED` when `signal` was given before it began, or ended a wait.
 */
export type RunTransaction = <T>(
  work: (tx: AuroraTransaction) => T | PromiseLike<T>,
  options?: TransactionOptions,
) => Promise<T>
