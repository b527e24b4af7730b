export type { BuiltInLoad, LoadPool, OpenedPool } from './rehearsal/built-in-load.js'
export type { ConnectionHosts } from './rehearsal/connection-environment.js'
export { type FigureTable, figureTable } from './rehearsal/figure-table.js'
export { LoadRecorder } from './rehearsal/load-recorder.js'
export { moduleLoad } from './rehearsal/module-load.js'
export { type ClusterRecording, recordCluster } from './rehearsal/record-cluster.js'
export type {
  ClusterRecord,
  ClusterSample,
  CommandRecord,
  InstanceSample,
  LoadRecord,
  RehearsalRecord,
  RequestRecord,
  RunRecord,
} from './rehearsal/records.js'
export { type RehearsalOptions, rehearse } from './rehearsal/rehearse.js'
export { rehearsedFault } from './rehearsal/rehearsed-fault.js'
export { reportHtml } from './rehearsal/report/report.js'
