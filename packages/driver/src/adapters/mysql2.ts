/**
 * A module with mysql2's own shape: for anything that takes "a mysql2 module", or for changing one import line.
 * What makes pools, connections and pool clusters is ours; everything else is mysql2's.
 */
import mysql from 'mysql2'
import { createConnection, createPool, createPoolCluster } from './callbacks.js'
import * as promises from './promises.js'

export * from 'mysql2'
export { createConnection, createPool, createPoolCluster }

/** mysql2's other name for `createConnection`. */
export const connect = createConnection
/** `createConnection` of `aurora-mysql2/mysql2/promise`. */
export const createConnectionPromise = promises.createConnection
/** `createPool` of `aurora-mysql2/mysql2/promise`. */
export const createPoolPromise = promises.createPool
/** `createPoolCluster` of `aurora-mysql2/mysql2/promise`. */
export const createPoolClusterPromise = promises.createPoolCluster

const replaced = {
  createPool,
  createConnection,
  createPoolCluster,
  connect,
  createConnectionPromise,
  createPoolPromise,
  createPoolClusterPromise,
}

// biome-ignore lint/style/noDefaultExport: mysql2 is used by its default import too
export default Object.defineProperties(
  {},
  { ...Object.getOwnPropertyDescriptors(mysql), ...Object.getOwnPropertyDescriptors(replaced) },
) as typeof mysql & typeof replaced
