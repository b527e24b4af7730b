import type { ClusterEvent } from '../cluster/cluster-event.js'
import type { Role } from '../session/session-host.js'

/** One request of a load, as its client met it. Times are on the record's clock. */
export interface RequestRecord {
  readonly kind: 'read' | 'write'
  readonly startedMs: number
  readonly endedMs: number
  /** The code of the error it failed with, or its name; none: it was answered. */
  readonly error?: string
}

/** What the client side of a load met. */
export interface LoadRecord {
  readonly name: string
  /** In the order in which they ended. */
  readonly requests: readonly RequestRecord[]
  /** Statements per instance, where several loads share a cluster and the caller can tell them apart. */
  readonly statements?: Readonly<Record<string, number>>
  /** Further lines of its column in the table, counted by the caller. */
  readonly facts?: readonly { readonly title: string; readonly value: string }[]
}

/** What one instance had counted at one moment. */
export interface InstanceSample {
  readonly id: string
  readonly connections: number
  readonly statements: number
  readonly reads: number
  readonly writes: number
  readonly errors: number
  readonly statementsCut: number
}

/** What all instances had counted at one moment. */
export interface ClusterSample {
  readonly atMs: number
  readonly instances: readonly InstanceSample[]
}

/** What a cluster saw while it was recorded. Zero is when the recording began. */
export interface ClusterRecord {
  readonly storage: 'mysqld' | 'embedded'
  readonly durationMs: number
  /** Oldest first, some twenty milliseconds apart. */
  readonly samples: readonly ClusterSample[]
  /** Without the coming and going of connections. What happened before the recording has negative times. */
  readonly log: readonly ClusterEvent[]
  /** The instances at the end. */
  readonly present: readonly { readonly id: string; readonly role: Role }[]
}

/** The user's own command, as far as its process tells. */
export interface CommandRecord {
  readonly words: readonly string[]
  /** When it ended by itself, and how; none: it ran until it was ended. */
  readonly ended?: { readonly atMs: number; readonly how: string }
}

/** One cluster from the first statement to the end, with the loads that ran on it. */
export interface RunRecord {
  readonly name: string
  readonly cluster: ClusterRecord
  /** What the promotions of the run came after, in order; names their lines in the table. */
  readonly faults?: readonly string[]
  /** Empty: only what the cluster saw is known. */
  readonly loads: readonly LoadRecord[]
  readonly command?: CommandRecord
}

/** All that a report is made of. */
export interface RehearsalRecord {
  readonly title: string
  readonly startedAt: Date
  /** Several: the same fault, one load after the other, each on a cluster of its own. */
  readonly runs: readonly RunRecord[]
}
