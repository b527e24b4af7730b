/** A module with the shape of `mysql2/promise`; otherwise as `aurora-mysql2/mysql2`. */
import type mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { type AuroraPoolOptions, makePool } from '../pool/create-pool.js'
import * as callbacks from './mysql2.js'

export * from 'mysql2/promise'

type WithPromise = { readonly Promise?: PromiseConstructor }

/** mysql2's typings leave these classes out. */
const classes = mysqlPromise as unknown as {
  readonly PromiseConnection: new (
    core: mysql.Connection,
    promiseImpl?: PromiseConstructor,
  ) => mysqlPromise.Connection
  readonly createPoolCluster: (options?: object) => { readonly constructor: unknown }
}

/** mysql2 does not export this one; every cluster that it makes has it. */
const PromisePoolCluster = classes.createPoolCluster({}).constructor as new (
  core: mysql.PoolCluster,
  promiseImpl?: PromiseConstructor,
) => mysqlPromise.PoolCluster

/** As `createAuroraPool` of `aurora-mysql2/promise`, under mysql2's name. */
export function createPool(options: AuroraPoolOptions | string): mysqlPromise.Pool {
  const { Promise: promiseImpl } = options as WithPromise
  return makePool(options, undefined).promise(promiseImpl) as unknown as mysqlPromise.Pool
}

/** As `createConnection` of `aurora-mysql2/mysql2`; resolves once connected. */
export function createConnection(
  options: AuroraPoolOptions | string,
): Promise<mysqlPromise.Connection> {
  const core = callbacks.createConnection(options)
  const PromiseImpl = (options as WithPromise).Promise ?? Promise
  return new PromiseImpl((resolve, reject) => {
    core.once('connect', () => resolve(new classes.PromiseConnection(core, PromiseImpl)))
    core.once('error', reject)
  })
}

/** As mysql2's `createPoolCluster`, over pools of ours. */
export function createPoolCluster(options?: mysql.PoolClusterOptions): mysqlPromise.PoolCluster {
  return new PromisePoolCluster(
    callbacks.createPoolCluster(options),
    (options as WithPromise | undefined)?.Promise,
  )
}

const replaced = { createPool, createConnection, createPoolCluster }

// biome-ignore lint/style/noDefaultExport: mysql2/promise is used by its default import too
export default Object.defineProperties(
  {},
  {
    ...Object.getOwnPropertyDescriptors(mysqlPromise),
    ...Object.getOwnPropertyDescriptors(replaced),
  },
) as typeof mysqlPromise & typeof replaced
