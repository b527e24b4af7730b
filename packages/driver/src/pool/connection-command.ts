import { EventEmitter } from 'node:events'
import type { Holder } from '../cluster/holder.js'
import type { Lease } from '../cluster/instance-pool.js'
import { type Runner, Work } from '../cluster/work.js'
import type { CoreConnection, OkResult } from '../contract/mysql2.js'
import { throwAlone } from '../contract/throw-alone.js'
import { type Connection, type LossListener, lostError } from '../io/connection.js'
import type { SqlClass } from '../policy/sql-class.js'

/** Runs where the session is, and leaves nothing: `ping`. */
export const PING: SqlClass = Object.freeze({
  intent: 'session',
  isRepeatable: true,
  pins: false,
  setsState: false,
  control: 'none',
  isSingle: true,
  isCall: false,
  mayCommit: false,
  hint: undefined,
  hintError: undefined,
})

/** `reset` and `changeUser` leave a connection that nobody else must get as it is, and bind the session: to the writer, since it may write. */
export const CHANGES_SESSION: SqlClass = Object.freeze({
  ...PING,
  intent: 'write',
  isRepeatable: false,
  pins: true,
})

/** What mysql2 calls back with, and the OK packet if there was one: it tells the session's flags. */
export type CommandDone<T> = (error: Error | null | undefined, result?: T, ok?: unknown) => void

/** Something other than `query` and `execute` that a session runs on the connection that it holds. */
export class ConnectionCommand<T> extends Work implements LossListener {
  readonly text = undefined
  readonly hasDelivered = false
  readonly usedLocalInfile = false
  #hasStarted = false
  readonly #run: (core: CoreConnection, done: CommandDone<T>) => void
  readonly #callback: ((error: Error | null, result?: T) => void) | undefined
  /** What its caller holds, as of mysql2's own commands. */
  readonly emitter = new EventEmitter()

  constructor(
    runner: Runner,
    sqlClass: SqlClass,
    holder: Holder,
    run: (core: CoreConnection, done: CommandDone<T>) => void,
    callback: ((error: Error | null, result?: T) => void) | undefined,
  ) {
    super(runner, sqlClass, undefined, holder, undefined)
    this.#run = run
    this.#callback = callback
  }

  override get hasCallback(): boolean {
    return this.#callback !== undefined
  }

  get wasSent(): boolean {
    return this.#hasStarted
  }

  begin(lease: Lease): void {
    if (lease.isDead)
      return this.runner.failed(
        this,
        lostError('Connection lost: The server closed the connection.'),
      )
    this.#hasStarted = true
    lease.lossListener = this
    const done: CommandDone<T> = (error, result, ok) => {
      if (this.lease !== lease) return
      lease.lossListener = undefined
      if (error !== null && error !== undefined) return this.runner.failed(this, error)
      if (typeof ok === 'object' && ok !== null && !Array.isArray(ok)) lease.noteOk(ok as OkResult)
      // mysql2 keeps the answer to these to itself.
      if (this.sqlClass === CHANGES_SESSION) lease.noteReset()
      this.runner.succeeded(this)
      this.#tell(null, result)
    }
    try {
      this.#run(lease.core, done)
    } catch (error) {
      // mysql2 refuses some arguments by throwing.
      process.nextTick(done, error)
    }
  }

  onConnectionLost(error: Error, connection: Connection): void {
    if (this.lease === connection) this.runner.failed(this, error)
  }

  fail(error: unknown): void {
    this.#tell(error as Error)
  }

  /** mysql2 calls some of these back while it reads the answer. */
  #tell(error: Error | null, result?: T): void {
    const { emitter } = this
    try {
      if (this.#callback !== undefined) this.#callback(error, result)
      else if (error !== null && emitter.listenerCount('error') > 0) emitter.emit('error', error)
      emitter.emit('end')
    } catch (thrown) {
      throwAlone(thrown)
    }
  }

  whenReplied(): void {}

  forgetStatement(): void {}
}
