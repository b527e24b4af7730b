import type { ErrorDetail } from '../contract/error-detail.js'
import type { Emit } from '../contract/events.js'
import type { PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import { lostError } from '../io/connection.js'
import type { Topology } from '../model/topology.js'
import { RetryBudget } from '../policy/retry-budget.js'
import { SqlClassifier, USUAL_LIMITS } from '../policy/sql-classifier.js'
import { Activity } from './activity.js'
import { stateFit } from './borrower.js'
import { checkOutAtOnce } from './checkout.js'
import { closedStateError, endedError } from './closed-state-error.js'
import { type ClusterHooks, type ClusterParts, joinParts } from './cluster-parts.js'
import { Consistency } from './consistency.js'
import { describeWork } from './describe-work.js'
import { giveBack } from './give-back.js'
import type { Holder } from './holder.js'
import type { InstancePool, Lease } from './instance-pool.js'
import { leavesUnset, noteLeftovers, noteState, provesWriter, showsWrite } from './leftovers.js'
import type { Members } from './members.js'
import type { HeldReads } from './placement.js'
import { bestAsked, readyWithin } from './ready.js'
import type { Failure } from './recovery.js'
import { replay } from './replay.js'
import { SessionLeases } from './session-leases.js'
import { ClusterState } from './state.js'
import { type Target, targetOf } from './target.js'
import { ThreadTellings } from './thread-tellings.js'
import { abortionOf, endOverload, limitWait, noReaderError, stopWaiting } from './wait.js'
import type { Runner, Work } from './work.js'

/**
 * The stateful heart: takes work, finds an instance, lends a connection, and sees what comes back.
 * On the ordinary path `run` is plain calls on values in memory; nothing is awaited.
 */
export class Cluster implements Runner {
  readonly options: ResolvedOptions
  readonly classifier = new SqlClassifier(USUAL_LIMITS)
  readonly consistency: Consistency
  readonly target: Target
  readonly state = new ClusterState()
  readonly budget = new RetryBudget()
  readonly counts = { retried: 0, failovers: 0, surfaced: 0 }
  readonly tellings: ThreadTellings

  readonly #config: PoolConfig
  readonly #parts: ClusterParts
  readonly #activity = new Activity()
  readonly #sessions = new SessionLeases((lease, holder) => this.giveBack(lease, holder))
  #hasBeenUsed = false

  constructor(config: PoolConfig, options: ResolvedOptions, emit: Emit, hooks: ClusterHooks) {
    this.options = options
    this.#config = config
    this.target = targetOf(config.connectionConfig, options)
    this.consistency = new Consistency(options.consistency)
    this.#parts = joinParts(this, config, emit, {
      ...hooks,
      onConnection: (core) => {
        this.tellings.note(core.config)
        hooks.onConnection(core)
      },
    })
    const { connectionConfig } = config
    this.tellings = ThreadTellings.of(connectionConfig) ?? new ThreadTellings(this.#parts.members)
  }

  get members(): Members {
    return this.#parts.members
  }

  get held(): HeldReads {
    return this.#parts.placement.held
  }

  /** What is believed now; undefined until an instance has answered, and where there is nothing to discover. */
  get topology(): Topology | undefined {
    return this.state.topology
  }

  /** Work that has been taken and has not ended, whether it runs or waits. */
  get active(): number {
    return this.#activity.count
  }

  get waiting(): number {
    return this.#parts.room.length
  }

  get isFailingOver(): boolean {
    return this.#parts.failover.isOpen
  }

  /** Something runs, or was run since `takeUse` was called last. */
  get isInUse(): boolean {
    return this.#hasBeenUsed || this.#activity.count > 0
  }

  /** As `isInUse`, and begins anew. */
  takeUse(): boolean {
    const { isInUse } = this
    this.#hasBeenUsed = false
    return isInUse
  }

  /** Takes work. It ends in its caller's callback, whatever happens. */
  run(work: Work): void {
    this.#hasBeenUsed = true
    this.#activity.enter()
    const { holder } = work
    if (this.state.isClosed && !holder?.isDraining) {
      const error = holder === undefined ? new Error('Pool is closed.') : closedStateError()
      return this.#refuse(work, error, undefined)
    }
    const abortion = abortionOf(work)
    if (abortion !== undefined) return this.#refuse(work, abortion, undefined)
    const isUnknown = this.state.mode === 'unknown' || this.#parts.monitor.isAsleep
    if (isUnknown && !this.state.isClosed) {
      this.#wakeUp()
      this.#parts.discovery.startSoon()
    }
    if (holder !== undefined) {
      if (holder.isDead) return this.#refuse(work, closedStateError(), holder.outcome)
      const { abortedBy } = holder
      if (abortedBy !== undefined && !holder.mayFollowAbort(work.sqlClass))
        return this.#refuse(work, endedError(abortedBy), 'rolled-back')
      const { lease } = holder
      if (holder.hasLostSession(work.sqlClass))
        return this.#refuse(work, closedStateError(), undefined)
      if (lease !== undefined) {
        if (holder.isBound) return this.#runBound(work, holder, lease)
        if (this.#parts.placement.suits(lease, work)) return this.#runHeld(work, holder, lease)
        // Given back before the next is waited for, so that sessions cannot dead-lock each other.
        holder.lease = undefined
        this.giveBack(lease, holder)
      }
    }
    this.dispatch(work)
  }

  /** Gives a session that begins an idle connection at once; false where it has to wait for one, or to be looked at. */
  checkOut(holder: Holder): boolean {
    this.#hasBeenUsed = true
    return checkOutAtOnce(holder, this.state, this.#parts)
  }

  /** Finds an instance and borrows a connection; where none may serve it, it waits. */
  dispatch(work: Work): void {
    if (work.hasWithdrawn) return
    const abortion = abortionOf(work)
    if (abortion !== undefined) return this.#refuse(work, abortion, undefined)
    const pool = this.place(work)
    if (pool !== undefined) return this.lend(work, pool)
    if (work.askedAs === 'reader' && !this.#parts.placement.mayHold(work)) {
      return this.#refuse(work, noReaderError(work), undefined)
    }
    this.#parts.room.enter(work)
  }

  /** Borrows a connection to this instance. */
  lend(work: Work, pool: InstancePool): void {
    work.pool = pool
    if (work.options !== undefined) this.limitWait(work)
    if (work.destination !== undefined) return void pool.beside.lend(work)
    pool.lend(work)
  }

  /** Lets its caller, by `waitMs` or `signal`, end whatever `work` waits for, until it begins. */
  limitWait(work: Work): void {
    limitWait(work, (error) => this.#giveUp(work, error))
  }

  place(work: Work): InstancePool | undefined {
    const { placement } = this.#parts
    return work.isCheckout ? placement.placeCheckout(work) : placement.place(work)
  }

  begin(work: Work, lease: Lease): void {
    const { holder } = work
    const pool = lease.lender
    stopWaiting(work)
    endOverload(work)
    if (work.isCheckout) {
      // A session has its first connection: nothing runs there yet.
      work.begin(lease)
      if (holder !== undefined) this.#sessions.begin(holder, lease)
      return this.#left(work)
    }
    pool.underWay++
    pool.counts.statements++
    work.noteAttempt(lease)
    if (holder !== undefined) this.#sessions.noteBegin(holder, work, lease)
    if (work.sqlClass.intent === 'read') work.context?.goesTo(pool.id)
    this.#parts.times?.begin(work)
    if (work.prelude === undefined) work.begin(lease)
    else replay(work, lease, this)
  }

  refused(work: Work, error: unknown): void {
    if (work.holder?.hasLostSession(work.sqlClass))
      return this.#refuse(work, closedStateError(), undefined)
    if (work.destination !== undefined) return this.#refuse(work, error as Error, undefined)
    work.firstError ??= error
    this.#parts.recovery.recover(work, work.pool ?? this.members.given, undefined, error)
  }

  succeeded(work: Work): void {
    const lease = this.#ended(work)
    const { sqlClass, holder } = work
    this.budget.refund()
    if (showsWrite(work)) {
      this.consistency.wrote(work.context)
      if (this.state.mode === 'single' && provesWriter(work, lease)) this.state.hasHadWriter = true
    } else if (sqlClass.intent === 'read') work.context?.saw()
    if (lease !== undefined) {
      noteState(work, lease)
      if (holder === undefined) {
        lease.leftState = lease.state
        this.giveBack(lease, undefined)
      } else {
        this.#sessions.noteEnd(holder, work.text, sqlClass)
      }
    }
    this.#left(work)
  }

  failed(work: Work, error: Error): void {
    const lease = this.#ended(work)
    work.firstError ??= error
    if (lease !== undefined) noteLeftovers(work, lease, error)
    this.#parts.recovery.recover(work, lease?.lender ?? this.members.given, lease, error)
  }

  /** The caller gets the error, with what is known about it where our rules hold. */
  surface(work: Work, failure: Failure, outcome: ErrorDetail['outcome'] | undefined): void {
    const { lease, error, kind } = failure
    const { holder, prelude } = work
    stopWaiting(work)
    if (kind === 'lost') lease?.noteLoss(error as Error)
    if (work.isCheckout) work.queue?.onLost(error as Error)
    if (holder !== undefined && leavesUnset(work.sqlClass, lease, kind)) holder.isDead = true
    // Its transaction was to be opened again and was not: nothing of the session may run outside of one.
    const isOver = prelude !== undefined && holder !== undefined
    if (isOver) holder.isDead = true
    if (lease !== undefined) {
      if (holder === undefined) this.giveBack(lease, undefined)
      else if (lease.isDead) this.#sessions.drop(holder, error)
      else this.#sessions.letGo(holder)
    }
    this.counts.surfaced++
    this.#left(work)
    // Until it is known what is there, the name may say that it is a cluster.
    if (this.state.isAurora || (this.state.mode === 'unknown' && this.target.scope !== 'single')) {
      const known = isOver ? 'rolled-back' : (outcome ?? (work.mayHaveRun ? 'unknown' : undefined))
      if (holder?.isDead && (isOver || work.wasInTransaction)) holder.outcome ??= known
      describeWork(work, failure, known)
    }
    // Callers may throw: where no packet of a connection is being handled they must not throw into our loops.
    if (lease !== undefined) work.fail(error)
    else process.nextTick(() => work.fail(error))
  }

  giveBack(lease: Lease, holder: Holder | undefined): void {
    giveBack(lease, holder, this.#config.resetOnRelease, this.options.failoverTimeoutMs)
  }

  /** Work that has not begun never will: its session was destroyed. What runs is failed by its connection. */
  withdraw(work: Work): void {
    this.#giveUp(work, closedStateError())
  }

  /** Fails work that stands in line behind what has lost its connection. */
  abandon(work: Work, error: Error): void {
    this.#activity.enter()
    this.#refuse(work, error, undefined)
  }

  /** A session gives back what it holds. */
  release(holder: Holder): void {
    this.tellings.forget(holder)
    this.#sessions.release(holder)
  }

  /** Resolves once the topology is confirmed, or it is known that there is none to confirm. */
  async ready(): Promise<void> {
    if (this.state.isClosed) throw new Error('Pool is closed.')
    this.#hasBeenUsed = true
    this.#wakeUp()
    const { discovery, monitor } = this.#parts
    discovery.start()
    const limitMs = this.options.failoverTimeoutMs
    await this.#activity.holding(
      readyWithin(limitMs, discovery.settled(), () => monitor.lastRefusal),
    )
  }

  /** Asks for the topology now. */
  async refresh(): Promise<void> {
    // One that knows its cluster and no writer in it may be asked all the same.
    if (this.state.mode !== 'cluster' || this.state.isClosed) await this.ready()
    if (this.state.mode !== 'cluster') return
    const id = bestAsked(this.state, this.members)
    await this.#activity.holding(this.#parts.monitor.ask(id))
  }

  /** Resolves when nothing runs or waits any more. */
  whenIdle(): Promise<void> {
    return this.#activity.whenIdle()
  }

  /** Takes no more work, but for sessions that are being drained, and fails what waits. */
  stop(): void {
    const { failover, monitor, discovery, room } = this.#parts
    this.state.isClosed = true
    for (const each of [failover, monitor, this.consistency, discovery, room]) each.close()
    this.members.stop()
  }

  /** Ends everything that this pool opened. What runs may end. */
  close(done: () => void): void {
    const { members, silence, monitor } = this.#parts
    // Not everything that is waited for is work: a connection that is being cleaned, a reply that is still due.
    const closed = new Promise<void>((resolve) => members.close(resolve))
    void this.#activity.holding(closed).then(() => {
      silence.stop()
      // A question about an instance that was silent to the end.
      monitor.close()
      this.#activity.close()
      done()
    })
  }

  /** Cuts whatever still runs: for a drain whose time is over. */
  cutAll(): void {
    this.members.cutAll(() => lostError('Connection lost: the pool was drained.'))
  }

  /** On the lease that its session holds; one that has lain idle is asked first, and reset if it carries what others have set. */
  #runHeld(work: Work, holder: Holder, lease: Lease): void {
    // A session that only sets what it wants to find decides nothing yet: mostly it is what the one before has left.
    const isFresh = holder.isFresh && work.setting === undefined
    const isReady = !isFresh || stateFit(lease, work) === 'same'
    if (isReady && !lease.lender.needsCheck(lease, work)) return this.begin(work, lease)
    work.pool = lease.lender
    // While it is looked at it belongs to the statement alone: nobody else may give it back.
    holder.lease = undefined
    lease.lender.lendHeld(lease, work, isFresh)
  }

  /** What belongs to one connection runs there or nowhere. */
  #runBound(work: Work, holder: Holder, lease: Lease): void {
    if (!lease.isDead) return this.begin(work, lease)
    holder.dieWith(lease.doubt)
    this.#refuse(work, closedStateError(), holder.outcome)
  }

  #giveUp(work: Work, error: Error): void {
    if (work.lease !== undefined || work.hasWithdrawn) return
    work.hasWithdrawn = true
    this.#parts.room.leave(work)
    work.pool?.withdraw(work)
    this.#refuse(work, error, undefined)
  }

  /** Fails work without an attempt. */
  #refuse(work: Work, error: Error, outcome: ErrorDetail['outcome'] | undefined): void {
    this.surface(work, { pool: work.pool, lease: undefined, error, kind: 'lost' }, outcome)
  }

  #ended(work: Work): Lease | undefined {
    const { lease } = work
    if (lease === undefined) return undefined
    work.lease = undefined
    this.#parts.times?.end(work, lease.lender)
    lease.lender.underWay--
    if (work.holder !== undefined) {
      work.holder.isRunning = false
      // Else it is given back, which notes that too.
      lease.noteUse()
    }
    lease.isWriting = false
    return lease
  }

  /** The last that the cluster sees of it. */
  #left(work: Work): void {
    endOverload(work)
    if (this.state.mode === 'unknown') this.#parts.discovery.startNext()
    if (work.victim !== undefined) this.#sessions.spare(work.victim)
    this.#activity.leave()
    work.queue?.onEnded()
  }

  #wakeUp(): void {
    this.#parts.silence.start()
    this.consistency.open()
  }
}
