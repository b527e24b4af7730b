import { describeFailure, type ErrorDetail } from '../contract/error-detail.js'
import { AuroraError } from '../contract/errors.js'
import type { Emit, FailoverReason } from '../contract/events.js'
import type { CoreConnection, PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import { AddressCache } from '../io/address-cache.js'
import { monotonicMs } from '../io/clock.js'
import { lostError } from '../io/connection.js'
import { ProcessHold } from '../io/process-hold.js'
import type { Topology, TopologyReport } from '../model/topology.js'
import { fullJitterMs } from '../policy/backoff.js'
import { classifyError, type ErrorKind, isQuotaPerHour } from '../policy/classify-error.js'
import {
  decideRetry,
  type FailedAttempt,
  type RunAgain,
  type Surface,
} from '../policy/decide-retry.js'
import { RetryBudget } from '../policy/retry-budget.js'
import { SqlClassifier } from '../policy/sql-classifier.js'
import { Consistency } from './consistency.js'
import { Discovery } from './discovery.js'
import { Failover, fence } from './failover.js'
import { giveBack } from './give-back.js'
import type { Holder } from './holder.js'
import { InstancePool, type InstancePoolSetup, type Lease } from './instance-pool.js'
import { Members } from './members.js'
import { GIVEN, Monitor } from './monitor.js'
import { type Mode, Placement } from './placement.js'
import { replay } from './replay.js'
import { SilenceWatch } from './silence-watch.js'
import { type Target, targetOf } from './target.js'
import { WaitingRoom } from './waiting-room.js'
import type { Runner, Work } from './work.js'

/** Bounds of the classifier's memo: texts of an application are few; generated ones must not fill the heap. */
const CLASSIFIER_LIMITS = { maxEntries: 5_000, maxBytes: 8 << 20, maxTextLength: 16_384 }
/** For so long after an episode a new connection says who it is before it is lent. */
const DOUBTFUL_AFTER_MS = 5_000
/** A reader that failed a statement is passed over for so long while there is another. */
const PENALTY_MS = 1_000
/** From this attempt on there is a pause before the next, so that a fault which passes every check cannot spin. */
const BACK_OFF_FROM_ATTEMPT = 3
const BACK_OFF_BASE_MS = 10
const BACK_OFF_CAP_MS = 1_000
/** What is not worth waiting for where no writer has ever confirmed itself: two more tries, then the error surfaces. */
const TRIES_WITHOUT_WRITER = 3

export interface ClusterHooks {
  onConnection(core: CoreConnection): void
  onEnqueue(): void
}

/**
 * The stateful heart: takes work, finds an instance, lends a connection, and decides what becomes of failures.
 * On the ordinary path `run` is plain calls on values in memory; nothing is awaited.
 */
export class Cluster implements Runner {
  readonly options: ResolvedOptions
  readonly classifier = new SqlClassifier(CLASSIFIER_LIMITS)
  readonly consistency: Consistency
  readonly members: Members
  readonly monitor: Monitor
  readonly placement: Placement
  readonly target: Target
  readonly counts = { retried: 0, failovers: 0, surfaced: 0 }

  readonly #config: PoolConfig
  readonly #emit: Emit
  readonly #addresses: AddressCache
  readonly #hold = new ProcessHold()
  readonly #budget = new RetryBudget()
  readonly #failover: Failover
  readonly #room: WaitingRoom
  readonly #silence: SilenceWatch
  readonly #discovery: Discovery
  #mode: Mode = 'unknown'
  #published: Topology | undefined
  #hasHadWriter = false
  #active = 0
  #usedMs = 0
  #isUsed = false
  #isClosed = false
  #onIdle: (() => void) | undefined
  #ticks = 0

  constructor(config: PoolConfig, options: ResolvedOptions, emit: Emit, hooks: ClusterHooks) {
    this.options = options
    this.#config = config
    this.#emit = emit
    this.target = targetOf(config.connectionConfig, options)
    this.#addresses = new AddressCache(options.lookup)
    this.consistency = new Consistency(options.consistency)
    this.members = this.#makeMembers(hooks)
    this.#failover = this.#makeFailover()
    this.monitor = this.#makeMonitor()
    this.#room = new WaitingRoom({
      options,
      emit: this.#emit,
      place: (work) => this.#place(work),
      giveUp: (work, error) => this.#surface(work, undefined, error, 'lost', undefined),
    })
    const cluster = this
    this.placement = new Placement({
      options,
      target: this.target,
      members: this.members,
      consistency: this.consistency,
      state: {
        get mode() {
          return cluster.#mode
        },
        get hasHadWriter() {
          return cluster.#hasHadWriter
        },
        get isSeekingWriter() {
          return cluster.#failover.isOpen
        },
      },
      onHeld: () => this.monitor.freshen(),
    })
    this.#silence = this.#makeSilenceWatch()
    this.#discovery = new Discovery({
      target: this.target,
      monitor: this.monitor,
      settle: (mode, reason) => this.#settle(mode, reason),
      emit: this.#emit,
    })
  }

  get mode(): Mode {
    return this.#mode
  }

  /** What is believed now; undefined until an instance has answered, and where there is nothing to discover. */
  get topology(): Topology | undefined {
    return this.#published
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Work that has been taken and has not ended, whether it runs or waits. */
  get active(): number {
    return this.#active
  }

  get waiting(): number {
    return this.#room.length
  }

  get isFailingOver(): boolean {
    return this.#failover.isOpen
  }

  /** Takes work. It ends in its caller's callback, whatever happens. */
  run(work: Work): void {
    this.#isUsed = true
    if (this.#active++ === 0) this.#hold.enter()
    if (this.#isClosed)
      return this.#surface(work, undefined, new Error('Pool is closed.'), 'ordinary', undefined)
    if (this.#mode === 'unknown' || this.monitor.isAsleep) this.#wakeUp()
    const { holder } = work
    if (holder !== undefined) {
      if (holder.isDead)
        return this.#surface(work, undefined, closedStateError(), 'lost', undefined)
      const { lease } = holder
      if (lease !== undefined) {
        if (holder.isBound) return this.#runBound(work, holder, lease)
        if (this.placement.suits(lease, work)) return this.begin(work, lease)
        // Given back before the next is waited for, so that sessions cannot dead-lock each other.
        holder.lease = undefined
        this.#giveBack(lease, holder)
      }
    }
    this.#dispatch(work)
  }

  begin(work: Work, lease: Lease): void {
    const { holder } = work
    const pool = lease.lender
    pool.underWay++
    pool.counts.statements++
    work.pool = pool
    work.lease = lease
    work.attempts++
    work.wasInTransaction = lease.isInTransaction || (holder !== undefined && !lease.isAutocommit)
    work.wasPinned = holder !== undefined && holder.isPinned
    lease.isWriting = !work.sqlClass.isRepeatable || work.wasInTransaction
    if (holder !== undefined) holder.lease = lease
    if (work.prelude === undefined) work.begin(lease)
    else replay(work, lease, this)
  }

  refused(work: Work, error: unknown): void {
    work.firstError ??= error
    this.#afterFailure(work, work.pool ?? this.members.given, undefined, error)
  }

  succeeded(work: Work): void {
    const lease = this.#ended(work)
    this.#budget.refund()
    const { sqlClass, holder } = work
    if (!sqlClass.isRepeatable) this.#wrote(work)
    if (lease !== undefined) {
      if (holder === undefined) this.#giveBack(lease, undefined)
      else {
        holder.note(work.text, sqlClass)
        if (holder.isReleased) this.release(holder)
      }
    }
    this.#left(work)
  }

  failed(work: Work, error: Error): void {
    const lease = this.#ended(work)
    work.firstError ??= error
    this.#afterFailure(work, lease?.lender ?? this.members.given, lease, error)
  }

  /** A session gives back what it holds. */
  release(holder: Holder): void {
    const { lease } = holder
    holder.lease = undefined
    holder.isReleased = true
    if (lease !== undefined) this.#giveBack(lease, holder)
    holder.forget()
  }

  /** Resolves once the topology is confirmed, or it is known that there is none to confirm. */
  async ready(): Promise<void> {
    if (this.#isClosed) throw new Error('Pool is closed.')
    this.#isUsed = true
    this.#wakeUp()
    this.#hold.enter()
    try {
      await this.#discovery.settled()
    } finally {
      this.#hold.leave()
    }
  }

  /** Asks for the topology now. */
  async refresh(): Promise<void> {
    await this.ready()
    if (this.#mode !== 'cluster') return
    await this.monitor.ask(
      this.#published?.writer?.id ?? this.#published?.instances[0]?.id ?? GIVEN,
    )
  }

  /** Resolves when nothing runs or waits any more. */
  whenIdle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const previous = this.#onIdle
      this.#onIdle = () => {
        previous?.()
        resolve()
      }
    })
  }

  /** Ends everything that this pool opened. What runs may end; what waits fails. */
  close(done: () => void): void {
    this.#isClosed = true
    this.#failover.close()
    this.monitor.close()
    this.consistency.close()
    this.#discovery.close()
    this.#room.close(() => new Error('Pool is closed.'))
    const pools = [...this.members.all()]
    let left = pools.length
    for (const pool of pools) {
      pool.close(() => {
        if (--left > 0) return
        this.#silence.stop()
        done()
      })
    }
  }

  /** Cuts whatever still runs: for a drain whose time is over. */
  cutAll(): void {
    const error = lostError('Connection lost: the pool was drained.')
    for (const pool of this.members.all()) for (const lease of [...pool.leases]) lease.cut(error)
  }

  #place(work: Work): InstancePool | undefined {
    return work.isCheckout ? this.placement.placeCheckout(work) : this.placement.place(work)
  }

  #dispatch(work: Work): void {
    const pool = this.#place(work)
    if (pool !== undefined) {
      work.pool = pool
      return pool.lend(work)
    }
    if (work.askedAs === 'reader' && !this.placement.mayHold(work)) {
      const message = "No reader can serve the read (aurora.noReader is 'fail')"
      const cause = work.firstError === undefined ? {} : { cause: work.firstError }
      return this.#surface(
        work,
        undefined,
        new AuroraError('ERR_AURORA_NO_READER', message, cause),
        'lost',
        undefined,
      )
    }
    this.#room.enter(work)
  }

  /** What belongs to one connection runs there or nowhere. */
  #runBound(work: Work, holder: Holder, lease: Lease): void {
    if (!lease.isDead) return this.begin(work, lease)
    holder.isDead = true
    holder.lease = undefined
    this.#surface(work, undefined, closedStateError(), 'lost', 'rolled-back')
  }

  #ended(work: Work): Lease | undefined {
    const { lease } = work
    if (lease === undefined) return undefined
    work.lease = undefined
    lease.lender.underWay--
    lease.isWriting = false
    return lease
  }

  /** The last that the cluster sees of it. */
  #left(work: Work): void {
    if (--this.#active === 0) {
      this.#hold.leave()
      const onIdle = this.#onIdle
      this.#onIdle = undefined
      onIdle?.()
    }
    work.onEnded?.()
  }

  #wrote(work: Work): void {
    const { sqlClass } = work
    if (
      sqlClass.setsState ||
      sqlClass.control === 'begin' ||
      sqlClass.control === 'set-transaction'
    )
      return
    this.consistency.wrote(work.context)
    if (this.#mode === 'single') this.#hasHadWriter = true
  }

  #afterFailure(work: Work, pool: InstancePool, lease: Lease | undefined, error: unknown): void {
    const kind = classifyError(error)
    const isAurora = this.#mode === 'cluster' || this.#mode === 'single'
    if (!isAurora || this.#isClosed) return this.#surface(work, lease, error, kind, undefined)
    const decision = decideRetry(this.#describe(work, kind))
    if (decision.action === 'surface')
      return this.#afterSurfacing(work, pool, lease, error, kind, decision)
    if (
      decision.seekWriter &&
      !this.#hasHadWriter &&
      (kind === 'refused' || work.attempts >= TRIES_WITHOUT_WRITER)
    ) {
      return this.#surface(work, lease, error, kind, undefined)
    }
    if (kind === 'overloaded') return this.#afterOverload(work, pool, error)
    this.#runAgain(work, pool, lease, error, kind, decision)
  }

  #describe(work: Work, kind: ErrorKind): FailedAttempt {
    return {
      kind,
      wasSent: work.wasSent,
      isPinned: work.wasPinned,
      inTransaction: work.wasInTransaction,
      isFirstInTransaction: work.holder?.prelude !== undefined,
      askedAs: work.askedAs,
      sql: work.sqlClass,
      isIdempotent: work.isIdempotent,
      hasDelivered: work.hasDelivered,
      usedLocalInfile: work.usedLocalInfile,
      hasBudget: this.#budget.hasTokens,
    }
  }

  #afterSurfacing(
    work: Work,
    pool: InstancePool,
    lease: Lease | undefined,
    error: unknown,
    kind: ErrorKind,
    decision: Surface,
  ): void {
    const { holder } = work
    if (decision.outcome === 'unknown') this.consistency.wrote(work.context)
    if (holder !== undefined && decision.sessionIsDead) holder.isDead = true
    if (lease !== undefined && decision.keepUntilReply) {
      lease.isReplyDue = true
      work.whenReplied(() => {
        lease.isReplyDue = false
      })
    }
    if (lease !== undefined && decision.rollBackFirst) lease.isSpent = true
    this.#seek(pool, lease, error, kind, decision.seekWriter)
    if (kind === 'lost' || kind === 'stopping') this.#doubt(work, pool, lease, error)
    this.#surface(work, lease, error, kind, decision.outcome)
  }

  #runAgain(
    work: Work,
    pool: InstancePool,
    lease: Lease | undefined,
    error: unknown,
    kind: ErrorKind,
    decision: RunAgain,
  ): void {
    const { holder } = work
    if (decision.rememberAsWrite && work.text !== undefined) {
      this.classifier.rememberAsWrite(work.text)
      work.sqlClass = this.classifier.classify(work.text)
    }
    if (decision.on === 'writer') work.mustWrite = true
    if (decision.replayBegin) work.prelude = holder?.prelude
    if (work.wasSent) this.#budget.spend()
    this.counts.retried++
    this.#emit('statementRetried', {
      instance: pool.id,
      kind,
      code: codeOfError(error),
      attempt: work.attempts,
    })
    if (decision.prepareAgain && lease !== undefined && !work.hasPreparedAgain) {
      work.hasPreparedAgain = true
      work.forgetStatement(lease)
      return this.begin(work, lease)
    }
    if (holder !== undefined) holder.lease = undefined
    this.#seek(pool, lease, error, kind, decision.seekWriter)
    this.#doubt(work, pool, lease, error)
    if (lease !== undefined) this.#giveBack(lease, holder)
    if (work.attempts < BACK_OFF_FROM_ATTEMPT) return this.#dispatch(work)
    const delayMs = fullJitterMs(
      work.attempts - BACK_OFF_FROM_ATTEMPT,
      BACK_OFF_BASE_MS,
      BACK_OFF_CAP_MS,
      Math.random,
    )
    work.deadlineMs ??= monotonicMs() + (work.options?.waitMs ?? this.options.failoverTimeoutMs)
    setTimeout(() => {
      if (this.#isClosed)
        this.#surface(work, undefined, new Error('Pool is closed.'), 'ordinary', undefined)
      else if (monotonicMs() >= (work.deadlineMs ?? 0)) this.#room.enter(work)
      else this.#dispatch(work)
    }, delayMs).unref()
  }

  /** Fence, and look for the writer, when the trouble is the writer's. */
  #seek(
    pool: InstancePool,
    lease: Lease | undefined,
    error: unknown,
    kind: ErrorKind,
    isWanted: boolean,
  ): void {
    if (!isWanted || !this.#hasHadWriter || !this.#isWriter(pool)) return
    this.#failover.begin(pool, lease, reasonOf(kind, lease), error)
  }

  #isWriter(pool: InstancePool): boolean {
    return (
      pool === this.members.writer ||
      (pool === this.members.given && this.target.scope !== 'readers')
    )
  }

  /** A reader that failed a statement is passed over for a while, and asked whether it is there. */
  #doubt(work: Work, pool: InstancePool, lease: Lease | undefined, error: unknown): void {
    if (lease !== undefined && classifyError(error) !== 'stopping') lease.isSpent = true
    if (this.#isWriter(pool) || pool === this.members.given) return
    work.avoid = pool
    pool.penaltyUntilMs = monotonicMs() + PENALTY_MS
    if (lease === undefined) pool.setReachable(false, error)
    else void this.monitor.ask(pool.id).catch(ignore)
  }

  /** The instance lives and takes no more connections: reads go elsewhere, the rest waits for one that another gives back. */
  #afterOverload(work: Work, pool: InstancePool, error: unknown): void {
    const nowMs = monotonicMs()
    work.overloadedSinceMs ??= nowMs
    const limitMs = this.#failover.isRecent(DOUBTFUL_AFTER_MS)
      ? this.options.failoverTimeoutMs
      : this.options.overloadWaitMs
    if (isQuotaPerHour(error) || nowMs - work.overloadedSinceMs >= limitMs) {
      return this.#surface(work, undefined, error, 'overloaded', undefined)
    }
    pool.penaltyUntilMs = nowMs + PENALTY_MS
    work.avoid = pool
    const other = work.askedAs === 'reader' ? this.#place(work) : undefined
    if (other !== undefined && other !== pool) {
      work.pool = other
      return other.lend(work)
    }
    const tries = Math.floor(Math.log2(1 + (nowMs - work.overloadedSinceMs) / BACK_OFF_BASE_MS))
    pool.waitForReturned(work)
    setTimeout(
      () => {
        if (pool.withdraw(work)) this.#dispatch(work)
      },
      fullJitterMs(tries, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, Math.random),
    ).unref()
  }

  #surface(
    work: Work,
    lease: Lease | undefined,
    error: unknown,
    kind: ErrorKind,
    outcome: ErrorDetail['outcome'] | undefined,
  ): void {
    const { holder } = work
    if (lease !== undefined) {
      if (holder === undefined) this.#giveBack(lease, undefined)
      else if (holder.isReleased || lease.isDead) this.release(holder)
    }
    this.counts.surfaced++
    this.#left(work)
    const isOurs = this.#mode === 'cluster' || this.#mode === 'single'
    if (isOurs) {
      const instance = work.pool?.id
      describeFailure(error, {
        kind,
        ...(outcome === undefined ? {} : { outcome }),
        ...(instance === undefined ? {} : { instance }),
        attempts: work.attempts,
        waitedMs: Math.round(work.waitedMs),
      })
    }
    work.fail(error)
  }

  #giveBack(lease: Lease, holder: Holder | undefined): void {
    giveBack(lease, holder, this.#config.resetOnRelease, this.options.failoverTimeoutMs)
  }

  #settle(mode: Mode, reason: string | undefined): void {
    if (this.#isClosed || this.#mode === mode) return
    this.#mode = mode
    if (mode === 'unknown') return
    this.#emit('discovered', {
      mode: mode === 'cluster' && this.target.scope === 'readers' ? 'readers' : mode,
      ...(reason === undefined ? {} : { reason }),
    })
    if (mode !== 'cluster') this.#room.wake()
  }

  #wakeUp(): void {
    if (this.#isClosed) return
    this.#usedMs = monotonicMs()
    this.#silence.start()
    this.consistency.open()
    this.#discovery.start()
  }

  #onReport(report: TopologyReport, topology: Topology | undefined): void {
    if (this.#isClosed) return
    if (topology === undefined) return this.#onRole(report)
    this.members.get(report.answeredBy)?.setReachable(true)
    if (!this.monitor.hasReachedInstance || this.#mode === 'plain') return
    const isConfirmed = !report.isReadOnly && topology.writer?.id === report.answeredBy
    if (isConfirmed) {
      this.#hasHadWriter = true
      this.#failover.confirmed(report, () => this.#publish(topology))
    } else {
      const demoted = this.members.writer
      this.#publish(topology)
      if (demoted !== undefined && topology.writer === undefined) {
        this.#failover.begin(demoted, undefined, 'demoted', undefined)
      }
    }
    this.#room.wake()
  }

  /** One endpoint, and nothing to discover: only its role was asked. */
  #onRole(report: TopologyReport): void {
    if (report.isReadOnly) {
      if (!this.#hasHadWriter) this.#failover.abandon()
      return
    }
    this.#hasHadWriter = true
    this.#failover.confirmed(report, () => {})
  }

  /** Puts a topology in force. */
  #publish(topology: Topology): void {
    const previous = this.#published
    if (topology === previous) return
    this.#published = topology
    const gone = this.members.apply(
      topology,
      (instance) => this.target.scope !== 'readers' || instance.role === 'reader',
    )
    for (const pool of gone) this.#retire(pool)
    this.#discovery.published(topology, previous)
    if (this.#mode === 'unknown') {
      this.#settle('cluster', undefined)
      this.#discovery.adopt(this.members)
    }
  }

  /** An instance has left the topology: its connections end with what runs on them. */
  #retire(pool: InstancePool): void {
    this.monitor.drop(pool.id)
    fence(pool, 'removed', this.#emit, () => false)
  }

  #onUnasked(id: string, error: unknown): void {
    if (this.#isClosed) return
    const pool = this.members.get(id)
    const writer = this.members.writer
    if (pool !== undefined && pool === writer) {
      if (!this.#failover.isOpen) this.#failover.begin(pool, undefined, 'unanswered', error)
    } else pool?.setReachable(false, error)
    this.#discovery.failed(id, error)
  }

  #makeMembers(hooks: ClusterHooks): Members {
    const setup: InstancePoolSetup = {
      config: this.#config,
      options: this.options,
      lookup: this.#addresses.cached,
      onConnection: hooks.onConnection,
      onEnqueue: hooks.onEnqueue,
      onReachable: (pool, isReachable, error) => {
        this.#emit('instanceReachable', {
          instance: pool.id,
          isReachable,
          code: codeOfError(error),
        })
        if (isReachable) this.#room.wake()
      },
      areTimesDoubtful: () =>
        this.#mode === 'cluster' && this.#failover.isRecent(DOUBTFUL_AFTER_MS),
    }
    const given = new InstancePool(
      {
        id: GIVEN,
        endpoint: this.target.given,
        role: this.target.scope === 'readers' ? 'reader' : 'writer',
        lagMs: undefined,
        cpu: undefined,
        ageMs: undefined,
        visibleUpToMs: undefined,
      },
      { ...setup, lookup: this.#addresses.fresh, areTimesDoubtful: () => false },
    )
    return new Members(given, setup)
  }

  #makeFailover(): Failover {
    return new Failover({
      options: this.options,
      emit: this.#emit,
      hurry: () => {
        this.counts.failovers++
        this.monitor.hurry()
      },
      calm: () => this.monitor.calm(),
      writer: () => (this.#mode === 'single' ? this.members.given : this.members.writer),
      wake: () => this.#room.wake(),
      waiting: () => this.#room.length,
    })
  }

  #makeMonitor(): Monitor {
    return new Monitor({
      config: this.#config.connectionConfig,
      options: this.options,
      addresses: this.#addresses,
      given: this.target.given,
      question: this.target.scope === 'single' ? 'role' : 'topology',
      instanceEndpoint: this.target.instanceEndpoint,
      emit: this.#emit,
      mayAsk: (id) => this.target.scope !== 'readers' || this.monitor.topology?.writer?.id !== id,
      onReport: (report, topology) => this.#onReport(report, topology),
      onUnasked: (id, error) => this.#onUnasked(id, error),
      isInUse: () => this.#active > 0 || monotonicMs() - this.#usedMs < this.options.idleAfterMs,
    })
  }

  #makeSilenceWatch(): SilenceWatch {
    return new SilenceWatch({
      options: this.options,
      emit: this.#emit,
      pools: () => this.members.all(),
      monitorBytes: (pool) => this.monitor.bytesRead(pool.id),
      connectedMs: (pool) => this.monitor.connectedMs(pool.id),
      ask: (pool) => this.monitor.ask(pool.id),
      alarm: (pool, silentMs) => this.#onAlarm(pool, silentMs),
      condemn: (pool) => this.#condemn(pool),
      onGap: () => {
        for (const pool of this.members.all()) pool.doubtAll()
      },
      onTick: (nowMs) => this.#onTick(nowMs),
    })
  }

  #onAlarm(pool: InstancePool, silentMs: number): void {
    const error = lostError(`The instance did not answer for ${Math.round(silentMs)} ms`)
    if (this.#isWriter(pool) && this.#hasHadWriter)
      this.#failover.begin(pool, undefined, 'unanswered', error)
    else if (pool !== this.members.given) pool.setReachable(false, error)
  }

  #condemn(pool: InstancePool): void {
    fence(pool, 'condemned', this.#emit, () => true)
    this.monitor.drop(pool.id)
    if (!this.#isWriter(pool)) pool.setReachable(false, lostError('The instance has gone silent'))
  }

  #onTick(nowMs: number): void {
    if (this.#isUsed) {
      this.#isUsed = false
      this.#usedMs = nowMs
    }
    if (++this.#ticks % TICKS_PER_SWEEP !== 0) return
    for (const pool of this.members.all()) {
      pool.sweep()
      // An instance that could not be reached is asked until it answers, or leaves the topology.
      if (!pool.isReachable && pool !== this.members.given)
        void this.monitor.ask(pool.id).catch(ignore)
    }
  }
}

/** Idle connections are looked over once a second, as in mysql2. */
const TICKS_PER_SWEEP = 10

/** As mysql2 makes it for a statement on a connection that has been closed: fatal, without a code. */
function closedStateError(): Error {
  return Object.assign(new Error("Can't add new command when connection is in closed state"), {
    fatal: true,
  })
}

function reasonOf(kind: ErrorKind, lease: Lease | undefined): FailoverReason {
  if (kind === 'refused') return 'refused'
  if (kind === 'stopping') return 'stopping'
  return lease === undefined ? 'connect-failed' : 'connection-lost'
}

function codeOfError(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

function ignore(): void {}
