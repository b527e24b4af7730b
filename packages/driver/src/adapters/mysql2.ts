/**
 * A module with mysql2's own shape: for anything that takes "a mysql2 module", or for changing one import line.
 * `createPool`, `createConnection` and `createPoolCluster` are ours; everything else is mysql2's.
 */
import mysql from 'mysql2'
import { type AuroraPoolOptions, makePool } from '../pool/create-pool.js'
import { PoolCluster as AuroraPoolCluster } from '../pool/pool-cluster.js'
import { shareEngine } from '../pool/shared-engines.js'
import { SingleConnection } from '../pool/single-connection.js'

export * from 'mysql2'

/** As `createAuroraPool`, under mysql2's name. */
export function createPool(options: AuroraPoolOptions | string): mysql.Pool {
  return makePool(options, undefined) as unknown as mysql.Pool
}

/**
 * A connection for somebody else's pool: statements are routed one by one, and between them it holds nothing. Equal targets share one
 * cluster.
 */
export function createConnection(options: AuroraPoolOptions | string): mysql.Connection {
  const { typeCast, ...rest } = typeof options === 'string' ? { uri: options } : options
  const isFunction = typeof typeCast === 'function'
  const shared = shareEngine(
    isFunction ? rest : { ...rest, ...(typeCast === undefined ? {} : { typeCast }) },
  )
  return new SingleConnection(
    shared,
    isFunction ? typeCast : undefined,
  ) as unknown as mysql.Connection
}

/** As mysql2's `createPoolCluster`, over pools of ours. */
export function createPoolCluster(options?: mysql.PoolClusterOptions): mysql.PoolCluster {
  return new AuroraPoolCluster(options) as unknown as mysql.PoolCluster
}

/** mysql2's other name for `createConnection`. */
export const connect = createConnection

const replaced = { createPool, createConnection, createPoolCluster, connect }

// biome-ignore lint/style/noDefaultExport: mysql2 is used by its default import too
export default Object.defineProperties(
  {},
  { ...Object.getOwnPropertyDescriptors(mysql), ...Object.getOwnPropertyDescriptors(replaced) },
) as typeof mysql & typeof replaced
