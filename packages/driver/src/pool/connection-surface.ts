import type { EventEmitter } from 'node:events'
import mysql from 'mysql2'
import type { Cluster } from '../cluster/cluster.js'
import { Holder } from '../cluster/holder.js'
import type { Statement } from '../cluster/statement.js'
import type { Work } from '../cluster/work.js'
import type {
  Command,
  ConnectionConfig,
  CoreConnection,
  PreparedHandle,
  ResultCallback,
} from '../contract/mysql2.js'
import { lostError } from '../io/connection.js'
import type { SqlClass } from '../policy/sql-class.js'
import { checkBindValues } from './bind-values.js'
import { CHANGES_SESSION, type CommandDone, ConnectionCommand, PING } from './connection-command.js'
import { ConnectionView } from './connection-view.js'
import { formatText } from './format-text.js'
import { makeCommand, requestOf } from './make-command.js'
import { prepareInSession } from './prepared-statement.js'
import { StatementQueue } from './statement-queue.js'
import { makeStatement } from './statement-request.js'

type Done = (error: Error | null) => void

/** What a mysql2 connection can be asked to run, over whichever physical connection suits. */
export abstract class ConnectionSurface extends ConnectionView {
  // Private by `#`, so that they do not show among the own keys of what looks like a mysql2 connection.
  readonly #cluster: Cluster
  readonly #holder: Holder
  readonly #queue: StatementQueue
  /** To whom belongs what is refused. */
  #refused: Holder | undefined
  /** The connection of which the thread id was told last. */
  #told: CoreConnection | undefined
  #hasEnded = false

  constructor(cluster: Cluster, holder: Holder) {
    super()
    this.#cluster = cluster
    this.#holder = holder
    this.#queue = new StatementQueue(cluster)
    holder.listener = this
  }

  /** What bound it to its connection is lost with that: told as mysql2 tells the loss of a connection. */
  onSessionLost(error: Error): void {
    process.nextTick(() => {
      if ((error as { code?: unknown }).code === 'PROTOCOL_CONNECTION_LOST') this.#emitEnd()
      if (this.listenerCount('error') > 0) this.emit('error', error)
    })
  }

  protected get cluster(): Cluster {
    return this.#cluster
  }

  protected get holder(): Holder {
    return this.#holder
  }

  protected get queue(): StatementQueue {
    return this.#queue
  }

  /** What is issued now belongs to this one. */
  protected get issuer(): Holder {
    return this.#refused ?? this.#holder
  }

  /** Runs it when what was issued before has ended. */
  protected enqueue(work: Work): void {
    if (this.#refused === undefined) this.#queue.push(work)
    else this.#cluster.run(work)
  }

  /** From now on whatever is issued is refused, as mysql2 does behind its `end()`, also while what was issued before still runs. */
  protected refuseMore(): void {
    this.#refused ??= deadHolder()
  }

  protected get takesNoMore(): boolean {
    return this.#refused !== undefined
  }

  query(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    return this.#issue('query', sql, values, callback)
  }

  execute(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    checkBindValues(sql, values, this.poolConfig.namedPlaceholders)
    return this.#issue('execute', sql, values, callback)
  }

  /** As `query` and `execute`, for the promise API, which shows nobody a command. */
  run(method: 'query' | 'execute', sql: unknown, values: unknown, done: ResultCallback): void {
    if (method === 'execute') checkBindValues(sql, values, this.poolConfig.namedPlaceholders)
    try {
      const { cluster, issuer } = this
      const asked = requestOf(sql)
      this.#enqueue(makeStatement(cluster, method, asked, values, issuer, undefined, done))
    } catch (error) {
      process.nextTick(done, error)
    }
  }

  prepare(
    options: unknown,
    callback?: (error: Error | null, statement?: PreparedHandle) => void,
  ): EventEmitter {
    const session = {
      cluster: this.cluster,
      config: this.poolConfig,
      typeCast: this.typeCast,
      issuer: () => this.issuer,
      enqueue: (work: Work) => this.enqueue(work),
      unprepareInTurn: (sql: unknown) => this.#queue.inTurn(() => void this.unprepare(sql)),
    }
    return prepareInSession(session, options, callback)
  }

  unprepare(sql: unknown): unknown {
    return this.#holder.prepared?.unprepare(sql)
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

  ping(callback?: Done): EventEmitter {
    // mysql2 tells nothing but errors.
    const done = (error: Error | null): void => {
      if (error === null) (callback as () => void)()
      else callback?.(error)
    }
    const run = (core: CoreConnection, ended: CommandDone<undefined>): void => void core.ping(ended)
    return this.#command(PING, run, callback === undefined ? undefined : done)
  }

  reset(callback?: Done): EventEmitter {
    return this.#command(CHANGES_SESSION, (core, done) => void core.reset?.(done), callback)
  }

  changeUser(options: unknown, callback?: Done): EventEmitter {
    const done = typeof options === 'function' ? (options as Done) : callback
    const given = typeof options === 'function' ? {} : ownLogin(options)
    // Another user's connection is for nobody else; no reset brings the own user back.
    const isOther = Object.keys(given).length > 0
    const run = (core: CoreConnection, ended: CommandDone<undefined>): void => {
      const { lease } = this.holder
      if (isOther && lease !== undefined) lease.isSpent = true
      core.changeUser(given, ended)
    }
    return this.#command(CHANGES_SESSION, run, done)
  }

  pause(): void {
    this.core?.pause()
  }

  resume(): void {
    this.core?.resume()
  }

  /** Whoever reads it may send a KILL later: `config` stays that of the same connection, and `ThreadTellings` knows whom it meant. */
  override get threadId(): number | null {
    const { core, cluster, holder } = this
    if (core === undefined) return this.isOver ? (this.#told?.threadId ?? null) : null
    this.#told = core
    if (core.threadId !== null) cluster.tellings.tell(holder, core.threadId)
    return core.threadId
  }

  /** Of `config`, for ourselves: nobody asks where the session is. */
  get withTrace(): boolean {
    return this.poolConfig.trace
  }

  override get config(): ConnectionConfig {
    if (this.#told === undefined) return super.config
    const { threadId, config } = this.#told
    if (threadId !== null && !this.isOver) this.cluster.tellings.tell(this.holder, threadId)
    return config
  }

  /** Closes the connection that is held now; what runs fails, and what is queued never runs. */
  protected tearDown(): void {
    const { holder, cluster } = this
    // Whoever closes it need not be told that it is lost.
    holder.listener = undefined
    holder.isDead = true
    const { lease } = holder
    if (lease !== undefined) {
      this.#told = lease.core
      cluster.tellings.noteDestroyed(holder, lease)
    }
    cluster.tellings.forget(holder)
    holder.lease = undefined
    lease?.cut(lostError('Connection lost: The connection was destroyed.'))
    this.queue.giveUp()
    this.tellEnd()
  }

  /** As mysql2 when the server has closed the connection: behind whatever is told of it. */
  protected tellEnd(): void {
    setImmediate(() => this.#emitEnd())
  }

  protected get core(): CoreConnection | undefined {
    return this.holder.lease?.core
  }

  protected get isOver(): boolean {
    return this.holder.isDead
  }

  /** What mysql2's connection would apply to each statement, where it is not among the pool's own options. */
  protected get typeCast(): unknown {
    return undefined
  }

  #emitEnd(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.emit('end')
  }

  #enqueue(statement: Statement): void {
    this.enqueue(statement)
    statement.keepValues()
  }

  #issue(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    callback: ResultCallback | undefined,
  ): Command {
    const { command, given } = makeCommand(sql, values, callback, this.poolConfig)
    try {
      const { cluster, issuer } = this
      const { sql: asked, values: bound } = given
      const { onResult } = command
      const statement = makeStatement(cluster, method, asked, bound, issuer, command, onResult)
      this.#enqueue(statement)
      const isQueued = statement.attempts === 0
      if (isQueued && method === 'query') command.sql = formatText(command, this.poolConfig)
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
  ): EventEmitter {
    const command = new ConnectionCommand(
      this.cluster,
      sqlClass,
      this.issuer,
      run,
      callback === undefined ? undefined : (error) => callback(error),
    )
    this.enqueue(command)
    return command.emitter
  }
}

/** Whose work nothing runs. */
function deadHolder(): Holder {
  const holder = new Holder(undefined, false)
  holder.isDead = true
  return holder
}

/** mysql2's typings hide the class. */
const { ConnectionConfig: Config } = mysql as unknown as {
  readonly ConnectionConfig: { getCharsetNumber(charset: string): number }
}

/**
 * What `changeUser` was given, as it is at the call.
 *
 * @throws TypeError mysql2's, for a character set that it does not know
 */
function ownLogin(options: unknown): object {
  const { charset } = options as { readonly charset?: string }
  if (charset) Config.getCharsetNumber(charset)
  return { ...(options as object) }
}

// It came with mysql2 3.22, and applications look whether it is there.
if (!('reset' in mysql.Connection.prototype)) {
  Reflect.deleteProperty(ConnectionSurface.prototype, 'reset')
}
