import type { Command, CoreConnection, OkResult, ResultCallback } from '../contract/mysql2.js'
import { ownValues } from '../contract/own-values.js'
import type { StatementOptions } from '../contract/statement-options.js'
import { throwAlone } from '../contract/throw-alone.js'
import { type Connection, type LossListener, lostError } from '../io/connection.js'
import type { Role } from '../model/topology.js'
import type { SqlClass } from '../policy/sql-class.js'
import type { Context } from './consistency.js'
import type { Holder } from './holder.js'
import type { Lease } from './instance-pool.js'
import type { StatementTracer } from './statement-tracer.js'
import { type Runner, Work } from './work.js'

/** What the caller gave, and where the answer goes. */
export interface StatementRequest {
  readonly method: 'query' | 'execute'
  /** The caller's first argument as it was: a text, or mysql2's options object. */
  readonly sql: unknown
  /** The caller's own, which may change once the call is over: see `keepValues`. */
  values: unknown
  readonly text: string
  readonly sqlClass: SqlClass
  readonly options: StatementOptions | undefined
  readonly holder: Holder | undefined
  readonly context: Context | undefined
  /** Runs something in a context. */
  within(context: Context, what: () => void): void
  /** Where it goes unless it says otherwise: the role of the view that it came through. */
  readonly viewRole: Role | undefined
  /** The command that the caller holds; it only receives, it never runs. */
  readonly command: Command | undefined
  /** Where rows are collected for; undefined: they are emitted on `command` as they come. */
  readonly callback: ResultCallback | undefined
}

/** The same request with another text, which has its values in it. */
export function withText(sql: unknown, text: string): unknown {
  return typeof sql === 'object' && sql !== null ? { ...sql, sql: text, values: undefined } : text
}

/** The right-hand side of an assignment that reads a variable or calls a function means another thing on another connection. */
const DEPENDS_ON_SESSION = /=[^=]*[@(]/

/** One `query` or `execute`. */
export class Statement extends Work implements LossListener {
  readonly text: string
  readonly #request: StatementRequest
  /** mysql2's command of this attempt. */
  #running: Command | undefined
  /** The text with the values in it, as the first attempt sent it. */
  #formatted: string | undefined
  #hasEmitted = false
  /** What an error is made to say before its caller has it. */
  reword: ((error: unknown) => void) | undefined
  /** Somebody traces it. */
  tracer: StatementTracer | undefined

  constructor(runner: Runner, request: StatementRequest) {
    super(runner, request.sqlClass, request.options, request.holder, request.context)
    this.text = request.text
    this.viewRole = request.viewRole
    this.#request = request
  }

  get wasSent(): boolean {
    return this.#running !== undefined && this.#running.next !== null
  }

  override get hasCallback(): boolean {
    return this.#request.callback !== undefined
  }

  get hasDelivered(): boolean {
    if (this.#hasEmitted) return true
    const isSeveral = !this.sqlClass.isSingle || this.sqlClass.isCall
    return isSeveral && this.#running !== undefined && this.#running._rows.length > 0
  }

  get usedLocalInfile(): boolean {
    const stream = this.#running?._localStream
    return stream !== null && stream !== undefined
  }

  override get setting(): string | undefined {
    const { method, values, sqlClass } = this.#request
    const isPlain = method === 'query' && values === undefined
    if (!isPlain || !sqlClass.setsState || !sqlClass.isSingle) return undefined
    return DEPENDS_ON_SESSION.test(this.text) ? undefined : this.text
  }

  override get stateText(): string | undefined {
    if (!this.sqlClass.isSingle) return undefined
    const { method, values } = this.#request
    // With its values in it; a statement prepared with values cannot be repeated as a text.
    const text =
      method === 'query' ? this.#running?.sql : values === undefined ? this.text : undefined
    return text === undefined || DEPENDS_ON_SESSION.test(text) ? undefined : text
  }

  /** At the end of the call that issued it: where its text is still to be made of the caller's values, that is done with a copy. */
  keepValues(): void {
    const request = this.#request
    if (request.method !== 'query' || this.#formatted !== undefined) return
    try {
      request.values = ownValues('query', request.values)
    } catch {
      // A getter that throws: mysql2 says so when it comes to it.
    }
  }

  begin(lease: Lease): void {
    if (this.tracer === undefined) this.#begin(lease)
    else this.tracer.begin(() => this.#begin(lease))
  }

  #begin(lease: Lease): void {
    this.#running = undefined
    if (lease.isDead)
      return this.#fail(lease, lostError('Connection lost: The server closed the connection.'))
    try {
      if (this.#request.callback === undefined) this.#emitFrom(lease)
      else this.#callBackFrom(lease)
    } catch (error) {
      // mysql2 refuses some arguments by throwing; the connection has not been touched.
      process.nextTick(() => this.#fail(lease, error as Error))
    }
  }

  onConnectionLost(error: Error, connection: Connection): void {
    this.#fail(connection, error)
  }

  fail(error: unknown): void {
    this.#tell(() => this.#tellFailure(error))
  }

  #tellFailure(error: unknown): void {
    const { command, callback } = this.#request
    this.reword?.(error)
    this.tracer?.ended(this, error)
    if (callback === undefined) {
      if (command !== undefined) this.#emitFailure(command, error)
    } else {
      try {
        if (this.holder === undefined && this.attempts > 0)
          callback(error as Error, undefined, undefined)
        else callback(error as Error)
      } catch (thrown) {
        throwAlone(thrown)
      }
    }
    emitLast(command, 'end')
  }

  whenReplied(callback: () => void): void {
    this.#running?.once('end', callback)
  }

  forgetStatement(lease: Lease): void {
    const { sql } = this.#request
    lease.core.unprepare(typeof sql === 'string' ? { sql } : sql)
  }

  /** mysql2 calls back in the asynchronous context of the socket; whoever reads in a callback must be known as who has written. */
  #tell(what: () => void): void {
    if (this.context === undefined) what()
    else this.#request.within(this.context, what)
  }

  /** What nobody listens to is lost, as in mysql2 once a command runs. Thrown here, it would end the connection of whoever is next. */
  #emitFailure(command: Command, error: unknown): void {
    const isHeard = command.listenerCount('error') > 0
    if (isHeard && this.attempts > 0) emitLast(command, 'error', error)
    else if (isHeard) command.emit('error', error)
    else if (this.attempts === 0 && this.holder === undefined) {
      process.nextTick(() => command.emit('error', error))
    }
  }

  #start(lease: Lease, callback: ResultCallback | undefined): Command {
    const { method, sql, values } = this.#request
    const { core } = lease
    if (method === 'query') return this.#startQuery(core, callback)
    this.holder?.notePrepared(core)
    return core.execute(sql, values, callback)
  }

  #startQuery(core: CoreConnection, callback: ResultCallback | undefined): Command {
    const { sql, values } = this.#request
    if (this.#formatted !== undefined)
      return core.query(withText(sql, this.#formatted), [], callback)
    const running = core.query(sql, values, callback)
    // The application's own function takes no text that it has made before.
    if (typeof core.config.queryFormat !== 'function') this.#formatted = running.sql
    return running
  }

  #callBackFrom(lease: Lease): void {
    // mysql2 ends a command whose answer breaks the protocol without calling it back.
    lease.lossListener = this
    const running = this.#start(lease, (error, rows, fields) => {
      // mysql2 calls back twice when a connection is lost while a statement is prepared for execution.
      if (this.lease !== lease) return
      lease.lossListener = undefined
      if (error !== null && error !== undefined) return this.runner.failed(this, error)
      this.#noteResult(lease, rows)
      this.runner.succeeded(this)
      this.tracer?.ended(this)
      this.#tell(() => {
        const { command, callback } = this.#request
        if (command !== undefined && command.listenerCount('fields') > 0) {
          command.emit('fields', fields)
        }
        if (callback !== undefined) this.#callBack(callback, rows, fields)
        emitLast(command, 'end')
      })
    })
    // A connection that mysql2 has closed fails it within the call; it may run on another by now.
    if (this.lease !== lease) return
    this.#running = running
    const { command } = this.#request
    if (command !== undefined) command.sql = running.sql
  }

  /** With as many arguments as mysql2: control-flow libraries put theirs behind them. */
  #callBack(callback: ResultCallback, rows: unknown, fields: unknown): void {
    if (fields === undefined && this.holder !== undefined) callback(null, rows)
    else callback(null, rows, fields)
  }

  #emitFrom(lease: Lease): void {
    const { command } = this.#request
    if (command === undefined)
      throw new TypeError('A statement needs a callback, or a command to emit on')
    let failure: Error | undefined
    let isRowAnswer = false
    const end = (error: Error | undefined): void => {
      if (this.lease !== lease) return
      lease.lossListener = undefined
      if (error !== undefined) return this.runner.failed(this, error)
      this.runner.succeeded(this)
      this.tracer?.ended(this)
      this.#tell(() => emitLast(command, 'end'))
    }
    // mysql2 tells a command without a callback nothing when its connection is lost, be it within the call.
    lease.lossListener = this
    const running = this.#start(lease, undefined)
    if (this.lease !== lease) return
    this.#running = running
    command.sql = running.sql
    command._connection = lease.core
    running.on('fields', (...args: unknown[]) => {
      isRowAnswer = args[0] !== undefined
      if (command.listenerCount('fields') > 0) this.#hasEmitted = true
      this.#tell(() => command.emit('fields', ...args))
    })
    // Once for each row: emitted twice, by an emitter for another, a stream would cost a twentieth more.
    const { emit } = running
    running.emit = (event, ...args) => {
      if (event !== 'result') return emit.call(running, event, ...args)
      const [result, index] = args
      if (!isRowAnswer && isOkResult(result)) lease.noteOk(result)
      this.#hasEmitted ||= command.listenerCount('result') > 0
      if (this.context === undefined) emitResult(command, result, index)
      else this.#request.within(this.context, () => emitResult(command, result, index))
      return true
    }
    running.on('error', (error: Error) => {
      failure = error
      // Of the two errors that mysql2 gives here only its own timeout is not followed by an end.
      if ((error as { code?: string }).code === 'PROTOCOL_SEQUENCE_TIMEOUT') end(error)
    })
    running.on('end', () => end(failure))
  }

  #fail(lease: Connection, error: Error): void {
    if (this.lease === lease) this.runner.failed(this, error)
  }

  #noteResult(lease: Lease, rows: unknown): void {
    if (!Array.isArray(rows)) {
      if (isOkResult(rows)) lease.noteOk(rows)
    } else if (!this.sqlClass.isSingle || this.sqlClass.isCall) {
      const last: unknown = rows[rows.length - 1]
      if (!Array.isArray(last) && isOkResult(last)) lease.noteOk(last)
    }
    // Without autocommit the first statement opens a transaction, and a result set brings no flags.
    if (!lease.isAutocommit) lease.isInTransaction = true
  }
}

/**
 * Tells a command of its end, when its connection may be another's already. What a listener throws is heard by nobody, as in mysql2,
 * which takes it for a fault of that connection.
 */
function emitLast(command: Command | undefined, event: 'end' | 'error', error?: unknown): void {
  try {
    if (event === 'end') command?.emit('end')
    else command?.emit('error', error)
  } catch {}
}

/** As mysql2: an answer without rows has no number. */
function emitResult(command: Command, result: unknown, index: unknown): void {
  if (index === undefined) command.emit('result', result)
  else command.emit('result', result, index)
}

/** By its class name, as query builders do too: a row of a result may have a column called `serverStatus`. */
function isOkResult(value: unknown): value is OkResult {
  return (
    typeof value === 'object' && value !== null && value.constructor?.name === 'ResultSetHeader'
  )
}
