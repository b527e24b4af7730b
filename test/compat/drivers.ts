import { createAuroraPool } from 'aurora-mysql2'
import auroraMysql from 'aurora-mysql2/mysql2'
import auroraMysqlPromise from 'aurora-mysql2/mysql2/promise'
import { createAuroraPool as createAuroraPromisePool } from 'aurora-mysql2/promise'
import { type Cluster, type ClusterOptions, startCluster } from 'aurora-mysql2-simulator'
import mysql, { type Pool, type PoolConnection, type PoolOptions } from 'mysql2'
import mysqlPromise, { type Pool as PromisePool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll } from 'vitest'

/** The four that must behave alike: mysql2 itself, and ours in three settings. */
export const DRIVERS = [
  'mysql2',
  'ours on one instance',
  'ours on three instances, writer only',
  'ours on three instances, split',
] as const

export type DriverName = (typeof DRIVERS)[number]

/** Ours alone. */
export const OURS = DRIVERS.filter((name) => name !== 'mysql2')

/** Options that connect. */
export type Target = PoolOptions & {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly aurora?: object
}

/** Everything that a test needs to use one of the four as an application would. */
export interface Driver {
  readonly name: DriverName
  /** Where to connect to, and as whom; for ours with the key `aurora`. */
  readonly target: Target
  /** A module with mysql2's shape. */
  readonly mysql: typeof mysql
  /** A module with the shape of `mysql2/promise`. */
  readonly mysqlPromise: typeof mysqlPromise
  createPool(options: PoolOptions): Pool
  createPromisePool(options: PoolOptions): PromisePool
}

/** One simulated cluster and the four drivers on it. */
export class Bench {
  readonly cluster: Cluster
  readonly #shared = new Map<DriverName, Promise<Pool>>()
  readonly #pools = new Set<Pool>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  driver(name: DriverName): Driver {
    const target = this.#target(name)
    if (name === 'mysql2') {
      return {
        name,
        target,
        mysql,
        mysqlPromise,
        createPool: (options) => mysql.createPool({ ...target, ...options }),
        createPromisePool: (options) => mysqlPromise.createPool({ ...target, ...options }),
      }
    }
    return {
      name,
      target,
      mysql: auroraMysql as typeof mysql,
      mysqlPromise: auroraMysqlPromise as typeof mysqlPromise,
      createPool: (options) => createAuroraPool({ ...target, ...options }),
      createPromisePool: (options) => createAuroraPromisePool({ ...target, ...options }),
    }
  }

  /** A pool that the file's tests share; it has mysql2's defaults but for the two that are needed to say everything. */
  sharedPool(name: DriverName): Promise<Pool> {
    let pool = this.#shared.get(name)
    if (pool === undefined) {
      pool = this.#ready(this.driver(name).createPool({ multipleStatements: true }))
      this.#shared.set(name, pool)
    }
    return pool
  }

  /** A pool of the test's own; closed when the test is over. */
  pool(name: DriverName, options: PoolOptions = {}): Promise<Pool> {
    const pool = this.driver(name).createPool(options)
    this.#pools.add(pool)
    return this.#ready(pool)
  }

  /** The same in the promise API. */
  async promisePool(name: DriverName, options: PoolOptions = {}): Promise<PromisePool> {
    const pool = this.driver(name).createPromisePool(options)
    this.#pools.add(pool.pool)
    await this.#ready(pool.pool)
    return pool
  }

  async closePools(): Promise<void> {
    const pools = [...this.#pools]
    this.#pools.clear()
    await Promise.all(pools.map(closed))
  }

  async close(): Promise<void> {
    await this.closePools()
    await Promise.all([...this.#shared.values()].map(async (pool) => closed(await pool)))
    await this.cluster.close()
  }

  #target(name: DriverName): Target {
    const { connection, writer } = this.cluster
    const { user, password, database } = connection
    const instance = { host: writer.address, port: writer.port, user, password, database }
    switch (name) {
      case 'mysql2':
      case 'ours on one instance':
        return instance
      case 'ours on three instances, writer only':
        return { ...connection, aurora: { ...connection.aurora, consistency: 'writer' } }
      case 'ours on three instances, split':
        return connection
      default:
        return name satisfies never
    }
  }

  /** Ours only splits once it knows the cluster; before that a test would prove little. */
  async #ready(pool: Pool): Promise<Pool> {
    const { aurora } = pool as { readonly aurora?: { ready(): Promise<void> } }
    await aurora?.ready()
    return pool
  }
}

/** Starts the file's cluster. It is closed, with its pools, when the file is done. */
export function useBench(
  options: ClusterOptions = {},
  prepare: (cluster: Cluster) => Promise<void> = async () => {},
): () => Bench {
  let bench: Bench | undefined
  beforeAll(async () => {
    const cluster = await startCluster({
      storage: 'mysqld',
      ...options,
      timings: { lagMs: 5, ...options.timings },
    })
    bench = new Bench(cluster)
    await prepare(cluster)
  })
  afterEach(() => bench?.closePools())
  afterAll(() => bench?.close())
  return () => {
    if (bench === undefined) throw new Error('The cluster has not been started')
    return bench
  }
}

/** A session of a pool in the callback API. */
export function connectionOf(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)))
  })
}

function closed(pool: Pool): Promise<void> {
  return new Promise((resolve) => pool.end(() => resolve()))
}
