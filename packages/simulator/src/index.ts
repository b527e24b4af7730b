export type {
  AuroraConnectionOptions,
  Cluster,
  ClusterInstance,
  NameRecord,
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
export type { ActiveFault, Heal } from './cluster/fault-ledger.js'
export type { InstanceState } from './cluster/instance.js'
export type { EndpointPorts } from './cluster/name-listeners.js'
export type { Lookup, NameAnswer, NamedInstance } from './cluster/name-service.js'
export type {
  ClusterOptions,
  InstanceOptions,
  ResolvedTimings,
  Timings,
} from './cluster/options.js'
export { startCluster } from './cluster/start-cluster.js'
export type {
  ClusterState,
  EndpointState,
  FaultState,
  InstanceStateReport,
} from './control/cluster-state.js'
export { type Control, type ControlOptions, startControl } from './control/control.js'
export { checkFault, FaultError } from './faults/check-fault.js'
export {
  type FaultDescription,
  type FaultField,
  type FieldKind,
  faultTable,
  faultTypes,
} from './faults/fault-table.js'
export { type NameServer, type NameServerOptions, startNameServer } from './names/name-server.js'
export {
  parseScenario,
  type Scenario,
  ScenarioError,
  type ScenarioStep,
} from './scenario/parse-scenario.js'
export { type PlayedStep, playScenario, type Stage } from './scenario/play-scenario.js'
export type { ConnectionPurpose, InstanceCounters, Role } from './session/session-host.js'
export type { HostStatusRow } from './sql/host-status-sql.js'
