import type { EventEmitter } from 'node:events'
import mysql from 'mysql2'
import { Holder } from '../cluster/holder.js'
import type { Statement } from '../cluster/statement.js'
import type { Command, PoolConfig, ResultCallback } from '../contract/mysql2.js'
import type { Role } from '../model/topology.js'
import type { AuroraControl } from './aurora-control.js'
import { drainingError } from './control.js'
import type { Engine } from './engine.js'
import { makeCommand } from './make-command.js'
import { PromisePool } from './promise-pool.js'
import { showQueues } from './queue-views.js'
import { Session } from './session.js'
import { makeStatement } from './statement-request.js'
import type { TransactionHandle } from './transaction-handle.js'

/** mysql2's Pool takes what its own PoolConfig makes; the typings hide the class. */
const MysqlPool = (
  mysql as unknown as { readonly Pool: new (options: { config: PoolConfig }) => MysqlPoolShape }
).Pool

interface MysqlPoolShape extends EventEmitter {
  config: PoolConfig
  _closed: boolean
}

type EndCallback = (error?: Error | null) => void

/**
 * A mysql2 pool in the callback API, over a cluster. It is a real `mysql.Pool` by `instanceof` and by name; what mysql2's pool does
 * by itself is done by the cluster underneath.
 */
export class CallbackPool extends MysqlPool {
  readonly #engine: Engine
  /** Where everything goes that comes through this view; undefined on the pool itself: as the text says. */
  readonly #role: Role | undefined
  #writer: CallbackPool | undefined
  #reader: CallbackPool | undefined

  constructor(engine: Engine, role?: Role) {
    const { config } = engine
    // mysql2's constructor arms a timer that holds the process when `maxIdle` is below the limit; our own sweep does its work.
    const { maxIdle } = config
    const owner = config.connectionConfig.pool
    config.maxIdle = Number.POSITIVE_INFINITY
    super({ config })
    config.maxIdle = maxIdle
    if (role !== undefined) config.connectionConfig.pool = owner
    this.#engine = engine
    this.#role = role
    engine.addSurface(this)
    engine.onEnd(() => {
      this._closed = true
    })
    showQueues(this, engine.cluster)
  }

  /** Events, topology, figures, sessions: everything that mysql2's pool has no name for. */
  get aurora(): AuroraControl {
    return this.#engine.control
  }

  /** The same pool, with everything sent to the writer: for `withReplicas`, `replication` and the like. `end()` on it ends the view alone. */
  get writer(): CallbackPool {
    this.#writer ??= new CallbackPool(this.#engine, 'writer')
    return this.#writer
  }

  /** The same pool, with everything sent to readers; what a reader refuses fails. `end()` on it ends the view alone. */
  get reader(): CallbackPool {
    this.#reader ??= new CallbackPool(this.#engine, 'reader')
    return this.#reader
  }

  query(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    const { command, given } = makeCommand(sql, values, callback, this.config.connectionConfig)
    this.run('query', given.sql, given.values, command, command.onResult)
    return command
  }

  execute(sql: unknown, values?: unknown, callback?: ResultCallback): void {
    const done = typeof values === 'function' ? (values as ResultCallback) : callback
    const bound = typeof values === 'function' ? [] : values
    if (done === undefined) {
      const { command, given } = makeCommand(sql, bound, undefined, this.config.connectionConfig)
      this.run('execute', given.sql, given.values, command, undefined)
    } else this.run('execute', sql, bound, undefined, done)
  }

  /** One statement, by itself: the way of `query` and `execute` in both APIs. */
  run(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    command: Command | undefined,
    callback: ResultCallback | undefined,
  ): void {
    const { cluster, isDraining, runner } = this.#engine
    let statement: Statement
    try {
      if (this._closed) throw new Error('Pool is closed.')
      if (isDraining) throw drainingError()
      const role = this.#role
      statement = makeStatement(cluster, method, sql, values, role, command, callback, runner)
    } catch (error) {
      process.nextTick(() => {
        if (callback !== undefined) callback(error as Error)
        else command?.emit('error', error)
      })
      return
    }
    cluster.run(statement)
    statement.keepValues()
  }

  getConnection(done: (error: unknown, session?: Session) => void): void {
    if (this._closed) return process.nextTick(done, new Error('Pool is closed.'))
    if (this.#engine.isDraining) return process.nextTick(done, drainingError())
    this.#engine.openSession(new Holder(this.#role, true), done)
  }

  /** Runs `work` in a transaction; see `RunTransaction`. */
  transaction<T>(
    work: (tx: TransactionHandle) => T | PromiseLike<T>,
    options?: unknown,
  ): Promise<T> {
    if (this._closed) return Promise.reject(new Error('Pool is closed.'))
    if (this.#engine.isDraining) return Promise.reject(drainingError())
    return this.#engine.transaction(this.#role, work, options)
  }

  releaseConnection(connection: unknown): void {
    if (connection instanceof Session) connection.release()
  }

  end(callback?: EndCallback): void {
    const done = callback ?? (() => {})
    this._closed = true
    if (this.#role !== undefined) return process.nextTick(done)
    this.#engine.end(() => done(undefined))
  }

  [Symbol.dispose](): void {
    if (!this._closed) this.end()
  }

  promise(promiseImpl?: PromiseConstructor): PromisePool {
    return new PromisePool(this, promiseImpl)
  }
}

Object.defineProperty(CallbackPool, 'name', { value: 'Pool' })
