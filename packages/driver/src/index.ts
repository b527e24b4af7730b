import type mysql from 'mysql2'
import type * as mysqlPromise from 'mysql2/promise'
import type { AuroraOptions } from './contract/options.js'
import type { AuroraControl } from './pool/aurora-control.js'
import type { RunTransaction } from './pool/aurora-transaction.js'
import { type AuroraPoolOptions, makePool } from './pool/create-pool.js'

/** A mysql2 pool in the callback API, with `aurora` beside mysql2's members. */
export type AuroraPool = mysql.Pool & {
  readonly aurora: AuroraControl
  /** Runs a function in a transaction, and again when that is known not to have been committed. */
  readonly transaction: RunTransaction
  /** The same pool with everything sent to the writer. */
  readonly writer: AuroraPool
  /** The same pool with everything sent to readers; what a reader refuses fails. */
  readonly reader: AuroraPool
}

/**
 * Makes a mysql2 pool (callback API) that knows the Aurora cluster behind its host: reads go to readers, everything else to the
 * writer, and a failover is a pause.
 *
 * @param target mysql2's PoolOptions with `aurora` beside them, a `mysql://` URI, or a mysql2 pool that exists already
 * @param aurora our options, where `target` has no place for them
 * @throws AuroraError `ERR_AURORA_OPTION` for an option that is unknown or not what it should be
 */
export function createAuroraPool(
  target: AuroraPoolOptions | string | mysql.Pool | mysqlPromise.Pool,
  aurora?: AuroraOptions,
): AuroraPool {
  return makePool(target, aurora) as unknown as AuroraPool
}

export type { DrainOptions, SessionOptions } from './contract/control-options.js'
export type { ErrorDetail } from './contract/error-detail.js'
export { AuroraError, type AuroraErrorCode } from './contract/errors.js'
export type {
  AuroraEventMap,
  AuroraEventName,
  FailoverReason,
  FenceReason,
} from './contract/events.js'
// For everyone.
export type { AuroraOptions, PasswordTarget } from './contract/options.js'
export type { StatementOptions } from './contract/statement-options.js'
export type { StatementTrace } from './contract/statement-trace.js'
export type { TransactionOptions } from './contract/transaction-options.js'
export type { Endpoint } from './model/endpoint.js'
export type { Instance, Role, Topology, TopologyChange } from './model/topology.js'
export type { AuroraControl } from './pool/aurora-control.js'
export type { AuroraTransaction } from './pool/aurora-transaction.js'
export type { ClusterStats, InstanceStats } from './pool/cluster-stats.js'
export type { AuroraPoolOptions } from './pool/create-pool.js'
export { session } from './pool/run-session.js'
