import { copyOf } from '../contract/copy-error.js'
import type { CoreConnection } from '../contract/mysql2.js'
import { monotonicMs } from '../io/clock.js'
import { type Connection, type Lender, lostError } from '../io/connection.js'
import type { ConnectionOwner } from '../io/open-connection.js'
import { type Permit, Permits } from '../io/permits.js'
import type { Endpoint } from '../model/endpoint.js'
import type { Instance, Role } from '../model/topology.js'
import { classifyError } from '../policy/classify-error.js'
import type { Candidate } from '../policy/select-reader.js'
import { SmoothedTime } from '../policy/smoothed-time.js'
import { Beside } from './beside.js'
import { type Borrower as AnyBorrower, NEW_SESSION, stateFit } from './borrower.js'
import { BorrowerQueue, POOL_CLOSED, refuseLater } from './borrower-queue.js'
import { ByteCount } from './byte-count.js'
import { isRoleInDoubt, makeReady } from './check-lease.js'
import { ConnectGate } from './connect-gate.js'
import { countDown } from './count-down.js'
import { IdleStack } from './idle-stack.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { FENCED_WHILE_CONNECTING, openLease } from './open-lease.js'

export type Lease = Connection<InstancePool>

/** Who borrows from here. */
export type Borrower = AnyBorrower<Lease>

/** The connections to one instance. Who finds none idle waits in order, for one that is given back or for a permit to open one. */
export class InstancePool implements Lender, Candidate, ConnectionOwner {
  readonly endpoint: Endpoint
  /** Replaced with each topology. */
  instance: Instance
  generation = 0
  roleVersion = 0
  underWay = 0
  isReachable = true
  penaltyUntilMs = 0
  readonly answerTime = new SmoothedTime()
  _closed = false
  readonly counts = { opened: 0, statements: 0 }

  /** Who waits for a connection. */
  readonly queue = new BorrowerQueue<Lease>()
  /** Connections outside the limit. */
  readonly beside: Beside<InstancePool>
  readonly #setup: InstancePoolSetup
  readonly #idle = new IdleStack<Lease>()
  readonly #all = new Set<Lease>()
  readonly #permits: Permits
  readonly #limit: number
  readonly #bytes = new ByteCount()
  #hasLeft = false
  #openingCount = 0
  #connectRound = 0
  readonly #gate = new ConnectGate()

  constructor(instance: Instance, setup: InstancePoolSetup) {
    this.instance = instance
    this.endpoint = instance.endpoint
    this.#setup = setup
    this.beside = new Beside<InstancePool>(this, setup)
    this.#permits = new Permits(setup.config.connectionLimit)
    this.#limit = setup.config.connectionLimit || Number.POSITIVE_INFINITY
  }

  get id(): string {
    return this.instance.id
  }

  get role(): Role {
    return this.instance.role
  }

  get open(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  /** The idle ones, the last used at the end. */
  idleCores(): CoreConnection[] {
    return this.#idle.map(({ core }) => core)
  }

  get waiting(): number {
    return this.queue.length
  }

  get ewmaMs(): number | undefined {
    return this.answerTime.at(monotonicMs())
  }

  get load(): number {
    return this.#all.size - this.#idle.length + this.queue.length
  }

  get crowding(): 0 | 1 | 2 {
    if (this.#idle.length > 0 || !this.isFull) return 0
    return this.underWay + this.#openingCount > 0 ? 1 : 2
  }

  get connecting(): number {
    return this.#openingCount
  }

  get leases(): ReadonlySet<Lease> {
    return this.#all
  }

  /** Bytes received on all connections that there ever were, those under way included: it never shrinks. */
  get bytesRead(): number {
    return this.#bytes.total(this.#all) + this.beside.bytesRead
  }

  /** Lends a connection: at once when an idle one will do, else as soon as there is one. */
  lend(borrower: Borrower): void {
    const lease = this.#idle.take((idle) => stateFit(idle, borrower))
    if (lease !== undefined)
      return this.#lendThis(lease, borrower, this.needsCheck(lease, borrower))
    // Idle connections that carry what others have set, and cannot be reset, make room for a clean one.
    const unfit = this.isFull ? this.#idle.removeOldest() : undefined
    if (unfit !== undefined) this.#retire(unfit)
    if (this.isFull || this._closed) {
      const refusal = this.queue.refusal(borrower, this.#setup, this.#openingCount)
      if (refusal !== undefined) return refuseLater(borrower, refusal)
    }
    this.queue.push(borrower)
    this.#openMore()
  }

  /** An idle connection for a session that begins; undefined where there is none, or one that has to be looked at first. */
  takeReady(): Lease | undefined {
    const lease = this.#idle.take((idle) => stateFit(idle, NEW_SESSION))
    if (lease === undefined || !this.needsCheck(lease, NEW_SESSION)) return lease
    this.#idle.push(lease)
    return undefined
  }

  /** Waits on, for a connection that another gives back or for the next one that may be opened. For who was just refused one. */
  waitOn(borrower: Borrower): void {
    this.queue.push(borrower)
  }

  /** A borrower that waits here gives up. */
  withdraw(borrower: Borrower): boolean {
    return this.queue.remove(borrower)
  }

  /**
   * Lends a connection that its borrower holds already, once it has been looked at. One that is dead is refused.
   *
   * @param isFresh what others have set on it has not been looked at
   */
  lendHeld(lease: Lease, borrower: Borrower, isFresh: boolean): void {
    const isInDoubt = this.needsCheck(lease, borrower)
    void this.#lendWhenReady(lease, borrower, isInDoubt, isFresh ? 'fresh' : 'held')
  }

  /** Whether a connection must show that it lives, and what it is, before it carries this. */
  needsCheck(lease: Lease, borrower: Borrower): boolean {
    if (lease.isDoubtful || (borrower.needsWriter && isRoleInDoubt(lease, this))) return true
    if (monotonicMs() - lease.lastUsedMs >= this.#setup.options.checkIdleAfterMs) return true
    return this.#setup.hasGap()
  }

  /** Takes a connection back: for the next who waits, or onto the stack. One that must not be lent again is closed. */
  give(lease: Lease): void {
    if (lease.isDead) return
    lease.noteUse()
    if (lease.isSpent || lease.isFenced || this._closed) return this.#retire(lease)
    const borrower = this.queue.next()
    if (borrower === undefined) return this.#idle.push(lease)
    if (stateFit(lease, borrower) !== 'unfit' || borrower.isCheckout) {
      return this.#lendThis(lease, borrower, this.needsCheck(lease, borrower))
    }
    this.queue.unshift(borrower)
    this.#retire(lease)
  }

  /** Takes an idle connection out of the stack, for whoever wants this very one. False when it is in use. */
  takeOut(lease: Lease): boolean {
    return this.#idle.remove(lease)
  }

  /** Takes in a connection, opened by a name that is not an instance's, that turned out to lead here. It must not be in use. */
  async adopt(lease: Lease): Promise<void> {
    const from = lease.lender
    if (this.isFull || this._closed) return from.#retire(lease)
    this.#openingCount++
    const permit = await this.#permits.acquire()
    this.#openingCount--
    if (lease.isDead || this._closed) {
      this.#permits.release(permit)
      return from.#retire(lease)
    }
    from.#all.delete(lease)
    from.#permits.release(lease.permit)
    lease.permit = permit
    lease.lender = this
    lease.generation = this.generation
    lease.roleVersion = this.roleVersion
    this.#all.add(lease)
    this.give(lease)
  }

  /** Makes every connection opened so far unusable. Those in use end with their statement, or at once where `cutIf` says so. */
  fence(makeError: () => Error, cutIf: (lease: Lease) => boolean): number {
    this.generation++
    for (const lease of this.#idle.clear()) this.#retire(lease)
    this.#bytes.cutOpening(makeError)
    this.beside.cutOpening(makeError)
    const cut = [...this.#all, ...this.beside.leases].filter(cutIf)
    for (const lease of cut) lease.cut(makeError())
    this.queue.refuseAll(makeError)
    return cut.length
  }

  /** Limits connects under way from now on, to one more with each success. */
  narrowGate(maxConnecting: number): void {
    this.#gate.narrow(maxConnecting)
  }

  /** Its instance has left the topology, or is known by another pool now: nothing is kept open here for its own sake. */
  leave(): void {
    this.#hasLeft = true
  }

  /** Connections from before a gap in the clock may be dead without having said so. */
  doubtAll(): void {
    for (const lease of this.#all) lease.isDoubtful = true
  }

  /** The instance has just answered: connects from before, which it may never answer, are made again. */
  connectAnew(): void {
    this.#connectRound++
    this.#bytes.cutOpening(() => lostError(FENCED_WHILE_CONNECTING))
  }

  setReachable(isReachable: boolean, error?: unknown): void {
    if (isReachable === this.isReachable) return
    this.isReachable = isReachable
    this.#setup.onReachable(this.id, isReachable, error)
    // Whoever waits for a connection here is better served elsewhere.
    if (!isReachable) this.queue.refuseAll(() => lostError('The instance cannot be reached'))
  }

  /** Closes idle connections beyond `maxIdle` or unused for `idleTimeout` (mysql2's meaning), and opens up to `aurora.minIdle`. */
  sweep(): void {
    if (this._closed) return
    const { config, options } = this.#setup
    const minIdle = this.#hasLeft ? 0 : options.minIdle
    const maxIdle = this.#hasLeft ? 0 : Math.min(config.maxIdle, this.#limit)
    // mysql2 closes idle connections only where `maxIdle` is below the limit.
    const keepMs = config.maxIdle < this.#limit ? config.idleTimeout : Number.POSITIVE_INFINITY
    const untilMs = monotonicMs() - keepMs
    for (const lease of this.#idle.takeExcess(minIdle, maxIdle, untilMs)) this.#retire(lease)
    this.#openMore()
  }

  /** The pool is being ended: what sessions have queued may wait for what others hold, since they hold nothing once they have ended. */
  stop(): void {
    this.queue.close('sessions')
  }

  /** Says goodbye on every connection; those in use follow when what runs on them has ended. */
  close(done: () => void): void {
    this._closed = true
    this.#gate.close()
    this.queue.close('nobody')
    for (const each of [this.#bytes, this.beside]) each.cutOpening(() => new Error(POOL_CLOSED))
    this.#idle.clear()
    const all = [...this.#all, ...this.beside.leases]
    const ended = countDown(all.length, done)
    for (const lease of all) lease.end(ended)
  }

  // mysql2's PoolConnection calls these two; connections are given back by who borrowed them.
  _removeConnection(): void {}
  releaseConnection(): void {}

  #lendThis(lease: Lease, borrower: Borrower, isInDoubt: boolean): void {
    const fits = borrower.isCheckout || stateFit(lease, borrower) === 'same'
    if (!isInDoubt && fits) borrower.lend(lease)
    else void this.#lendWhenReady(lease, borrower, isInDoubt)
  }

  /** Checks a connection that is in doubt, resets one that carries what is not its borrower's, and sends first what that has set. */
  async #lendWhenReady(
    lease: Lease,
    borrower: Borrower,
    isInDoubt: boolean,
    since: 'now' | 'held' | 'fresh' = 'now',
  ): Promise<void> {
    // Answers are owed: a silence must be noticed.
    this.underWay++
    const [how, error] = await makeReady(lease, since === 'held' ? undefined : borrower, isInDoubt)
    this.underWay--
    if (how === 'dead') this.#giveUpWith(lease)
    if (how === 'ready' && !lease.isDead && !lease.isFenced) {
      if (borrower.hasWithdrawn) this.give(lease)
      else borrower.lend(lease)
      return
    }
    this.#retire(lease)
    if (how === 'unfit') borrower.refuse(error)
    // Roles may have changed while it was being asked.
    else if (since !== 'now' || lease.isFenced || !this.isReachable)
      borrower.refuse(lostError(FENCED_WHILE_CONNECTING))
    else this.lend(borrower)
  }

  /** It did not answer: those that have been idle for as long have met the same fate, and are not tried one after another. */
  #giveUpWith(lease: Lease): void {
    lease.cut(lostError('The connection did not answer'))
    for (const idle of this.#idle.takeUnusedSince(lease.lastUsedMs)) this.#retire(idle)
  }

  #openMore(): void {
    if (this._closed) return
    for (;;) {
      const isWanted = this.#openingCount < this.queue.length || this.#isBelowMinimum()
      if (!isWanted || this.isFull) return
      if (!this.#gate.admits(this.#openingCount, () => this.#openMore())) return
      this.#openingCount++
      // In nobody's asynchronous context: mysql2 calls back in that of the socket.
      void this.#setup.outside(() => this.#openOne())
    }
  }

  get isFull(): boolean {
    return this.#all.size + this.#openingCount >= this.#limit
  }

  #isBelowMinimum(openingCount = this.#openingCount): boolean {
    if (this.#hasLeft) return false
    return this.isReachable && this.#all.size + openingCount < this.#setup.options.minIdle
  }

  async #openOne(): Promise<void> {
    const permit = await this.#permits.acquire()
    const isWanted = this.queue.length > 0 || this.#isBelowMinimum(this.#openingCount - 1)
    if (this._closed || !isWanted) return this.#opened(permit, undefined)
    const round = this.#connectRound
    const onDeath = (dead: Lease): void => dead.lender.#lost(dead)
    let lease: Lease
    try {
      const books = { permit, onDeath, bytes: this.#bytes, all: this.#all }
      lease = await openLease(this, this.#setup, books)
    } catch (error) {
      if (round !== this.#connectRound) return this.#opened(permit, undefined)
      this.#permits.release(permit)
      this.#openingCount--
      // Nobody waits for one: it is only kept at hand, and tried again after a while.
      if (this.queue.length === 0) this.#gate.overloaded()
      // One that takes no more connections while it serves on those that it has is left in peace.
      const servesOthers = classifyError(error) === 'overloaded' || this.#all.size > 0
      if (servesOthers && this.#setup.mayWaitOn()) {
        this.#gate.overloaded()
        this.queue.refuseAll(() => copyOf(error))
      } else this.queue.next()?.refuse(error)
      return this.#openMore()
    }
    this.#opened(permit, lease)
  }

  #opened(permit: Permit, lease: Lease | undefined): void {
    this.#openingCount--
    if (lease === undefined) this.#permits.release(permit)
    else {
      this.counts.opened++
      this.#gate.succeeded()
      this.give(lease)
    }
    this.#openMore()
  }

  /** Closed by the other side. While roles waver it is an instance that restarts: it must not be met by a herd. */
  #lost(lease: Lease): void {
    if (this.#setup.areTimesDoubtful()) this.narrowGate(this.#setup.options.maxConnecting)
    this.#buried(lease)
  }

  /** Closed by us. */
  #retire(lease: Lease): void {
    this.#buried(lease)
    lease.end()
  }

  /** Dead or dying: its place is free at once. */
  #buried(lease: Lease): void {
    if (!this.#all.delete(lease)) return
    this.#bytes.closed(lease)
    this.#idle.remove(lease)
    this.#permits.release(lease.permit)
    this.#openMore()
  }
}
