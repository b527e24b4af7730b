import type { ConnectionPurpose, Role } from '../session/session-host.js'
import type { Fault } from './fault.js'

/** What each kind of event tells beside its time and instance. */
export interface ClusterEventDetails {
  started: { readonly storage: 'mysqld' | 'embedded' }
  closed: object
  /** `id` is what `cluster.faults` lists it under. */
  'fault-injected': { readonly fault: Fault['type']; readonly id: string }
  /** It was undone, or has ended by itself. */
  'fault-healed': { readonly fault: Fault['type']; readonly id: string }
  'instance-down': { readonly how: 'crash' | 'hang' | 'restart' }
  'instance-up': { readonly role: Role }
  'instance-added': object
  'instance-removed': object
  /** Aurora has noticed that the writer (the event's instance) is gone. */
  'writer-lost': object
  /** The event's instance is the writer from now on; `from` was before. */
  promoted: { readonly from: string }
  'role-changed': { readonly role: Role }
  /** The cluster endpoint resolves to the event's instance from now on. */
  'dns-updated': { readonly readers: readonly string[] }
  /** The event's instance sees other members or roles in its copy of the topology than before. */
  'view-refreshed': { readonly writer: string | undefined; readonly members: readonly string[] }
  'connection-opened': { readonly threadId: number; readonly purpose: ConnectionPurpose }
  'connection-closed': { readonly threadId: number; readonly purpose: ConnectionPurpose }
  'connection-refused': { readonly errno: number }
  'statement-refused': { readonly threadId: number; readonly errno: number }
  'topology-asked': { readonly threadId: number; readonly purpose: ConnectionPurpose }
}

/** The kinds of events that a cluster logs. */
export type ClusterEventType = keyof ClusterEventDetails

/** One entry of a cluster's log; narrow it by `type`. */
export type ClusterEvent = {
  [Type in ClusterEventType]: {
    readonly type: Type
    /** Since the cluster's start, monotonic. */
    readonly atMs: number
    /** The instance that the event is about. */
    readonly instance?: string
  } & ClusterEventDetails[Type]
}[ClusterEventType]

/** An entry of one kind. */
export type ClusterEventOf<Type extends ClusterEventType> = Extract<
  ClusterEvent,
  { readonly type: Type }
>
