import { AsyncResource } from 'node:async_hooks'
import { codeOf } from '../contract/error-code.js'
import type { ErrorDetail } from '../contract/error-detail.js'
import { AuroraError } from '../contract/errors.js'
import type { Emit } from '../contract/events.js'
import type { CoreConnection, PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import { AddressCache } from '../io/address-cache.js'
import { monotonicMs } from '../io/clock.js'
import { isBornAutocommit, lostError } from '../io/connection.js'
import { classifyError } from '../policy/classify-error.js'
import type { RetryBudget } from '../policy/retry-budget.js'
import type { SqlClassifier } from '../policy/sql-classifier.js'
import { AnswerTimes } from './answer-times.js'
import { Belief } from './belief.js'
import type { Consistency } from './consistency.js'
import { Discovery } from './discovery.js'
import { Failover, fence } from './failover.js'
import type { Holder } from './holder.js'
import { type Borrower, InstancePool, type Lease } from './instance-pool.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { Members } from './members.js'
import { GIVEN, Monitor } from './monitor.js'
import { Placement } from './placement.js'
import { DOUBTFUL_AFTER_MS, type Failure, Recovery } from './recovery.js'
import { choosesIsolation } from './reset-connection.js'
import { SilenceWatch } from './silence-watch.js'
import type { ClusterState } from './state.js'
import type { Target } from './target.js'
import { TotalLimit } from './total-limit.js'
import { WaitingRoom } from './waiting-room.js'
import { Work } from './work.js'

/** Idle connections are looked over once a second, as in mysql2: every tenth tick of the silence watch. */
const TICKS_PER_SWEEP = 10

/** The parts of a cluster, joined: who calls whom is said in this file and nowhere else. */
export interface ClusterParts {
  readonly members: Members
  readonly monitor: Monitor
  readonly placement: Placement
  readonly failover: Failover
  readonly recovery: Recovery
  readonly room: WaitingRoom
  readonly silence: SilenceWatch
  readonly discovery: Discovery
  readonly times: AnswerTimes | undefined
}

/** What a cluster tells the pool above it. */
export interface ClusterHooks {
  /** A physical connection is ready and has not been used. */
  onConnection(core: CoreConnection): void
  /** A statement has to wait, since an instance's limit is reached. */
  onEnqueue(): void
}

/** What the parts call of the cluster that they belong to. */
export interface PartsOwner {
  readonly options: ResolvedOptions
  readonly classifier: SqlClassifier
  readonly consistency: Consistency
  readonly target: Target
  readonly state: ClusterState
  readonly budget: RetryBudget
  readonly counts: { retried: number; failovers: number }
  place(work: Work): InstancePool | undefined
  lend(work: Work, pool: InstancePool): void
  limitWait(work: Work): void
  dispatch(work: Work): void
  begin(work: Work, lease: Lease): void
  giveBack(lease: Lease, holder: Holder | undefined): void
  surface(work: Work, failure: Failure, outcome: ErrorDetail['outcome'] | undefined): void
  /** Something runs, or was run since `takeUse` was called last. */
  readonly isInUse: boolean
  /** As `isInUse`, and begins anew. */
  takeUse(): boolean
}

/** Makes the parts of a cluster and joins them. Nothing is opened and no timer is armed until there is work. */
export function joinParts(
  owner: PartsOwner,
  config: PoolConfig,
  emit: Emit,
  hooks: ClusterHooks,
): ClusterParts {
  const { options, target, state, consistency, classifier, budget, counts } = owner
  const addresses = new AddressCache(options.lookup)
  const resource = new AsyncResource('aurora-mysql2')
  const outside = <T>(work: () => T): T => resource.runInAsyncScope(work)
  let usedMs = monotonicMs()
  let ticks = 0
  const isInUse = (): boolean => owner.isInUse || monotonicMs() - usedMs < options.idleAfterMs

  const { totalLimit } = options
  const total =
    totalLimit === undefined
      ? undefined
      : new TotalLimit(totalLimit, config.waitForConnections, () => members.all())
  const poolSetup: InstancePoolSetup = {
    config,
    options,
    total,
    target: {
      config: config.connectionConfig,
      lookup: addresses.cached,
      password: options.password,
    },
    outside,
    onConnection: (core) => {
      if (!isBornAutocommit(core)) state.isWithoutAutocommit = true
      hooks.onConnection(core)
      if (choosesIsolation(core)) state.hasOwnIsolation = true
    },
    mayWaitOn: () => state.isAurora || (state.mode === 'unknown' && target.scope !== 'single'),
    onEnqueue: hooks.onEnqueue,
    onReachable: (id, isReachable, error) => {
      emit('instanceReachable', { instance: id, isReachable, code: codeOf(error) })
      if (!isReachable) return
      room.wake()
      // Reads, and sessions that begin, wait for the writer's connections only while no reader is there.
      for (const work of members.writer?.queue.takeIf(mayRead) ?? []) owner.dispatch(work)
    },
    hasGap: (nowMs) => silence.hasGap(nowMs),
    areTimesDoubtful: () => state.mode === 'cluster' && failover.isRecent(DOUBTFUL_AFTER_MS),
  }
  const members = new Members(
    givenPool(target, {
      ...poolSetup,
      target: { ...poolSetup.target, lookup: addresses.fresh },
      areTimesDoubtful: () => false,
    }),
    poolSetup,
  )

  const monitor: Monitor = new Monitor({
    config: config.connectionConfig,
    options,
    addresses,
    given: target.given,
    outside,
    question: target.scope === 'single' ? 'role' : 'topology',
    borrow: (id) => {
      const pool = id === GIVEN ? members.given : members.get(id)
      const lease = pool?.takeReady()
      return lease && { core: lease.core, giveBack: () => lease.lender.give(lease) }
    },
    instanceEndpoint: target.instanceEndpoint,
    asksReadersOnly: target.scope === 'readers',
    emit,
    mayAsk: (id) => {
      return (
        target.scope !== 'readers' ||
        (monitor.topology?.readers.some((reader) => reader.id === id) ?? false)
      )
    },
    onReport: (report, topology) => {
      const pool = members.get(report.answeredBy) ?? members.given
      silence.answeredBy(pool)
      belief.onReport(report, topology)
    },
    onUnasked: (id, error) => belief.onUnasked(id, error),
    isInUse,
  })

  const failover: Failover = new Failover({
    options,
    emit,
    hurry: () => {
      counts.failovers++
      addresses.isUrgent = true
      monitor.hurry()
    },
    calm: () => {
      addresses.isUrgent = false
      monitor.calm()
    },
    writer: () => (state.mode === 'single' ? members.given : members.writer),
    owedForMs: (pool) => silence.owedForMs(pool),
    wake: () => room.wake(),
    waiting: () => room.length,
  })

  const room: WaitingRoom = new WaitingRoom({
    options,
    emit,
    reason: () => failover.firstError,
    denial: () => (failover.isOpen ? monitor.denial : undefined),
    lastRefusal: () => monitor.lastRefusal,
    place: (work) => owner.place(work),
    lend: (work, pool) => owner.lend(work, pool),
    giveUp: (work, error) =>
      owner.surface(
        work,
        {
          pool: work.pool,
          lease: undefined,
          error,
          kind: error instanceof AuroraError ? 'lost' : classifyError(error),
        },
        undefined,
      ),
  })

  const placement = new Placement({
    options,
    target,
    members,
    consistency,
    state,
    isSeekingWriter: () => failover.isOpen,
    isSettled: () => discovery.isSettled,
    onHeld: (sinceMs) => monitor.freshen(sinceMs),
    onLagLimit: (nowMs) => monitor.watchLag(nowMs),
  })

  const recovery = new Recovery({
    state,
    options,
    target,
    members,
    monitor,
    failover,
    room,
    classifier,
    consistency,
    budget,
    emit,
    onRetried: () => {
      counts.retried++
    },
    place: (work) => owner.place(work),
    lend: (work, pool) => owner.lend(work, pool),
    limitWait: (work) => owner.limitWait(work),
    dispatch: (work) => owner.dispatch(work),
    begin: (work, lease) => owner.begin(work, lease),
    giveBack: (lease, holder) => owner.giveBack(lease, holder),
    surface: (work, failure, outcome) => owner.surface(work, failure, outcome),
  })

  const discovery = new Discovery({
    target,
    monitor,
    emit,
    refreshIntervalMs: options.refreshIntervalMs,
    settle: (mode, reason) => belief.settle(mode, reason),
    onConcluded: () => room.wake(),
  })

  const belief = new Belief({ state, target, members, monitor, failover, discovery, room, emit })

  const isWriter = (pool: InstancePool): boolean =>
    pool === members.writer || (pool === members.given && target.scope !== 'readers')

  const silence = new SilenceWatch({
    options,
    emit,
    // On a server that is not Aurora nothing is asked and nothing is cut, as in mysql2.
    pools: () => (state.isAurora ? members.all() : []),
    monitorBytes: (pool) => monitor.questioners.bytesRead(pool.id),
    connectedMs: (pool) => monitor.questioners.connectedMs(pool.id),
    isClosing: () => state.isClosed,
    ask: (pool) => {
      const isAsked = members.isCurrent(pool) && !state.isClosed
      return isAsked ? monitor.ask(pool.id) : monitor.probe(pool.id, pool.endpoint)
    },
    askAnew: (pool) => {
      // Whoever is busy with logins answers late, and one more makes it no better.
      const isBusy = pool.connecting > 0 || failover.hasEndedWithin(DOUBTFUL_AFTER_MS)
      return members.isCurrent(pool) && !isBusy ? monitor.askAnew(pool.id) : undefined
    },
    alarm: (pool, silentMs) => {
      const error = lostError(`The instance did not answer for ${Math.round(silentMs)} ms`)
      if (isWriter(pool)) {
        if (state.hasHadWriter) failover.begin(pool, undefined, 'unanswered', error)
      } else if (pool !== members.given) {
        pool.setReachable(false, error)
        // What is idle there may be lost.
        pool.doubtAll()
      }
    },
    condemn: (pool) => {
      fence(pool, 'condemned', emit, () => true)
      monitor.drop(pool.id)
      if (!isWriter(pool)) pool.setReachable(false, lostError('The instance has gone silent'))
    },
    cutMute: (pool, mute) => fence(pool, 'condemned', emit, (lease) => mute.has(lease)),
    greeted: (pool) => pool.connectAnew(),
    onGap: () => {
      for (const pool of members.all()) pool.doubtAll()
      monitor.doubtAll()
    },
    onTick: (nowMs) => {
      if (owner.takeUse()) usedMs = nowMs
      // What lies idle elsewhere may have lain there for long enough by now.
      total?.wake()
      if (++ticks % TICKS_PER_SWEEP !== 0) return
      // Not only where there are questions at intervals: statements and episodes leave connections of the monitor's behind.
      if (!isInUse()) monitor.sleep()
      members.sweep()
      for (const pool of members.all()) {
        pool.sweep()
        // An instance that could not be reached is asked until it answers, or leaves the topology. So is a writer that is looked for
        // for long: it may come back under its name at another address.
        const isMissed = !pool.isReachable || (failover.isLong && pool === members.writer)
        const isAway = isMissed && members.isCurrent(pool) && pool !== members.given
        if (isAway && !monitor.isAsleep) monitor.askAgain(pool.id)
      }
    },
  })

  const times = options.balance === 'fastest' ? new AnswerTimes() : undefined
  return { members, monitor, placement, failover, recovery, room, silence, discovery, times }
}

function mayRead(borrower: Borrower): borrower is Work {
  return (
    borrower instanceof Work && borrower.sqlClass.intent === 'read' && borrower.role !== 'writer'
  )
}

/** The pool of the endpoint given: its connections are nameless until they have said whose they are. */
function givenPool(target: Target, setup: InstancePoolSetup): InstancePool {
  const role = target.scope === 'readers' ? 'reader' : 'writer'
  const unknown = { lagMs: undefined, cpu: undefined, ageMs: undefined, visibleUpToMs: undefined }
  return new InstancePool({ id: GIVEN, endpoint: target.given, role, ...unknown }, setup)
}
