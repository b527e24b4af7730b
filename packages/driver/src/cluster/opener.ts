import { copyOf } from '../contract/copy-error.js'
import type { Connection } from '../io/connection.js'
import { type Permit, Permits } from '../io/permits.js'
import { classifyError } from '../policy/classify-error.js'
import type { BorrowerQueue } from './borrower-queue.js'
import { ByteCount } from './byte-count.js'
import { ConnectGate } from './connect-gate.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { type OpeningPool, openLease } from './open-lease.js'
import type { Sharer } from './total-limit.js'

/** The pool that connections are opened for. */
export interface OpenerPool<P extends OpeningPool> extends OpeningPool, Sharer {
  readonly isReachable: boolean
  readonly counts: { opened: number }
  /** So many are kept open although nobody wants them. */
  readonly minIdle: number
  /** Who waits for one. */
  readonly queue: BorrowerQueue<Connection<P>>
  give(lease: Connection<P>): void
  /** The other side has closed one. */
  noteDeath(lease: Connection<P>): void
}

/** Opens connections to one instance, as many as are wanted and may be, and counts them. */
export class Opener<P extends OpenerPool<P>> {
  readonly leases = new Set<Connection<P>>()
  readonly bytes = new ByteCount()
  readonly gate = new ConnectGate()
  readonly limit: number
  readonly #pool: P
  readonly #setup: InstancePoolSetup
  readonly #permits: Permits
  #openingCount = 0
  /** Connected, and not ready yet: they are among those that are being opened. */
  readonly #connected = new Set<Connection<P>>()
  /** Places for connections of another pool that are about to join this one. */
  #joiningCount = 0
  #connectRound = 0

  constructor(pool: P, setup: InstancePoolSetup) {
    this.#pool = pool
    this.#setup = setup
    this.#permits = new Permits(setup.config.connectionLimit)
    this.limit = setup.config.connectionLimit || Number.POSITIVE_INFINITY
  }

  get openingCount(): number {
    return this.#openingCount
  }

  /** Connections that are open or being opened. */
  get places(): number {
    let count = this.leases.size + this.#openingCount
    if (this.#connected.size === 0) return count
    for (const lease of this.#connected) if (this.leases.has(lease)) count--
    return count
  }

  get isFull(): boolean {
    return this.places + this.#joiningCount >= this.limit
  }

  /** All places are taken, or spoken for by those who wait already: who comes now waits for what others hold. */
  get isBlocked(): boolean {
    const { total } = this.#setup
    if (this.isFull) return true
    return total !== undefined && total.room <= this.#pool.queue.length - this.#openingCount
  }

  get wantsMore(): boolean {
    const { _closed, queue } = this.#pool
    return !_closed && !this.isFull && this.#openingCount < queue.length
  }

  get isInNeed(): boolean {
    return this.wantsMore && this.gate.isOpen(this.#openingCount)
  }

  openMore(): void {
    if (this.#pool._closed) return
    const { total, outside } = this.#setup
    for (;;) {
      const isForWaiter = this.#openingCount < this.#pool.queue.length
      if (this.isFull || !(isForWaiter || this.#isBelowMinimum())) return
      if (!this.gate.isOpen(this.#openingCount, () => this.openMore())) return
      const room = total === undefined ? 'free' : total.roomFor(this.#pool, isForWaiter)
      if (room === undefined) return
      this.gate.begin()
      this.#openingCount++
      // Only now: nobody else must take the place.
      if (room !== 'free') room.closeLongestIdle()
      // In nobody's asynchronous context: mysql2 calls back in that of the socket.
      void outside(() => this.#openOne())
    }
  }

  /** The instance has just answered: connects from before, which it may never answer, are made again. */
  connectAnew(makeError: () => Error): void {
    this.#connectRound++
    this.bytes.cutOpening(makeError)
  }

  /** Waits for a permit, so that a connection of another pool can join this one. */
  async permitToJoin(): Promise<Permit> {
    this.#joiningCount++
    const permit = await this.#permits.acquire()
    this.#joiningCount--
    return permit
  }

  release(permit: Permit): void {
    this.#permits.release(permit)
  }

  /** It is dead or dying. False when that was known. */
  bury(lease: Connection<P>): boolean {
    if (!this.leases.delete(lease)) return false
    this.bytes.closed(lease)
    this.#permits.release(lease.permit)
    return true
  }

  /** A place may have become free, here or in the sum of all instances. */
  roomCame(): void {
    this.#setup.total?.wake(this.#pool)
    this.openMore()
  }

  #isBelowMinimum(places = this.places): boolean {
    const { isReachable, minIdle } = this.#pool
    return isReachable && places < minIdle
  }

  async #openOne(): Promise<void> {
    const permit = await this.#permits.acquire()
    const { total } = this.#setup
    if (total !== undefined) await total.othersEnded()
    const pool = this.#pool
    const isWanted = pool.queue.length > 0 || this.#isBelowMinimum(this.places - 1)
    if (pool._closed || !isWanted) return this.#opened(permit, undefined)
    const round = this.#connectRound
    let connected: Connection<P> | undefined
    let lease: Connection<P>
    try {
      lease = await openLease(pool, this.#setup, {
        permit,
        bytes: this.bytes,
        all: this.leases,
        onConnected: (fresh) => {
          connected = fresh
          this.#connected.add(fresh)
        },
        onDeath: (dead) => dead.lender.noteDeath(dead),
      })
    } catch (error) {
      if (connected !== undefined) {
        this.#connected.delete(connected)
        total?.noteEnding(connected.core.stream)
      }
      if (round !== this.#connectRound) return this.#opened(permit, undefined)
      this.#permits.release(permit)
      this.#openingCount--
      this.#refuse(error)
      return this.roomCame()
    }
    this.#connected.delete(lease)
    this.#opened(permit, lease)
  }

  #refuse(error: unknown): void {
    const { queue } = this.#pool
    // Nobody waits for one: it is only kept at hand, and tried again after a while.
    if (queue.length === 0) this.gate.overloaded()
    // One that takes no more connections while it serves on those that it has is left in peace.
    const servesOthers = classifyError(error) === 'overloaded' || this.leases.size > 0
    if (servesOthers && this.#setup.mayWaitOn()) {
      this.gate.overloaded()
      queue.refuseAll(() => copyOf(error))
    } else queue.next()?.refuse(error)
  }

  #opened(permit: Permit, lease: Connection<P> | undefined): void {
    this.#openingCount--
    if (lease === undefined) {
      this.#permits.release(permit)
      return this.roomCame()
    }
    this.#pool.counts.opened++
    this.gate.succeeded()
    this.#pool.give(lease)
    this.openMore()
  }
}
