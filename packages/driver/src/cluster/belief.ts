import type { Emit } from '../contract/events.js'
import type { Topology, TopologyReport } from '../model/topology.js'
import { classifyError } from '../policy/classify-error.js'
import type { Discovery } from './discovery.js'
import { type Failover, fence } from './failover.js'
import type { InstancePool } from './instance-pool.js'
import type { Members } from './members.js'
import type { Monitor } from './monitor.js'
import type { ClusterState, Mode } from './state.js'
import type { Target } from './target.js'
import type { WaitingRoom } from './waiting-room.js'

export interface BeliefSetup {
  readonly state: ClusterState
  readonly target: Target
  readonly members: Members
  readonly monitor: Monitor
  readonly failover: Failover
  readonly discovery: Discovery
  readonly room: WaitingRoom
  readonly emit: Emit
}

/** What is made of answers: puts topologies in force, and says what a failed question means. */
export class Belief {
  readonly #setup: BeliefSetup

  constructor(setup: BeliefSetup) {
    this.#setup = setup
  }

  /** Something answered; `topology` is what is believed now, undefined where only the role was asked. */
  onReport(report: TopologyReport, topology: Topology | undefined): void {
    const { state, members, monitor, failover, discovery, room } = this.#setup
    if (state.isClosed) return
    if (topology === undefined) {
      this.#onRole(report)
      return discovery.sawNothing(report.rows.length > 0)
    }
    members.get(report.answeredBy)?.setReachable(true)
    // Endpoints that were derived and lead nowhere (a tunnel, a security group) must not take the place of one that works.
    if (!monitor.hasReachedInstance) {
      if (state.mode === 'single') this.#onRole(report)
      return
    }
    if (!report.isReadOnly && topology.writer?.id === report.answeredBy) {
      state.hasHadWriter = true
      // What comes to be known has not changed.
      if (state.mode !== 'cluster' && !failover.isOpen) this.#putInForce(topology)
      else failover.confirmed(report, () => this.#putInForce(topology))
    } else {
      const before = members.writer
      this.#putInForce(topology)
      if (topology.writer === undefined && !state.hasHadWriter) discovery.sawNoWriter(topology)
      if (before !== undefined && topology.writer === undefined) {
        failover.begin(before, undefined, 'demoted', undefined)
      }
    }
    room.wake()
  }

  /** A question could not be put, or was not answered. */
  onUnasked(id: string, error: unknown): void {
    const { state, members, failover, discovery, room } = this.#setup
    if (state.isClosed) return
    const pool = members.get(id)
    const kind = classifyError(error)
    state.isGivenReader = false
    // An instance that answers with an error lives: it is overloaded, or refuses us.
    if (kind === 'lost' || kind === 'stopping' || kind === 'restarted') {
      if (pool === undefined || pool !== members.writer) pool?.setReachable(false, error)
      else if (!failover.isOpen) failover.begin(pool, undefined, 'unanswered', error)
    }
    if (failover.isOpen && this.#setup.monitor.denial !== undefined) room.refuse()
    discovery.failed(id, error)
  }

  /** It is known now what is behind the endpoint. */
  settle(mode: Mode, reason: string | undefined): void {
    const { state, target, emit, room } = this.#setup
    if (state.isClosed || state.mode === mode) return
    state.mode = mode
    if (mode === 'unknown') return
    emit('discovered', {
      mode: mode === 'cluster' && target.scope === 'readers' ? 'readers' : mode,
      ...(reason === undefined ? {} : { reason }),
    })
    if (mode !== 'cluster') room.wake()
  }

  /** One endpoint, and nothing to discover: only its role was asked. */
  #onRole(report: TopologyReport): void {
    const { state, failover, room } = this.#setup
    if (report.isReadOnly) {
      // After so long it is taken for what it says it is: writes get its refusal, at once.
      if (failover.isOverdue) state.hasHadWriter = false
      if (!state.hasHadWriter) return failover.abandon()
      state.isGivenReader = true
      if (failover.isOpen) room.wake()
      return
    }
    state.isGivenReader = false
    state.hasHadWriter = true
    failover.confirmed(report, () => {})
  }

  #putInForce(topology: Topology): void {
    const { state, target, members, discovery } = this.#setup
    const previous = state.topology
    if (topology === previous) return
    state.topology = topology
    const gone = members.apply(
      topology,
      ({ role }) => target.scope !== 'readers' || role === 'reader',
    )
    for (const pool of gone) this.#retire(pool)
    discovery.published(topology, previous)
    if (state.mode === 'cluster') return
    this.settle('cluster', undefined)
    members.given.leave()
    discovery.adopt(members)
  }

  /** An instance has left the topology: its connections end with what runs on them. */
  #retire(pool: InstancePool): void {
    pool.leave()
    this.#setup.monitor.forget(pool.id, pool.endpoint)
    fence(pool, 'removed', this.#setup.emit, () => false)
  }
}
