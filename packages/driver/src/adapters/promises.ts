import type mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { applyStack, captureStack } from '../pool/callers-stack.js'
import { type AuroraPoolOptions, makePool } from '../pool/create-pool.js'
import * as callbacks from './callbacks.js'

type WithPromise = { readonly Promise?: PromiseConstructor }

/** mysql2's typings leave these classes out. */
const classes = mysqlPromise as unknown as {
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
  const trace = captureStack(true)
  const PromiseImpl = (options as WithPromise).Promise ?? Promise
  return new PromiseImpl((resolve, reject) => {
    core.once('connect', () => resolve(core.promise(PromiseImpl) as mysqlPromise.Connection))
    core.once('error', (error) => {
      applyStack(error, trace)
      reject(error)
    })
  })
}

/** As mysql2's `createPoolCluster`, over pools of ours. */
export function createPoolCluster(options?: mysql.PoolClusterOptions): mysqlPromise.PoolCluster {
  const core = callbacks.createPoolCluster(options)
  const cluster = new PromisePoolCluster(core, (options as WithPromise | undefined)?.Promise)
  // mysql2's class calls its own `add`, not that of the cluster underneath.
  Object.defineProperty(cluster, 'add', {
    value: core.add.bind(core),
    configurable: true,
    writable: true,
  })
  return cluster
}
