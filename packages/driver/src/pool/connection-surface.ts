import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
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
  /** The connection of which the thread id was told last. */
  #told: CoreConnection | undefined

  constructor(cluster: Cluster, holder: Holder) {
    super()
    this.#cluster = cluster
    this.#holder = holder
    this.#queue = new StatementQueue(cluster)
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
      this.queue.push(
        makeStatement(this.cluster, method, requestOf(sql), values, this.holder, undefined, done),
      )
    } catch (error) {
      process.nextTick(done, error)
    }
  }

  prepare(
    options: unknown,
    callback: (error: Error | null, statement?: PreparedHandle) => void,
  ): void {
    const { cluster, holder } = this
    const enqueue = (work: Work): void => this.queue.push(work)
    const core = (): CoreConnection | undefined => this.core
    const session = { cluster, holder, config: this.poolConfig, core, enqueue }
    prepareInSession(session, options, callback)
  }

  unprepare(sql: unknown): unknown {
    return this.core?.unprepare(sql)
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

  override get config(): ConnectionConfig {
    if (this.#told === undefined) return super.config
    const { threadId, config } = this.#told
    if (threadId !== null && !this.isOver) this.cluster.tellings.tell(this.holder, threadId)
    return config
  }

  /** Closes the connection that is held now; what runs fails, and what is queued never runs. */
  protected tearDown(): void {
    const { holder, cluster } = this
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
  }

  protected get core(): CoreConnection | undefined {
    return this.holder.lease?.core
  }

  protected get isOver(): boolean {
    return this.holder.isDead
  }

  #issue(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    callback: ResultCallback | undefined,
  ): Command {
    const { command, given } = makeCommand(sql, values, callback, this.poolConfig)
    try {
      const { onResult } = command
      this.queue.push(
        makeStatement(
          this.cluster,
          method,
          given.sql,
          given.values,
          this.holder,
          command,
          onResult,
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
    this.queue.push(
      new ConnectionCommand(this.cluster, sqlClass, this.holder, run, (error) => callback?.(error)),
    )
  }
}

function resetCore(core: CoreConnection, done: CommandDone<undefined>): void {
  if (core.reset === undefined) {
    done(new Error('This version of mysql2 has no reset(); it came with 3.22.0'))
  } else core.reset(done)
}
