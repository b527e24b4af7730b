import type { AuroraPoolOptions } from 'aurora-mysql2'
import { session } from 'aurora-mysql2'
import * as ours from 'aurora-mysql2/mysql2'
import * as oursPromise from 'aurora-mysql2/mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import * as mysql2 from 'mysql2'
import * as mysql2Promise from 'mysql2/promise'

/**
 * How a query builder reaches the cluster: what it is given in one of the two ways, plain mysql2's or ours. Everything else is the
 * same in both, so that a difference is ours.
 */
export interface Access {
  readonly name: 'mysql2' | 'aurora-mysql2'
  /** What a module's `createPool` and `createConnection` take; in our way `aurora` is among it. */
  readonly connection: AuroraPoolOptions & {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  }
  /** A module with mysql2's shape. */
  readonly mysql2: typeof mysql2
  readonly mysql2Promise: typeof mysql2Promise
  /** A pool in the callback API, of `connection` and further options. */
  createPool(options?: AuroraPoolOptions): mysql2.Pool
  /** Runs `work` as one request. With plain mysql2 there is no such thing: it just runs. */
  request<T>(work: () => Promise<T>): Promise<T>
}

/** Plain mysql2 on the cluster endpoint. */
export function plainAccess(cluster: Cluster): Access {
  const connection = cluster.plainConnection
  return {
    name: 'mysql2',
    connection,
    mysql2,
    mysql2Promise,
    createPool: (options) => mysql2.createPool({ ...connection, ...options }),
    request: (work) => work(),
  }
}

/** Ours, with the product's own delays scaled by `aurora`. */
export function ourAccess(cluster: Cluster, aurora: AuroraPoolOptions['aurora']): Access {
  const connection = { ...cluster.connection, aurora: { ...cluster.connection.aurora, ...aurora } }
  return {
    name: 'aurora-mysql2',
    connection,
    mysql2: ours as unknown as typeof mysql2,
    mysql2Promise: oursPromise as unknown as typeof mysql2Promise,
    createPool: (options) => ours.createPool({ ...connection, ...options }),
    request: (work) => session(work),
  }
}
