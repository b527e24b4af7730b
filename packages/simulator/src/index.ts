export type {
  AuroraConnectionOptions,
  Cluster,
  ClusterInstance,
  OutageOptions,
  PlainConnectionOptions,
  Target,
} from './cluster/cluster.js'
export type {
  ClusterEvent,
  ClusterEventDetails,
  ClusterEventOf,
  ClusterEventType,
} from './cluster/cluster-event.js'
export type { ClusterEventPredicate } from './cluster/event-log.js'
export type { FailoverFault, Fault, FaultType } from './cluster/fault.js'
export type { InstanceState } from './cluster/instance.js'
export type { EndpointPorts } from './cluster/name-listeners.js'
export type { Lookup } from './cluster/name-service.js'
export type { ClusterOptions, InstanceOptions, Timings } from './cluster/options.js'
export { startCluster } from './cluster/start-cluster.js'
export type { ConnectionPurpose, InstanceCounters, Role } from './session/session-host.js'
