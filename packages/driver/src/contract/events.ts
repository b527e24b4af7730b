import type { Topology, TopologyChange } from '../model/topology.js'

/** What happens inside, as plain frozen payloads. No credentials and no SQL values are in any of them. */
export interface AuroraEventMap {
  /** The set of instances or a role changed. Lag alone is no change. */
  topologyChanged: {
    readonly previous: Topology | undefined
    readonly current: Topology
    readonly change: TopologyChange
  }
  /** What was learnt about the target at the start: an Aurora cluster, one endpoint of Aurora, or a plain server. */
  discovered: {
    readonly mode: 'cluster' | 'readers' | 'single' | 'plain'
    readonly reason?: string
  }
  /** A failover episode began: statements for the writer wait from now on. */
  failoverStarted: {
    readonly writer: string | undefined
    readonly reason: FailoverReason
    readonly code: string | undefined
  }
  /** An instance other than before confirmed itself as the writer. */
  writerPromoted: {
    readonly writer: string
    readonly previous: string | undefined
    readonly sinceStartMs: number
  }
  /** The episode is over; the waiting statements were started in this turn. */
  failoverCompleted: {
    readonly writer: string
    readonly isSameWriter: boolean
    readonly durationMs: number
    readonly woken: number
  }
  /** No writer confirmed itself in time; whoever waits longer than it may fails, the search goes on. */
  failoverFailed: { readonly waitedMs: number; readonly waiting: number }
  /** An instance that owes answers is silent, and was asked. */
  instanceSuspected: { readonly instance: string; readonly silentMs: number }
  /** Connections of an instance will not be lent again; `cut` of them were closed while in use. */
  instanceFenced: {
    readonly instance: string
    readonly reason: FenceReason
    readonly generation: number
    readonly cut: number
  }
  /** An instance cannot be reached (`false`) or can again (`true`). */
  instanceReachable: {
    readonly instance: string
    readonly isReachable: boolean
    readonly code: string | undefined
  }
  /** A question to an instance was answered, or not: one per question while an episode lasts. */
  instanceAsked: {
    readonly instance: string
    readonly outcome: 'writer' | 'reader' | 'failed'
    readonly code: string | undefined
    readonly tookMs: number
  }
  /** A statement waits, for the writer or for any instance that may serve it. */
  statementWaiting: { readonly role: 'writer' | 'reader'; readonly waiting: number }
  /** A statement runs again; the caller will not see the error of the attempt before. */
  statementRetried: {
    readonly instance: string | undefined
    readonly kind: string
    readonly code: string | undefined
    readonly attempt: number
  }
  /** The function of a `pool.transaction()` runs again, or (`isUnknown`) the token is asked whether the attempt was committed. */
  transactionRetried: {
    readonly attempt: number
    readonly kind: string
    readonly code: string | undefined
    readonly isUnknown: boolean
  }
}

/** Why an episode began. */
export type FailoverReason =
  | 'connection-lost'
  | 'refused'
  | 'stopping'
  | 'unanswered'
  | 'demoted'
  | 'connect-failed'

/** Why an instance's connections are not lent again. */
export type FenceReason = 'lost' | 'refused' | 'demoted' | 'removed' | 'condemned' | 'stopping'

/** Names of the events of `pool.aurora`. */
export type AuroraEventName = keyof AuroraEventMap

/** How the parts tell what happens. Built by the cluster; a part never listens. */
export type Emit = <N extends AuroraEventName>(name: N, payload: AuroraEventMap[N]) => void
