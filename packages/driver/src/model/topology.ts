import type { Endpoint } from './endpoint.js'

/** What an instance is now. */
export type Role = 'writer' | 'reader'

/** One Aurora DB instance, as believed. */
export interface Instance {
  /** The DB instance identifier, in lower case. */
  readonly id: string
  readonly endpoint: Endpoint
  /**
   * `writer`: it has confirmed itself, or, while no instance has, the newest row claims it.
   * Whoever needs a writer asks `Topology.writer`.
   */
  readonly role: Role
  /** Replication delay that the database reports; 0 on the writer. */
  readonly lagMs: number | undefined
  /** Per cent. */
  readonly cpu: number | undefined
  /** How old its row was when it was read. */
  readonly ageMs: number | undefined
  /**
   * On our monotonic clock: every write acknowledged before this moment is visible on this reader.
   * Undefined proves nothing. Never goes back while the instance stays a reader.
   */
  readonly visibleUpToMs: number | undefined
}

/** Our current belief about all instances. A frozen value: replaced, never edited. */
export interface Topology {
  /** Grows by one with each replacement. */
  readonly version: number
  /** When the question was sent whose answer gave the membership, on our monotonic clock. */
  readonly askedAtMs: number
  /** Id of the instance that gave that answer. */
  readonly answeredBy: string
  /** The instance that has itself confirmed to be the writer, if any. */
  readonly writer: Instance | undefined
  /** Instances that may serve reads as readers. */
  readonly readers: readonly Instance[]
  /** All of them, ordered by id; a former writer not heard of as a reader yet is only here. */
  readonly instances: readonly Instance[]
}

/** One row of `information_schema.replica_host_status`, as the answering instance sees it. */
export interface TopologyRow {
  readonly serverId: string
  /** `MASTER_SESSION_ID` on the writer's row, anything else on a reader's. */
  readonly sessionId: string
  /**
   * The answering instance's clock minus the moment when the row was last refreshed, as the
   * server computed it: off by a multiple of 15 minutes, since that column's zone is unknown.
   */
  readonly ageMicros: number | undefined
  /** Meaningless on the writer's row. */
  readonly lagMs: number | undefined
  /** Per cent. */
  readonly cpu: number | undefined
}

/** What one instance answered to the topology question. */
export interface TopologyReport {
  /** When the question was sent, on our monotonic clock. */
  readonly askedAtMs: number
  /** Its `@@aurora_server_id`. */
  readonly answeredBy: string
  /** Its `@@innodb_read_only`. */
  readonly isReadOnly: boolean
  readonly rows: readonly TopologyRow[]
}

/** What a report made of the belief before it. */
export interface TopologyUpdate {
  /** The very object given when the report changes nothing. */
  readonly topology: Topology
  /** The instance that is said to be the writer and has not confirmed it: ask it. */
  readonly claimedWriterId: string | undefined
  /** Ids that are not plain identifiers: they name no instance of this cluster. */
  readonly refusedIds: readonly string[]
}

/** What became of membership and roles between two topologies. */
export interface TopologyChange {
  readonly added: readonly Instance[]
  readonly removed: readonly Instance[]
  /** The writer now, when it was not the writer before. */
  readonly promoted: Instance | undefined
  /** The writer before, as it is now (as it was, when it is gone), when it is no longer the writer. */
  readonly demoted: Instance | undefined
  /** Instances that stayed and listen elsewhere now. */
  readonly moved: readonly Instance[]
}
