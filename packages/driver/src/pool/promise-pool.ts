import type { EventEmitter } from 'node:events'
import mysqlPromise from 'mysql2/promise'
import type { Command, PoolConfig, ResultCallback } from '../contract/mysql2.js'
import type { AuroraControl } from './aurora-control.js'
import { applyStack, captureStack } from './callers-stack.js'
import { requestOf } from './make-command.js'
import type { TransactionHandle } from './transaction-handle.js'

interface MysqlPromisePoolShape extends EventEmitter {
  readonly pool: PoolUnderneath
  readonly Promise: PromiseConstructor
}

/** A session of that pool. */
interface SessionUnderneath {
  promise(promiseImpl: PromiseConstructor): unknown
}

/** What the promise API needs of the callback pool underneath. */
export interface PoolUnderneath extends EventEmitter {
  readonly config: PoolConfig
  readonly _closed: boolean
  readonly aurora: AuroraControl
  readonly writer: PoolUnderneath
  readonly reader: PoolUnderneath
  run(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    command: Command | undefined,
    callback: ResultCallback | undefined,
  ): void
  getConnection(done: (error: unknown, session?: SessionUnderneath) => void): void
  transaction<T>(work: (tx: TransactionHandle) => T | PromiseLike<T>, options?: unknown): Promise<T>
  promise(promiseImpl: PromiseConstructor): PromisePool
  end(callback: (error?: Error | null) => void): void
}

const MysqlPromisePool = (
  mysqlPromise as unknown as {
    readonly PromisePool: new (
      pool: PoolUnderneath,
      promiseImpl?: PromiseConstructor,
    ) => MysqlPromisePoolShape
  }
).PromisePool

/**
 * mysql2's promise pool, by `instanceof` and by name, over ours. `query` and `execute` skip the command object that the callback
 * API must return; everything else is mysql2's own code.
 */
export class PromisePool extends MysqlPromisePool {
  #writer: PromisePool | undefined
  #reader: PromisePool | undefined

  query(sql: unknown, values?: unknown): Promise<unknown> {
    return this.#run('query', sql, values, captureStack(this.#withTrace))
  }

  getConnection(): Promise<unknown> {
    const { pool } = this
    return new this.Promise((resolve, reject) => {
      pool.getConnection((error, session) => {
        if (session === undefined) reject(error)
        else resolve(session.promise(this.Promise))
      })
    })
  }

  execute(sql: unknown, values?: unknown): Promise<unknown> {
    return this.#run('execute', sql, values, captureStack(this.#withTrace))
  }

  /** Runs `work` in a transaction; see `RunTransaction`. */
  transaction<T>(
    work: (tx: TransactionHandle) => T | PromiseLike<T>,
    options?: unknown,
  ): Promise<T> {
    const { pool } = this
    return new this.Promise((resolve, reject) => {
      pool.transaction(work, options).then(resolve, reject)
    })
  }

  /** The same pool, with everything sent to the writer. */
  get writer(): PromisePool {
    this.#writer ??= this.pool.writer.promise(this.Promise)
    return this.#writer
  }

  /** The same pool, with everything sent to readers; what a reader refuses fails. */
  get reader(): PromisePool {
    this.#reader ??= this.pool.reader.promise(this.Promise)
    return this.#reader
  }

  /** Events, topology, figures, sessions: everything that mysql2's pool has no name for. */
  get aurora(): AuroraControl {
    return this.pool.aurora
  }

  get #withTrace(): boolean {
    return this.pool.config.connectionConfig.trace
  }

  #run(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    trace: Error | undefined,
  ): Promise<unknown> {
    const { pool } = this
    if (typeof values === 'function')
      throw new Error('Callback function is not available with promise clients.')
    return new this.Promise((resolve, reject) => {
      pool.run(method, requestOf(sql), values, undefined, (error, rows, fields) => {
        if (error !== null && error !== undefined) {
          applyStack(error, trace)
          reject(error)
        } else resolve([rows, fields])
      })
    })
  }
}
