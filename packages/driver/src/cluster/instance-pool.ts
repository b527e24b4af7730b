import type { CoreConnection } from '../contract/mysql2.js'
import { monotonicMs } from '../io/clock.js'
import { type Connection, type Lender, lostError } from '../io/connection.js'
import type { Endpoint } from '../model/endpoint.js'
import type { Instance, Role } from '../model/topology.js'
import type { Candidate } from '../policy/select-reader.js'
import { SmoothedTime } from '../policy/smoothed-time.js'
import { Beside } from './beside.js'
import { type Borrower as AnyBorrower, NEW_SESSION, stateFit } from './borrower.js'
import { BorrowerQueue, POOL_CLOSED, refuseLater } from './borrower-queue.js'
import { isRoleInDoubt, makeReady } from './check-lease.js'
import { countDown } from './count-down.js'
import { IdleStack } from './idle-stack.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { FENCED_WHILE_CONNECTING } from './open-lease.js'
import { Opener, type OpenerPool } from './opener.js'
import type { TotalLimit } from './total-limit.js'

export type Lease = Connection<InstancePool>

/** Who borrows from here. */
export type Borrower = AnyBorrower<Lease>

/** The connections to one instance. Who finds none idle waits in order, for one that is given back or for a permit to open one. */
export class InstancePool implements Lender, Candidate, OpenerPool<InstancePool> {
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
  readonly queue: BorrowerQueue<Lease>
  /** Connections outside the limit. */
  readonly beside: Beside<InstancePool>
  readonly #setup: InstancePoolSetup
  readonly #total: TotalLimit | undefined
  readonly #idle = new IdleStack<Lease>()
  readonly #opener: Opener<InstancePool>
  readonly #all: Set<Lease>
  #hasLeft = false

  constructor(instance: Instance, setup: InstancePoolSetup) {
    this.instance = instance
    this.endpoint = instance.endpoint
    this.#setup = setup
    this.#total = setup.total
    this.queue = new BorrowerQueue<Lease>(setup.total !== undefined)
    this.beside = new Beside<InstancePool>(this, setup)
    this.#opener = new Opener<InstancePool>(this, setup)
    this.#all = this.#opener.leases
  }

  get id(): string {
    return this.instance.id
  }

  get role(): Role {
    return this.instance.role
  }

  get open(): number {
    return this.places - this.connecting
  }

  get places(): number {
    return this.#opener.places
  }

  get isInNeed(): boolean {
    return this.#opener.isInNeed
  }

  get wantsMore(): boolean {
    return this.#opener.wantsMore
  }

  get stuckMs(): number {
    return this.queue.stuckMs
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Of no use any more where the instance has left, or cannot be reached. */
  get idleSinceMs(): number | undefined {
    const sinceMs = this.#idle.oldest?.lastUsedMs
    const isOfUse = sinceMs === undefined || (this.isReachable && !this.#hasLeft)
    return isOfUse ? sinceMs : Number.NEGATIVE_INFINITY
  }

  get keepsIdle(): boolean {
    if (this.#hasLeft || !this.isReachable) return false
    return this.#idle.length <= this.minIdle || this.places <= 1
  }

  get minIdle(): number {
    return this.#hasLeft ? 0 : this.#setup.options.minIdle
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
    if (this.#idle.length > 0) return 0
    const { isFull } = this.#opener
    const total = this.#total
    if (!isFull && !total?.isReached) return 0
    if (this.underWay + this.connecting > 0) return 1
    // One that has none gets one, unless it would have to be somebody's last.
    return !isFull && this.places === 0 && total?.hasSurplus ? 1 : 2
  }

  get connecting(): number {
    return this.#opener.openingCount
  }

  get leases(): ReadonlySet<Lease> {
    return this.#all
  }

  /** Bytes received on all connections that there ever were, those under way included: it never shrinks. */
  get bytesRead(): number {
    return this.#opener.bytes.total(this.#all) + this.beside.bytesRead
  }

  /** Lends a connection: at once when an idle one will do, else as soon as there is one. */
  lend(borrower: Borrower): void {
    const lease = this.#idle.take((idle) => stateFit(idle, borrower))
    if (lease !== undefined)
      return this.#lendThis(lease, borrower, this.needsCheck(lease, borrower))
    // Idle connections that carry what others have set, and cannot be reset, make room for a clean one.
    if (this.#opener.isFull) this.closeLongestIdle()
    if (this.#opener.isBlocked || this._closed) {
      const refusal = this.queue.refusal(borrower, this.#setup, this.connecting)
      if (refusal !== undefined) return refuseLater(borrower, refusal)
    }
    this.queue.push(borrower)
    this.openMore()
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
    const nowMs = monotonicMs()
    if (nowMs - lease.lastUsedMs >= this.#setup.options.checkIdleAfterMs) return true
    return this.#setup.hasGap(nowMs)
  }

  /** Takes a connection back: for the next who waits, or onto the stack. One that must not be lent again is closed. */
  give(lease: Lease): void {
    if (lease.isDead) return
    lease.noteUse()
    if (lease.isSpent || lease.isFenced || this._closed) return this.#retire(lease)
    const total = this.#total
    const isWanted = this.queue.length > 0
    if (isWanted && total?.mustYield(this, lease.openedMs)) return this.#retire(lease)
    const borrower = this.queue.next()
    if (borrower === undefined) {
      this.#idle.push(lease)
      return total?.wake(this)
    }
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
    if (this.#opener.isFull || this._closed) return from.#retire(lease)
    const permit = await this.#opener.permitToJoin()
    if (lease.isDead || this._closed) {
      this.#opener.release(permit)
      from.#retire(lease)
      return this.openMore()
    }
    from.#all.delete(lease)
    from.#opener.release(lease.permit)
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
    this.#opener.bytes.cutOpening(makeError)
    this.beside.cutOpening(makeError)
    const cut = [...this.#all, ...this.beside.leases].filter(cutIf)
    for (const lease of cut) lease.cut(makeError())
    this.queue.refuseAll(makeError)
    return cut.length
  }

  /** Limits connects under way from now on, to one more with each success. */
  narrowGate(maxConnecting: number): void {
    this.#opener.gate.narrow(maxConnecting)
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
    this.#opener.connectAnew(() => lostError(FENCED_WHILE_CONNECTING))
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
    const { config } = this.#setup
    const { limit } = this.#opener
    const maxIdle = this.#hasLeft ? 0 : Math.min(config.maxIdle, limit)
    // mysql2 closes idle connections only where `maxIdle` is below the limit.
    const keepMs = config.maxIdle < limit ? config.idleTimeout : Number.POSITIVE_INFINITY
    const untilMs = monotonicMs() - keepMs
    for (const lease of this.#idle.takeExcess(this.minIdle, maxIdle, untilMs)) this.#retire(lease)
    this.openMore()
  }

  openMore(): void {
    this.#opener.openMore()
  }

  closeLongestIdle(): void {
    const lease = this.#idle.removeOldest()
    if (lease !== undefined) this.#retire(lease)
  }

  /** Closed by the other side. While roles waver it is an instance that restarts: it must not be met by a herd. */
  noteDeath(lease: Lease): void {
    if (this.#setup.areTimesDoubtful()) this.narrowGate(this.#setup.options.maxConnecting)
    this.#buried(lease)
  }

  /** The pool is being ended: what sessions have queued may wait for what others hold, since they hold nothing once they have ended. */
  stop(): void {
    this.queue.close('sessions')
  }

  /** Says goodbye on every connection; those in use follow when what runs on them has ended. */
  close(done: () => void): void {
    this._closed = true
    this.#opener.gate.close()
    this.queue.close('nobody')
    for (const each of [this.#opener.bytes, this.beside])
      each.cutOpening(() => new Error(POOL_CLOSED))
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

  /** Closed by us. */
  #retire(lease: Lease): void {
    this.#total?.noteEnding(lease.core.stream)
    this.#buried(lease)
    lease.end()
  }

  /** Dead or dying: its place is free at once. */
  #buried(lease: Lease): void {
    if (!this.#opener.bury(lease)) return
    this.#idle.remove(lease)
    this.#opener.roomCame()
  }
}
