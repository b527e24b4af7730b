import mysql from 'mysql2'
import { Checkout } from '../cluster/checkout.js'
import { Holder } from '../cluster/holder.js'
import type { Command, ConnectionConfig, ResultCallback } from '../contract/mysql2.js'
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
  #hasEnded = false

  constructor(shared: SharedEngine, typeCast: unknown) {
    super(shared.engine.cluster, new Holder(undefined, false))
    this.#shared = shared
    this.#typeCast = typeCast
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
    if (this.#connected === 'yes') return process.nextTick(callback, null, this)
    if (this.#connected !== 'waiting') return process.nextTick(callback, this.#connected)
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
    if (this.#hasEnded) {
      if (callback !== undefined) process.nextTick(callback, null)
      return
    }
    this.#hasEnded = true
    this.queue.whenDrained(() => {
      this.cluster.release(this.holder)
      this.holder.isDead = true
      this.#shared.leave()
      this.emit('end')
      callback?.()
    })
  }

  destroy(): void {
    const wasEnded = this.#hasEnded
    this.#hasEnded = true
    this.tearDown()
    if (!wasEnded) this.#shared.leave()
  }

  close(): void {
    this.destroy()
  }

  [Symbol.dispose](): void {
    if (!this.#hasEnded) this.end()
  }

  protected get poolConfig(): ConnectionConfig {
    return this.#shared.engine.config.connectionConfig
  }

  #onConnected(error: unknown): void {
    if (error === null) {
      this.#connected = 'yes'
      if (this.#hasEnded) return
      this.emit('connect', this._handshakePacket)
      return
    }
    this.#connected = error as Error
    this.holder.isDead = true
    // One that was destroyed meanwhile has nobody to tell.
    if (!this.#hasEnded) this.emit('error', error)
  }

  #withTypeCast(sql: unknown): unknown {
    if (this.#typeCast === undefined) return sql
    if (typeof sql !== 'object' || sql === null) return { sql, typeCast: this.#typeCast }
    return 'typeCast' in sql || 'onResult' in sql ? sql : { ...sql, typeCast: this.#typeCast }
  }
}

standOn(SingleConnection.prototype, ConnectionView.prototype, mysql.Connection.prototype)
Object.defineProperty(SingleConnection, 'name', { value: 'Connection' })
