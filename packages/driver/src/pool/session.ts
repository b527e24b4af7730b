import mysql from 'mysql2'
import { Checkout } from '../cluster/checkout.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Holder } from '../cluster/holder.js'
import type { ConnectionConfig } from '../contract/mysql2.js'
import type { StatementOptions } from '../contract/statement-options.js'
import { ConnectionSurface } from './connection-surface.js'
import { ConnectionView } from './connection-view.js'
import { standOn } from './mysql2-ancestry.js'
import { PromiseSession } from './promise-session.js'

/** The pool that handed the session out. */
export interface SessionOwner {
  readonly config: { readonly connectionConfig: ConnectionConfig }
  onReleased(session: Session): void
  /** Its connection was closed instead of given back. */
  onClosed(session: Session): void
}

type Done = (error?: Error | null) => void

/**
 * What `getConnection()` hands out: shaped like mysql2's PoolConnection, but a queue over whichever physical connection suits.
 * Statements run in the order issued, one at a time, each routed when its predecessor has ended.
 */
export class Session extends ConnectionSurface {
  readonly #owner: SessionOwner
  #isDestroyed = false
  #place = -1
  _released = false
  lastActiveTime = Date.now()

  constructor(cluster: Cluster, owner: SessionOwner, holder: Holder) {
    super(cluster, holder)
    this.#owner = owner
  }

  /** In the roster of its pool. Not a field, since fields show. */
  get place(): number {
    return this.#place
  }

  set place(place: number) {
    this.#place = place
  }

  /** Takes the first lease; part of `getConnection()`. */
  open(done: (error: unknown) => void, waiting?: StatementOptions): void {
    // Never inside the call, whether or not a connection was idle.
    if (this.cluster.checkOut(this.holder)) return process.nextTick(done, null)
    this.cluster.run(new Checkout(this.cluster, this.holder, done, waiting))
  }

  connect(callback?: (error: Error | null, session?: this) => void): void {
    callback?.(null, this)
  }

  /** Gives the session back once what it has queued has run. Idempotent. */
  release(): void {
    if (this._released) return
    this._released = true
    this.lastActiveTime = Date.now()
    this.queue.whenDrained(() => {
      // Told before somebody who waits has it.
      this.#owner.onReleased(this)
      this.cluster.release(this.holder)
    })
  }

  /** What has not begun never will. */
  giveUp(): void {
    this.holder.isDead = true
    this.queue.giveUp()
  }

  /** The pool is being ended: what is queued may run, and nothing more; then its connection is closed, which may be what others wait for. */
  drain(done: () => void): void {
    this.refuseMore()
    this.holder.isDraining = true
    this.queue.whenDrained(() => {
      this.holder.isDraining = false
      // What a transaction asks past the queue ends first, or is cut: the connection follows it.
      if (!this.holder.isRunning) this.#close()
      done()
    })
  }

  /** As in mysql2: `release()` with a warning, unless `gracefulEnd` asks to close for real. */
  end(callback?: Done): void {
    if (this.poolConfig.gracefulEnd) {
      this._released = true
      this.refuseMore()
      this.queue.whenDrained(() => {
        this.#close()
        this.#owner.onClosed(this)
        callback?.()
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
    callback?.()
  }

  /** Closes the connection that is held now; what runs fails, and what is queued never runs. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this._released = true
    this.tearDown()
    this.#owner.onClosed(this)
  }

  close(): void {
    this.destroy()
  }

  promise(promiseImpl?: PromiseConstructor): unknown {
    return new PromiseSession(this as never, promiseImpl)
  }

  /** mysql2 3.17 calls this of its own class when a promise connection is destroyed; there is nothing to take out of a pool. */
  _removeFromPool(): void {}

  [Symbol.dispose](): void {
    this.release()
  }

  /** What pool agents look at to see whether a connection still belongs to its pool. */
  get _pool(): unknown {
    return this.#isDestroyed ? null : this.#owner
  }

  /** Its connection is closed, not lent again. */
  #close(): void {
    const { lease } = this.holder
    if (lease !== undefined) lease.isSpent = true
    this.cluster.release(this.holder)
    this.tellEnd()
  }

  protected get poolConfig(): ConnectionConfig {
    return this.#owner.config.connectionConfig
  }
}

standOn(Session.prototype, ConnectionView.prototype, mysql.PoolConnection.prototype)
Object.defineProperty(Session, 'name', { value: 'PoolConnection' })
