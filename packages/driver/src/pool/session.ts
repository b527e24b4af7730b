import { EventEmitter } from 'node:events'
import mysql from 'mysql2'
import { Checkout } from '../cluster/checkout.js'
import type { Cluster } from '../cluster/cluster.js'
import { Holder } from '../cluster/holder.js'
import type { Work } from '../cluster/work.js'
import type {
  Command,
  ConnectionConfig,
  CoreConnection,
  PreparedHandle,
  ResultCallback,
} from '../contract/mysql2.js'
import type { SqlClass } from '../policy/sql-class.js'
import { CHANGES_SESSION, type CommandDone, ConnectionCommand, PING } from './connection-command.js'
import { makeCommand } from './make-command.js'
import { prepareInSession } from './prepared-statement.js'
import { makeStatement } from './statement-request.js'

/** What a session tells the pool that made it. */
export interface SessionOwner {
  readonly _closed: boolean
  readonly config: { readonly connectionConfig: ConnectionConfig }
  onReleased(session: Session): void
}

type Done = (error: Error | null) => void

/**
 * What `getConnection()` hands out: shaped like mysql2's PoolConnection, but a queue over whichever physical connection suits.
 * Statements run in the order issued, one at a time, each routed when its predecessor has ended.
 */
export class Session extends EventEmitter {
  readonly #cluster: Cluster
  readonly #owner: SessionOwner
  readonly #holder = new Holder()
  /** Issued and not begun. */
  readonly #queue: Work[] = []
  #running: Work | undefined
  #isDestroyed = false
  #onDrained: (() => void) | undefined
  _released = false
  lastActiveTime = Date.now()

  constructor(cluster: Cluster, owner: SessionOwner) {
    super()
    this.#cluster = cluster
    this.#owner = owner
  }

  /** Takes the first lease; part of `getConnection()`. */
  open(done: (error: unknown) => void): void {
    this.#cluster.run(new Checkout(this.#cluster, this.#holder, done))
  }

  query(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    return this.#issue('query', sql, values, callback)
  }

  execute(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    return this.#issue('execute', sql, values, callback)
  }

  prepare(
    options: unknown,
    callback: (error: Error | null, statement?: PreparedHandle) => void,
  ): void {
    prepareInSession(this.#cluster, this.#holder, options, callback, (work) => this.#enqueue(work))
  }

  unprepare(sql: unknown): unknown {
    return this.#core?.unprepare(sql)
  }

  beginTransaction(callback?: ResultCallback): Command {
    return this.query('START TRANSACTION', callback)
  }

  commit(callback?: ResultCallback): Command {
    return this.query('COMMIT', callback)
  }

  rollback(callback?: ResultCallback): Command {
    return this.query('ROLLBACK', callback)
  }

  ping(callback?: Done): void {
    this.#command(PING, (core, done) => void core.ping(done), callback)
  }

  reset(callback?: Done): void {
    this.#command(CHANGES_SESSION, resetCore, callback)
  }

  changeUser(options: unknown, callback?: Done): void {
    const done = typeof options === 'function' ? (options as Done) : callback
    const given = typeof options === 'function' ? {} : options
    this.#command(CHANGES_SESSION, (core, ended) => void core.changeUser(given, ended), done)
  }

  connect(callback?: (error: Error | null, session?: this) => void): void {
    if (callback !== undefined) process.nextTick(callback, null, this)
  }

  /** Gives the session back once what it has queued has run. Idempotent. */
  release(): void {
    if (this._released) return
    this._released = true
    this.lastActiveTime = Date.now()
    this.#whenDrained(() => {
      this.#cluster.release(this.#holder)
      this.#owner.onReleased(this)
    })
  }

  /** The pool is being ended: what is queued may run, then `done`. */
  drain(done: () => void): void {
    this.#holder.isDraining = true
    this.#whenDrained(() => {
      this.#holder.isDraining = false
      done()
    })
  }

  /** As in mysql2: `release()` with a warning, unless `gracefulEnd` asks to close for real. */
  end(callback?: Done): void {
    if (this.config.gracefulEnd) {
      this._released = true
      this.#whenDrained(() => {
        if (this.#holder.lease !== undefined) this.#holder.leavesState = true
        this.#cluster.release(this.#holder)
        this.#owner.onReleased(this)
        callback?.(null)
      })
      return
    }
    const warning = new Error(
      'Calling conn.end() to release a pooled connection is deprecated. In next version calling conn.end() will be restored to ' +
        'default conn.end() behavior. Use conn.release() instead.',
    )
    this.emit('warn', warning)
    // biome-ignore lint/suspicious/noConsole: mysql2 prints it, and tools look for it
    console.warn(warning.message)
    this.release()
    callback?.(null)
  }

  /** Closes the connection that is held now; what is queued fails. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this._released = true
    this.#holder.isDead = true
    const { lease } = this.#holder
    this.#holder.lease = undefined
    lease?.cut(
      Object.assign(new Error('Connection lost: The connection was destroyed.'), {
        code: 'PROTOCOL_CONNECTION_LOST',
        fatal: true,
      }),
    )
    if (this.#running !== undefined) this.#cluster.withdraw(this.#running)
    for (const work of this.#queue.splice(0)) this.#cluster.run(work)
    this.#owner.onReleased(this)
  }

  close(): void {
    this.destroy()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  pause(): void {
    this.#core?.pause()
  }

  resume(): void {
    this.#core?.resume()
  }

  get config(): ConnectionConfig {
    return this.#core?.config ?? this.#owner.config.connectionConfig
  }

  /** Of the connection now held: a KILL must hit the right instance. */
  get threadId(): number | null {
    return this.#core?.threadId ?? null
  }

  get stream(): unknown {
    return this.#core?.stream ?? { destroyed: this.#holder.isDead }
  }

  get state(): string {
    return this.#holder.isDead ? 'error' : 'authenticated'
  }

  get authorized(): boolean {
    return !this.#holder.isDead
  }

  get _fatalError(): Error | null {
    return (
      this.#core?._fatalError ??
      (this.#holder.isDead ? new Error('The connection is closed') : null)
    )
  }

  get _protocolError(): Error | null {
    return this.#core?._protocolError ?? null
  }

  get _closing(): boolean {
    return this.#holder.isDead || (this.#core?._closing ?? false)
  }

  /** What pool agents look at to see whether a connection still belongs to its pool. */
  get _pool(): unknown {
    return this.#isDestroyed ? null : this.#owner
  }

  /** Session and statements end before a pool that is being drained ends. */
  get isOut(): boolean {
    return !this._released
  }

  get #core(): CoreConnection | undefined {
    return this.#holder.lease?.core
  }

  #issue(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    callback: ResultCallback | undefined,
  ): Command {
    const { command, given } = makeCommand(
      sql,
      values,
      callback,
      this.#owner.config.connectionConfig,
    )
    try {
      this.#enqueue(
        makeStatement(
          this.#cluster,
          method,
          given.sql,
          given.values,
          this.#holder,
          command,
          command.onResult,
        ),
      )
    } catch (error) {
      process.nextTick(() => {
        if (command.onResult !== undefined) command.onResult(error as Error)
        else command.emit('error', error)
      })
    }
    return command
  }

  #command(
    sqlClass: SqlClass,
    run: (core: CoreConnection, done: CommandDone<undefined>) => void,
    callback: Done | undefined,
  ): void {
    this.#enqueue(
      new ConnectionCommand(this.#cluster, sqlClass, this.#holder, run, (error) =>
        callback?.(error),
      ),
    )
  }

  #enqueue(work: Work): void {
    work.onEnded = () => this.#next()
    if (this.#running !== undefined) this.#queue.push(work)
    else this.#run(work)
  }

  #run(work: Work): void {
    this.#running = work
    this.#cluster.run(work)
  }

  #next(): void {
    this.#running = undefined
    const work = this.#queue.shift()
    if (work !== undefined) return this.#run(work)
    const onDrained = this.#onDrained
    this.#onDrained = undefined
    onDrained?.()
  }

  #whenDrained(done: () => void): void {
    if (this.#running === undefined) return done()
    const before = this.#onDrained
    this.#onDrained = () => {
      before?.()
      done()
    }
  }
}

function resetCore(core: CoreConnection, done: CommandDone<undefined>): void {
  if (core.reset === undefined)
    done(new Error('This version of mysql2 has no reset(); it came with 3.22.0'))
  else core.reset(done)
}

// `instanceof` and the inherited helpers (format, escape, …) hold without a socket: only the prototype is mysql2's, not the constructor.
Object.setPrototypeOf(Session.prototype, mysql.PoolConnection.prototype)
Object.defineProperty(Session, 'name', { value: 'PoolConnection' })
