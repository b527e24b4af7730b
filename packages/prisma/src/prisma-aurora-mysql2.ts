import type {
  ConnectionInfo,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import { type AuroraPoolOptions, createAuroraPool } from 'aurora-mysql2/promise'
import type mysql from 'mysql2'
import type { Pool } from 'mysql2/promise'
import { Adapter } from './adapter.js'
import { connectionInfoOf, type KnownInfo } from './connection-info.js'
import { ADAPTER_NAME } from './statements.js'

/** How Prisma uses the pool. */
export interface PrismaAuroraMysql2Options {
  /**
   * The database that Prisma writes before its tables' names.
   * @default none: that of the connection
   */
  readonly database?: string
  /**
   * Whether the server can join relations by itself, for schemas with Prisma's preview feature `relationJoins`.
   * @default asked of the server once, when the first client connects
   */
  readonly relationJoins?: boolean
}

/**
 * A driver adapter for Prisma over an aurora-mysql2 pool: `new PrismaClient({ adapter: new PrismaAuroraMysql2(…) })`.
 */
export class PrismaAuroraMysql2 implements SqlDriverAdapterFactory {
  readonly provider = 'mysql'
  readonly adapterName = ADAPTER_NAME
  readonly #open: () => { readonly pool: Pool; readonly end: () => Promise<void> }
  readonly #known: KnownInfo
  #info: ConnectionInfo | undefined

  /**
   * @param target a pool, callback or promise, which stays open when the client disconnects: one of `createAuroraPool()`, its `reader` or
   *   `writer`, or one of plain mysql2. Or what `createAuroraPool()` takes, options or a `mysql://` URI: each client then has a pool of its
   *   own, which ends when the client disconnects
   */
  constructor(
    target: AuroraPoolOptions | string | mysql.Pool | Pool,
    options: PrismaAuroraMysql2Options = {},
  ) {
    this.#known = { database: options.database, relationJoins: options.relationJoins }
    if (isPool(target)) {
      const pool = inPromises(target)
      this.#open = () => ({ pool, end: async () => {} })
    } else {
      this.#open = () => {
        const pool = createAuroraPool(target)
        return { pool, end: () => pool.end() }
      }
    }
  }

  /** Called by Prisma before a client's first statement, and by `$connect()`. */
  async connect(): Promise<SqlDriverAdapter> {
    const { pool, end } = this.#open()
    try {
      this.#info ??= await connectionInfoOf(pool, this.#known)
    } catch (error) {
      await end()
      throw error
    }
    return new Adapter(pool, this.#info, end)
  }
}

function isPool(target: object | string): target is mysql.Pool | Pool {
  return typeof target === 'object' && 'getConnection' in target
}

function inPromises(pool: mysql.Pool | Pool): Pool {
  return 'promise' in pool && typeof pool.promise === 'function' ? pool.promise() : (pool as Pool)
}
