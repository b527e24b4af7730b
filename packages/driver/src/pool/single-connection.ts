import mysql from 'mysql2'
import { Checkout } from '../cluster/checkout.js'
import { Holder } from '../cluster/holder.js'
import type { Work } from '../cluster/work.js'
import type { Command, ConnectionConfig, ResultCallback } from '../contract/mysql2.js'
import { throwAlone } from '../contract/throw-alone.js'
import { ConnectionSurface } from './connection-surface.js'
import { ConnectionView } from './connection-view.js'
import { standOn } from './mysql2-ancestry.js'
import { PromiseSingleConnection } from './promise-session.js'
import type { SharedEngine } from './shared-engines.js'

type Done = (error?: Error | null) => void

/**
 * What `createConnection()` of the mysql2-shaped module returns. It lives in other people's pools (tarn, sequelize-pool), so it holds
 * a lease only while a statement runs or something binds it. It stays valid over a failover; one whose transaction was lost says so
 * by the fields that those pools look at.
 */
export class SingleConnection extends ConnectionSurface {
  readonly #shared: SharedEngine
  /** Applied per statement, since a function must not keep equal targets from sharing a cluster. */
  readonly #typeCast: unknown
  #connected: 'waiting' | 'yes' | Error = 'waiting'
  #isDestroyed = false
  /** Whether `end()` was given a callback; undefined while it has not been called. */
  #isEndHeard: boolean | undefined

  constructor(shared: SharedEngine, typeCast: unknown) {
    super(shared.engine.cluster, new Holder(undefined, false))
    this.#shared = shared
    this.#typeCast = typeCast
    // However it comes to its end: whoever loses one, or never had it, mostly drops it as it is.
    this.holder.onDeath = () => shared.leave()
    // Connects once, so that an error surfaces; statements issued meanwhile come after it.
    const checkout = new Checkout(this.cluster, this.holder, (error) => this.#onConnected(error))
    this.queue.push(checkout)
  }

  override query(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    return super.query(this.#withTypeCast(sql), values, callback)
  }

  override execute(sql: unknown, values?: unknown, callback?: ResultCallback): Command {
    return super.execute(this.#withTypeCast(sql), values, callback)
  }

  override run(
    method: 'query' | 'execute',
    sql: unknown,
    values: unknown,
    done: ResultCallback,
  ): void {
    super.run(method, this.#withTypeCast(sql), values, done)
  }

  promise(promiseImpl?: PromiseConstructor): unknown {
    return new PromiseSingleConnection(this as never, promiseImpl)
  }

  connect(callback?: (error: Error | null, connection?: unknown) => void): void {
    if (callback === undefined) return
    if (this.#connected === 'yes') return callback(null, this)
    if (this.#connected !== 'waiting') return callback(this.#connected)
    const onConnect = (handshake: unknown): void => {
      this.removeListener('error', onError)
      callback(null, handshake)
    }
    const onError = (error: Error): void => {
      this.removeListener('connect', onConnect)
      callback(error)
    }
    this.once('connect', onConnect)
    this.once('error', onError)
  }

  /** Ends once what is queued has run. */
  end(callback?: Done): void {
    if (this.takesNoMore) {
      if (callback !== undefined) process.nextTick(callback, null)
      return
    }
    this.refuseMore()
    this.#isEndHeard = callback !== undefined
    this.queue.whenDrained(() => {
      const finish = (): void => {
        this.cluster.release(this.holder)
        this.holder.isDead = true
        this.#callBackEnded(callback)
        this.tellEnd()
      }
      // That it is connected is told first.
      if (this.#connected === 'waiting') process.nextTick(finish)
      else finish()
    })
  }

  destroy(): void {
    this.refuseMore()
    this.#isDestroyed = true
    this.tearDown()
  }

  close(): void {
    this.destroy()
  }

  [Symbol.dispose](): void {
    if (!this.takesNoMore) this.end()
  }

  protected override get typeCast(): unknown {
    return this.#typeCast
  }

  protected get poolConfig(): ConnectionConfig {
    return this.#shared.engine.config.connectionConfig
  }

  /** What ran last may be about to be told of its own end. */
  #callBackEnded(callback: Done | undefined): void {
    try {
      if (this.#connected instanceof Error) callback?.(this.#connected)
      else callback?.()
    } catch (thrown) {
      throwAlone(thrown)
    }
  }

  #onConnected(error: unknown): void {
    if (error === null) {
      this.#connected = 'yes'
      if (!this.#isDestroyed) this.emit('connect', this._handshakePacket)
      return
    }
    this.#connected = error as Error
    this.holder.isDead = true
    const isHeard = this.#areAllHeard(this.queue.lost)
    // One that was destroyed meanwhile has nobody to tell.
    if (!this.#isDestroyed && !isHeard) process.nextTick(() => this.emit('error', error))
  }

  /** As in mysql2, a connection that fails to open tells those who wait for it, and itself only when one of them, or nobody, listens. */
  #areAllHeard(waiting: readonly Work[]): boolean {
    if (this.#isEndHeard === false) return false
    return (
      waiting.every(({ hasCallback }) => hasCallback) &&
      (waiting.length > 0 || this.#isEndHeard === true)
    )
  }

  #withTypeCast(sql: unknown): unknown {
    if (this.#typeCast === undefined) return sql
    if (typeof sql !== 'object' || sql === null) return { sql, typeCast: this.#typeCast }
    // Read by name, as mysql2 does: of a template's object they are a getter's.
    const { sql: text, values, typeCast } = sql as Readonly<Record<string, unknown>>
    if (typeof typeCast === 'function' || 'onResult' in sql) return sql
    return { ...sql, sql: text, values, typeCast: this.#typeCast }
  }
}

standOn(SingleConnection.prototype, ConnectionView.prototype, mysql.Connection.prototype)
Object.defineProperty(SingleConnection, 'name', { value: 'Connection' })
