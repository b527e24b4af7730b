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
  readonly heldReads: {
    /** No reader was known to have what had been written. */
    readonly consistency: number
    /** No reader was reachable, or within `maxLagMs`. */
    readonly noReader: number
  }
  /** Instances, and under `(endpoint)` the connections opened by the name given. */
  readonly instances: readonly InstanceStats[]
}
