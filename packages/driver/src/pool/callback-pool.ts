import type { EventEmitter } from 'node:events'
import mysql from 'mysql2'
import { Cluster } from '../cluster/cluster.js'
import type { Statement } from '../cluster/statement.js'
import type { Command, PoolConfig, ResultCallback } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import { AuroraControl, drainingError } from './aurora-control.js'
import { EventHub } from './event-hub.js'
import { makeCommand } from './make-command.js'
import { PromisePool } from './promise-pool.js'
import { Session } from './session.js'
import { makeStatement } from './statement-request.js'

/** mysql2's Pool takes what its own PoolConfig makes; the typings hide the class. */
const MysqlPool = (
  mysql as unknown as { readonly Pool: new (options: { config: PoolConfig }) => MysqlPoolShape }
).Pool

interface MysqlPoolShape extends EventEmitter {
  config: PoolConfig
  _closed: boolean
}

type EndCallback = (error?: Error | null) => void

/** What tools read of mysql2's queues: how long they are, and what is in them. */
interface QueueView {
  readonly length: number
  get(index: number): unknown
}

/**
 * A mysql2 pool in the callback API, over a cluster. It is a real `mysql.Pool` by `instanceof` and by name; what mysql2's pool does
 * by itself is done by the cluster underneath.
 */
export class CallbackPool extends MysqlPool {
  /** Events, topology, figures, sessions: everything that mysql2's pool has no name for. */
  declare readonly aurora: AuroraControl
  readonly #cluster: Cluster
  readonly #sessions = new Set<Session>()
  #isDraining = false
  readonly #onReturned: (() => void)[] = []

  constructor(config: PoolConfig, options: ResolvedOptions) {
    // mysql2's constructor arms a timer that holds the process when `maxIdle` is below the limit; our own sweep does its work.
    const { maxIdle } = config
    config.maxIdle = Number.POSITIVE_INFINITY
    super({ config })
    config.maxIdle = maxIdle
    const hub = new EventHub()
    this.#cluster = new Cluster(config, options, hub.emit, {
      onConnection: (core) => {
        if (this.listenerCount('connection') > 0) this.emit('connection', core)
      },
      onEnqueue: () => {
        if (this.listenerCount('enqueue') > 0) this.emit('enqueue')
      },
    })
    this.#showQueues()
    Object.defineProperty(this, 'aurora', {
      value: new AuroraControl(this.#cluster, hub, {
        get _closed() {
          return pool._closed
        },
        get sessionsOut() {
          return pool.#sessions.size
        },
        refuseNewWork: () => {
          this.#isDraining = true
        },
        whenReturned: () => this.#whenReturned(),
        end: (done) => this.end(done),
      }),
    })
    const pool = this
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
    let statement: Statement
    try {
      if (this.#isDraining && !this._closed) throw drainingError()
      statement = makeStatement(this.#cluster, method, sql, values, undefined, command, callback)
    } catch (error) {
      process.nextTick(() => {
        if (callback !== undefined) callback(error as Error)
        else command?.emit('error', error)
      })
      return
    }
    this.#cluster.run(statement)
  }

  getConnection(done: (error: unknown, session?: Session) => void): void {
    if (this._closed) return process.nextTick(done, new Error('Pool is closed.'))
    if (this.#isDraining) return process.nextTick(done, drainingError())
    const session = new Session(this.#cluster, {
      _closed: this._closed,
      config: this.config,
      onReleased: (released) => this.#returned(released),
    })
    this.#sessions.add(session)
    session.open((error) => {
      if (error !== null) {
        this.#returned(session)
        done(error)
        return
      }
      if (this.listenerCount('acquire') > 0) this.emit('acquire', session)
      done(null, session)
    })
  }

  releaseConnection(connection: unknown): void {
    if (connection instanceof Session) connection.release()
  }

  end(callback?: EndCallback): void {
    const done = callback ?? (() => {})
    if (this._closed) return process.nextTick(done)
    this._closed = true
    this.#cluster.stop()
    // What is queued on a session runs before its connection is closed, as in mysql2.
    let left = 1
    const close = (): void => {
      if (--left === 0) this.#cluster.close(() => done(undefined))
    }
    for (const session of this.#sessions) {
      left++
      session.drain(close)
    }
    close()
  }

  [Symbol.dispose](): void {
    if (!this._closed) this.end()
  }

  promise(promiseImpl?: PromiseConstructor): PromisePool {
    return new PromisePool(this, promiseImpl)
  }

  #returned(session: Session): void {
    if (!this.#sessions.delete(session)) return
    if (this.listenerCount('release') > 0 && !this._closed) this.emit('release', session)
    if (this.#sessions.size > 0) return
    for (const resolve of this.#onReturned.splice(0)) resolve()
  }

  #whenReturned(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onReturned.push(resolve)
    })
  }

  /** Metrics agents read these lengths from a mysql2 pool; they tell the truth over all instances. */
  #showQueues(): void {
    const members = this.#cluster.members
    const sum = (count: 'open' | 'idle' | 'waiting'): number => {
      let total = 0
      for (const pool of members.all()) total += pool[count]
      return total
    }
    const all = (): unknown[] =>
      [...members.all()].flatMap((pool) => [...pool.leases].map(({ core }) => core))
    const show = (name: string, length: () => number, items: () => unknown[]): void => {
      const view: QueueView = {
        get length() {
          return length()
        },
        get: (index) => items()[index],
      }
      Object.defineProperty(this, name, { value: view, enumerable: true, configurable: true })
    }
    show('_allConnections', () => sum('open'), all)
    show(
      '_freeConnections',
      () => sum('idle'),
      () => [...members.all()].flatMap((pool) => pool.idleCores()),
    )
    show(
      '_connectionQueue',
      () => sum('waiting') + this.#cluster.waiting,
      () => [],
    )
  }
}

Object.defineProperty(CallbackPool, 'name', { value: 'Pool' })
