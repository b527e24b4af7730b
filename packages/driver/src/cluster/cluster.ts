import { describeFailure, type ErrorDetail } from '../contract/error-detail.js'
import { AuroraError } from '../contract/errors.js'
import type { Emit } from '../contract/events.js'
import type { PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import { lostError } from '../io/connection.js'
import type { Topology } from '../model/topology.js'
import { RetryBudget } from '../policy/retry-budget.js'
import { SqlClassifier, USUAL_LIMITS } from '../policy/sql-classifier.js'
import { Activity } from './activity.js'
import { checkOutAtOnce } from './checkout.js'
import { closedStateError, endedError } from './closed-state-error.js'
import { type ClusterHooks, type ClusterParts, joinParts } from './cluster-parts.js'
import { Consistency } from './consistency.js'
import { giveBack } from './give-back.js'
import type { Holder } from './holder.js'
import type { InstancePool, Lease } from './instance-pool.js'
import { leavesUnset, noteLeftovers, noteState, showsWrite } from './leftovers.js'
import type { Members } from './members.js'
import { GIVEN } from './monitor.js'
import type { HeldReads } from './placement.js'
import type { Failure } from './recovery.js'
import { replay } from './replay.js'
import { SessionLeases } from './session-leases.js'
import { ClusterState } from './state.js'
import { type Target, targetOf } from './target.js'
import { ThreadTellings } from './thread-tellings.js'
import { abortedError, endOverload, limitWait, stopWaiting } from './wait.js'
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
    if (this.state.mode === 'unknown' || this.#parts.monitor.isAsleep) {
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
        if (this.#parts.placement.suits(lease, work)) return this.#runHeld(work, lease)
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
    if (work.options?.signal?.aborted) return this.#refuse(work, abortedError(work), undefined)
    const pool = this.place(work)
    if (pool !== undefined) return this.lend(work, pool)
    if (work.askedAs === 'reader' && !this.#parts.placement.mayHold(work)) {
      const cause = work.firstError === undefined ? {} : { cause: work.firstError }
      const message = "No reader can serve the read (aurora.noReader is 'fail')"
      return this.#refuse(work, new AuroraError('ERR_AURORA_NO_READER', message, cause), undefined)
    }
    this.#parts.room.enter(work)
  }

  /** Borrows a connection to this instance. */
  lend(work: Work, pool: InstancePool): void {
    work.pool = pool
    if (work.destination !== undefined) return this.tellings.lendBeside(work, pool)
    if (work.options !== undefined) this.limitWait(work)
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
    pool.underWay++
    if (!work.isCheckout) pool.counts.statements++
    work.pool = pool
    work.lease = lease
    work.attempts++
    work.wasInTransaction = lease.isInTransaction || (holder !== undefined && !lease.isAutocommit)
    work.wasPinned = holder?.isPinned ?? false
    lease.isWriting = !work.sqlClass.isRepeatable || work.wasInTransaction
    if (holder !== undefined) {
      holder.lease = lease
      holder.isRunning = true
    }
    if (work.sqlClass.intent === 'read') work.context?.goesTo(pool.id)
    if (work.prelude === undefined) work.begin(lease)
    else replay(work, lease, this)
  }

  refused(work: Work, error: unknown): void {
    if (work.holder?.hasLostSession(work.sqlClass))
      return this.#refuse(work, closedStateError(), undefined)
    if (work.destination !== undefined) return this.#refuse(work, error as Error, undefined)
    if (work.holder?.lease?.isDead) work.holder.lease = undefined
    work.firstError ??= error
    this.#parts.recovery.recover(work, work.pool ?? this.members.given, undefined, error)
  }

  succeeded(work: Work): void {
    const lease = this.#ended(work)
    const { sqlClass, holder } = work
    this.budget.refund()
    if (showsWrite(work)) {
      this.consistency.wrote(work.context)
      if (this.state.mode === 'single') this.state.hasHadWriter = true
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
    if (lease !== undefined) noteLeftovers(work.sqlClass, lease)
    if (work.holder !== undefined && !work.sqlClass.isRepeatable) work.holder.hasChanges = true
    this.#parts.recovery.recover(work, lease?.lender ?? this.members.given, lease, error)
  }

  /** The caller gets the error, with what is known about it where our rules hold. */
  surface(work: Work, failure: Failure, outcome: ErrorDetail['outcome'] | undefined): void {
    const { pool, lease, error, kind } = failure
    const { holder, prelude } = work
    stopWaiting(work)
    if (holder !== undefined && leavesUnset(work.sqlClass, lease, kind)) holder.isDead = true
    // Its transaction was to be opened again and was not: nothing of the session may run outside of one.
    const isOver = prelude !== undefined && holder !== undefined
    if (isOver) holder.isDead = true
    if (lease !== undefined) {
      if (holder === undefined) this.giveBack(lease, undefined)
      else if (lease.isDead) this.#sessions.drop(holder)
      else this.#sessions.letGo(holder)
    }
    this.counts.surfaced++
    this.#left(work)
    // Until it is known what is there, the name may say that it is a cluster.
    if (this.state.isAurora || (this.state.mode === 'unknown' && this.target.scope !== 'single')) {
      const known = isOver ? 'rolled-back' : (outcome ?? (work.mayHaveRun ? 'unknown' : undefined))
      if (holder?.isDead && (isOver || work.wasInTransaction)) holder.outcome ??= known
      describeFailure(error, {
        kind,
        ...(known === undefined ? {} : { outcome: known }),
        ...(pool === undefined ? {} : { instance: pool.id }),
        attempts: work.attempts,
        waitedMs: Math.round(work.waitedMs),
      })
    }
    work.fail(error)
  }

  giveBack(lease: Lease, holder: Holder | undefined): void {
    giveBack(lease, holder, this.#config.resetOnRelease, this.options.failoverTimeoutMs)
  }

  /** Work that has not begun never will: its session was destroyed. What runs is failed by its connection. */
  withdraw(work: Work): void {
    this.#giveUp(work, closedStateError())
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
    this.#parts.discovery.start()
    await this.#activity.holding(this.#parts.discovery.settled())
  }

  /** Asks for the topology now. */
  async refresh(): Promise<void> {
    await this.ready()
    const { topology, mode } = this.state
    if (mode !== 'cluster') return
    const reachable = topology?.instances.find(({ id }) => this.members.get(id)?.isReachable)
    await this.#activity.holding(
      this.#parts.monitor.ask(topology?.writer?.id ?? reachable?.id ?? GIVEN),
    )
  }

  /** Resolves when nothing runs or waits any more. */
  whenIdle(): Promise<void> {
    return this.#activity.whenIdle()
  }

  /** Takes no more work, but for sessions that are being drained, and fails what waits. */
  stop(): void {
    const { failover, monitor, discovery, room } = this.#parts
    this.state.isClosed = true
    failover.close()
    monitor.close()
    this.consistency.close()
    discovery.close()
    room.close(() => new Error('Pool is closed.'))
  }

  /** Ends everything that this pool opened. What runs may end. */
  close(done: () => void): void {
    const { silence } = this.#parts
    const pools = [...this.members.all()]
    let left = pools.length
    for (const pool of pools) {
      pool.close(() => {
        if (--left > 0) return
        silence.stop()
        // A question about an instance that was silent to the end.
        this.#parts.monitor.close()
        this.#activity.close()
        done()
      })
    }
  }

  /** Cuts whatever still runs: for a drain whose time is over. */
  cutAll(): void {
    for (const pool of this.members.all()) {
      for (const lease of [...pool.leases])
        lease.cut(lostError('Connection lost: the pool was drained.'))
    }
  }

  /** On the lease that its session holds; one that has lain idle is asked first. */
  #runHeld(work: Work, lease: Lease): void {
    if (!lease.lender.needsCheck(lease, work)) return this.begin(work, lease)
    work.pool = lease.lender
    lease.lender.lendHeld(lease, work)
  }

  /** What belongs to one connection runs there or nowhere. */
  #runBound(work: Work, holder: Holder, lease: Lease): void {
    if (!lease.isDead) return this.begin(work, lease)
    holder.isDead = true
    holder.outcome = 'rolled-back'
    holder.lease = undefined
    this.#refuse(work, closedStateError(), holder.outcome)
  }

  #giveUp(work: Work, error: Error): void {
    if (work.lease !== undefined || work.hasWithdrawn) return
    work.hasWithdrawn = true
    this.#parts.room.leave(work)
    work.pool?.withdraw(work)
    this.#refuse(work, error, undefined)
  }

  /** Fails work without an attempt; later, since mysql2 never calls back inside the call. */
  #refuse(work: Work, error: Error, outcome: ErrorDetail['outcome'] | undefined): void {
    const failure: Failure = { pool: work.pool, lease: undefined, error, kind: 'lost' }
    process.nextTick(() => this.surface(work, failure, outcome))
  }

  #ended(work: Work): Lease | undefined {
    const { lease } = work
    if (lease === undefined) return undefined
    work.lease = undefined
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
    if (this.state.mode === 'unknown') this.#parts.discovery.start()
    if (work.victim !== undefined) this.#sessions.spare(work.victim)
    this.#activity.leave()
    work.onEnded?.()
  }

  #wakeUp(): void {
    this.#parts.silence.start()
    this.consistency.open()
  }
}
