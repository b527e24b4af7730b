import type { Emit } from '../contract/events.js'
import { askIdentity } from '../io/questioner.js'
import { compareTopologies } from '../model/compare-topologies.js'
import type { Topology } from '../model/topology.js'
import { aroundMs, fullJitterMs } from '../policy/backoff.js'
import { classifyError } from '../policy/classify-error.js'
import { isTopologyRefusal } from '../policy/topology-refusal.js'
import { ANSWER_WITHIN_MS, within } from './check-lease.js'
import type { Lease } from './instance-pool.js'
import type { Members } from './members.js'
import { GIVEN, type Monitor } from './monitor.js'
import type { Mode } from './state.js'
import type { Target } from './target.js'

/** Until it is known what is behind the endpoint, it is asked again after a jittered wait that grows to this. */
const ASK_AGAIN_BASE_MS = 100
const ASK_AGAIN_CAP_MS = 5_000
/** Where the name is a cluster's it is looked at again, after a pause that doubles up to this. */
const LOOK_AGAIN_CAP_MS = 30_000
const LOOK_AGAIN_SPREAD = 0.5
/** How often the endpoints that we derived may fail, while the endpoint given answers, before we go on with that alone. */
const FAILURES_TO_GIVE_UP = 3
/** Why a cluster is not known, whatever keeps its table from being read. */
const UNREADABLE = 'the topology cannot be read'
/** The first statement of a pool has so long to itself: enough for a process that has a tenth of a processor. */
const SOON_MS = 200

export interface DiscoverySetup {
  readonly target: Target
  readonly monitor: Monitor
  readonly emit: Emit
  readonly refreshIntervalMs: number
  settle(mode: Mode, reason: string | undefined): void
  /** It is known now what there is. */
  onConcluded(): void
}

/**
 * Finds out, beside the first statements, what is behind the endpoint given. *Not Aurora* is concluded only from a definite
 * empty answer, never from an error.
 */
export class Discovery {
  readonly #setup: DiscoverySetup
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  #isStarted = false
  #isSettled = false
  /** What is asked for is the answer to what there is; once that is known, what is there now. */
  #isLooking = true
  #looks = 0
  #isClosed = false
  #isAskingAll = false
  #attempts = 0
  #instanceFailures = 0
  #emptyAnswers = 0
  #timer: NodeJS.Timeout | undefined

  constructor(setup: DiscoverySetup) {
    this.#setup = setup
  }

  /** Begins soon: questions put beside the first statement of a process would cost it time. */
  startSoon(): void {
    if (this.#setup.monitor.isAsleep) return this.start()
    if (this.#isStarted) return
    this.#timer ??= setTimeout(() => this.start(), SOON_MS).unref()
  }

  /** Begins in the next turn: a statement has ended, and its caller is told first. */
  startNext(): void {
    if (!this.#isStarted) setImmediate(() => this.start()).unref()
  }

  /** Begins; again after the monitor slept. */
  start(): void {
    const { monitor, target } = this.#setup
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    if (monitor.isAsleep) monitor.start()
    if (this.#isStarted) return
    this.#isStarted = true
    if (target.scope === 'single') void this.#lookAtEndpoint()
    else monitor.start()
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Resolves when it is known what is there, and a writer (where there is one to know) has confirmed itself. */
  settled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** A topology is in force. */
  published(current: Topology, previous: Topology | undefined): void {
    this.#isLooking = false
    const change = compareTopologies(previous, current)
    if (change !== undefined)
      this.#setup.emit('topologyChanged', { previous, current, change: Object.freeze(change) })
    if (current.writer !== undefined || this.#setup.target.scope === 'readers') this.#conclude()
  }

  /**
   * No row claims to be the writer's (a secondary cluster of a global database has none). That is known once every instance that
   * answers has said of itself that it is a reader.
   */
  sawNoWriter({ instances }: Topology): void {
    if (this.#isSettled || this.#isAskingAll) return
    this.#isAskingAll = true
    const answers = instances.map(({ id }) => this.#setup.monitor.ask(id))
    void Promise.allSettled(answers).then((settled) => {
      this.#isAskingAll = false
      const reports = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      if (reports.length > 0 && reports.every(({ isReadOnly }) => isReadOnly)) this.#conclude()
    })
  }

  /** A question could not be put. Before anything is known that may mean that there is no topology to be had. */
  failed(id: string, error: unknown): void {
    const { monitor, target } = this.#setup
    if (!this.#isLooking || this.#isClosed || target.scope === 'single') return
    if (id !== GIVEN) {
      if (monitor.hasReachedInstance || isBusy(error)) return
      if (++this.#instanceFailures >= FAILURES_TO_GIVE_UP)
        this.#goOnAlone('instance endpoints cannot be reached')
    } else if (isTopologyRefusal(error)) {
      // The server answered, and knows no such table or variable, or does not show it.
      if (this.#isSettled) this.#goOnAlone(UNREADABLE)
      else void this.#lookAtEndpoint()
    }
  }

  /**
   * The endpoint answered, and shows no instances: a privilege is missing, or a failover empties the table just now; or
   * (`hasRows`) it shows some, and none of them has an endpoint.
   */
  sawNothing(hasRows: boolean): void {
    if (!this.#isLooking || this.#setup.target.scope === 'single') return
    if (++this.#emptyAnswers < FAILURES_TO_GIVE_UP) return
    this.#goOnAlone(hasRows ? 'aurora.instanceEndpoint failed' : UNREADABLE)
  }

  /** Nameless connections join the pool of the instance that they turn out to lead to. */
  adopt(members: Members): void {
    for (const lease of [...members.given.leases]) void this.#adoptOne(lease, members)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('Pool is closed.'))
  }

  async #adoptOne(lease: Lease, members: Members): Promise<void> {
    if (!members.given.takeOut(lease)) {
      // In use: it is closed when it comes back.
      lease.isSpent = true
      return
    }
    const { given } = members
    // An answer is owed: a silence must be noticed.
    given.underWay++
    try {
      const identity = lease.whileAlive(askIdentity(lease.core))
      const { serverId, isReadOnly } = await within(ANSWER_WITHIN_MS, identity)
      const pool = members.get(serverId)
      if (pool !== undefined && (pool.role === 'reader') === isReadOnly)
        return void (await pool.adopt(lease))
    } catch (error) {
      // It could not say who it is. While it owes its answer nobody can say goodbye to it.
      return lease.cut(error as Error)
    } finally {
      given.underWay--
    }
    lease.isSpent = true
    given.give(lease)
  }

  async #lookAtEndpoint(): Promise<void> {
    while (!this.#isClosed && !this.#isSettled) {
      // A pool at rest asks nothing.
      if (!this.#setup.monitor.isAsleep && (await this.#hasSeenEndpoint())) return
      const waitMs = fullJitterMs(
        this.#attempts++,
        ASK_AGAIN_BASE_MS,
        ASK_AGAIN_CAP_MS,
        Math.random,
      )
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref())
    }
  }

  async #hasSeenEndpoint(): Promise<boolean> {
    const { monitor, target, settle } = this.#setup
    const isNamedByAws = target.kind !== 'other' && target.kind !== 'instance'
    try {
      const isAurora = isNamedByAws || (await monitor.isAurora())
      if (isAurora && target.scope !== 'single') {
        this.#goOnAlone(UNREADABLE)
        return true
      }
      settle(
        isAurora ? 'single' : 'plain',
        isAurora ? reasonFor(target) : 'the server is not Aurora',
      )
      if (isAurora) await monitor.ask(GIVEN)
    } catch {
      return false
    }
    monitor.rest()
    this.#conclude()
    return true
  }

  /** The name is a cluster's, whose topology cannot be had: statements go on with what the name leads to. */
  #goOnAlone(reason: string): void {
    this.#setup.settle('single', reason)
    this.#setup.monitor.rest()
    this.#conclude()
    this.#lookAgainLater()
  }

  /** What was in the way may pass: a failover that empties the table, a privilege, a route. */
  #lookAgainLater(): void {
    const pauseMs = Math.min(LOOK_AGAIN_CAP_MS, this.#setup.refreshIntervalMs * 2 ** this.#looks)
    const lookAgain = (): void => {
      if (this.#isClosed) return
      if (!this.#setup.monitor.resume()) return this.#lookAgainLater()
      this.#looks++
      this.#isLooking = true
      this.#instanceFailures = 0
      this.#emptyAnswers = 0
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(lookAgain, aroundMs(pauseMs, LOOK_AGAIN_SPREAD, Math.random)).unref()
  }

  #conclude(): void {
    this.#isSettled = true
    this.#isLooking = false
    this.#setup.onConcluded()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }
}

/** It answered, and takes no more for now: its endpoint leads to an instance. */
function isBusy(error: unknown): boolean {
  const kind = classifyError(error)
  return kind === 'overloaded' || kind === 'stopping' || kind === 'restarted'
}

function reasonFor(target: Target): string {
  return target.kind === 'other'
    ? 'the host does not tell the names of the instances; set aurora.instanceEndpoint to discover them'
    : `the host is ${target.kind === 'instance' ? 'an instance' : `a ${target.kind}`} endpoint`
}
