import mysql from 'mysql2'
import { copyOptions } from '../contract/copy-options.js'
import { type AuroraPoolOptions, makePool } from '../pool/create-pool.js'
import { PoolCluster } from '../pool/pool-cluster.js'
import { shareEngine } from '../pool/shared-engines.js'
import { SingleConnection } from '../pool/single-connection.js'

/** As `createAuroraPool`, under mysql2's name. */
export function createPool(options: AuroraPoolOptions | string): mysql.Pool {
  return makePool(options, undefined) as unknown as mysql.Pool
}

/**
 * A connection for somebody else's pool: statements are routed one by one, and between them it holds nothing. Equal targets share one
 * cluster.
 */
export function createConnection(options: AuroraPoolOptions | string): mysql.Connection {
  // No options at all are refused in mysql2's own words, before anything is opened.
  if (options === null || options === undefined) return mysql.createConnection(options)
  const target = typeof options === 'string' ? { uri: options } : copyOptions(options)
  const { typeCast } = target
  const isFunction = typeof typeCast === 'function'
  if (isFunction) delete target.typeCast
  const connection = new SingleConnection(shareEngine(target), isFunction ? typeCast : undefined)
  return connection as unknown as mysql.Connection
}

/** As mysql2's `createPoolCluster`, over pools of ours. */
export function createPoolCluster(options?: mysql.PoolClusterOptions): mysql.PoolCluster {
  return new PoolCluster(options) as unknown as mysql.PoolCluster
}
