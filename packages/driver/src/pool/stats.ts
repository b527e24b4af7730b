import type { Cluster } from '../cluster/cluster.js'
import type { HeldReads } from '../cluster/placement.js'
import type { Role } from '../model/topology.js'

/** One instance, as this pool uses it now. */
export interface InstanceStats {
  readonly id: string
  readonly endpoint: string
  readonly role: Role
  readonly isReachable: boolean
  readonly lagMs: number | undefined
  readonly generation: number
  /** Physical connections now: open, of them idle; being opened; statements that wait for one. */
  readonly open: number
  readonly idle: number
  readonly connecting: number
  readonly waiting: number
  /** Statements under way on it now. */
  readonly underWay: number
  /** Since the pool was made. */
  readonly opened: number
  readonly statements: number
}

/** A snapshot of a pool: plain values, computed when asked. */
export interface ClusterStats {
  /** What is behind the endpoint given. */
  readonly mode: 'unknown' | 'cluster' | 'single' | 'plain'
  readonly isFailingOver: boolean
  /** How old the topology is; undefined without one. */
  readonly topologyAgeMs: number | undefined
  /** Work taken and not ended; of it, what waits for an instance. */
  readonly active: number
  readonly waiting: number
  /** Since the pool was made: attempts repeated, episodes, errors that went to callers. */
  readonly retried: number
  readonly failovers: number
  readonly surfaced: number
  /** Reads that went to the writer although they could have gone to a reader, by reason. */
  readonly heldReads: HeldReads
  /** Instances, and under `(endpoint)` the connections opened by the name given. */
  readonly instances: readonly InstanceStats[]
}

export function statsOf(cluster: Cluster): ClusterStats {
  const { topology } = cluster
  return {
    mode: cluster.state.mode,
    isFailingOver: cluster.isFailingOver,
    topologyAgeMs: topology === undefined ? undefined : performance.now() - topology.askedAtMs,
    active: cluster.active,
    waiting: cluster.waiting,
    ...cluster.counts,
    heldReads: { ...cluster.held },
    instances: [...cluster.members.current()].map((pool) => ({
      id: pool.id,
      endpoint: `${pool.endpoint.host}:${pool.endpoint.port}`,
      role: pool.role,
      isReachable: pool.isReachable,
      lagMs: pool.instance.lagMs,
      generation: pool.generation,
      open: pool.open,
      idle: pool.idle,
      connecting: pool.connecting,
      waiting: pool.waiting,
      underWay: pool.underWay,
      opened: pool.counts.opened,
      statements: pool.counts.statements,
    })),
  }
}
