import type { Cluster, ClusterInstance, NameRecord } from '../cluster/cluster.js'
import type { Fault, FaultType } from '../cluster/fault.js'
import type { ActiveFault } from '../cluster/fault-ledger.js'
import { nameTtlMs } from '../cluster/name-service.js'
import type { ResolvedTimings } from '../cluster/options.js'
import type { HostStatusRow } from '../sql/host-status-sql.js'

/** A shared name, and where another process reaches what stands behind it just now. */
export interface EndpointState {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** One instance at one moment. */
export interface InstanceStateReport {
  readonly id: string
  readonly tier: number
  readonly endpoint: string
  readonly address: string
  readonly port: number
  readonly role: ClusterInstance['role']
  readonly state: ClusterInstance['state']
  /** Connections open now. */
  readonly connections: number
  readonly counters: ClusterInstance['counters']
  /** The rows of its own copy of `replica_host_status`. */
  readonly hostStatus: readonly HostStatusRow[]
}

/** A fault in force. */
export interface FaultState {
  readonly id: string
  readonly type: FaultType
  readonly instance?: string
  readonly sinceMs: number
  /** As it was injected. */
  readonly fault: Fault
}

/** Everything there is to see of a cluster at one moment. Holds no password. */
export interface ClusterState {
  /** On the log's clock. */
  readonly nowMs: number
  readonly name: string
  readonly storage: Cluster['storage']
  readonly timings: ResolvedTimings
  /** Where another process connects to the cluster endpoint. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  readonly endpoints: {
    readonly writer: EndpointState
    readonly reader: EndpointState
    readonly custom: EndpointState
  }
  readonly instances: readonly InstanceStateReport[]
  readonly names: readonly (NameRecord & { readonly ttlMs: number })[]
  readonly faults: readonly FaultState[]
}

/** Takes a snapshot of a cluster. */
export function clusterState(cluster: Cluster): ClusterState {
  const { user, database } = cluster.connection
  const { names } = cluster
  const endpoints = {
    writer: endpoint(cluster, names, 'writer', cluster.writerEndpoint),
    reader: endpoint(cluster, names, 'reader', cluster.readerEndpoint),
    custom: endpoint(cluster, names, 'custom', cluster.customEndpoint),
  }
  const { host, port } = endpoints.writer
  return {
    nowMs: cluster.nowMs,
    name: cluster.name,
    storage: cluster.storage,
    timings: cluster.timings,
    connection: { host, port, user, database },
    endpoints,
    instances: cluster.instances.map(instanceState),
    names: names.map((each) => ({ ...each, ttlMs: nameTtlMs })),
    faults: cluster.faults.map(faultState),
  }
}

/** A fault in force, as the interface shows it. */
export function faultState({ id, type, instance, sinceMs, fault }: ActiveFault): FaultState {
  return { id, type, ...(instance === undefined ? {} : { instance }), sinceMs, fault }
}

/** JSON in which a time without end is the word that `checkFault` takes for it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each) => (each === Number.POSITIVE_INFINITY ? 'never' : each))
}

function endpoint(
  cluster: Cluster,
  names: readonly NameRecord[],
  kind: 'writer' | 'reader' | 'custom',
  name: string,
): EndpointState {
  const local = cluster.localPorts
  if (local) return { name, host: '127.0.0.1', port: local[kind] }
  const record = names.find((each) => each.name === name)
  // While the cluster's DNS is down nobody can tell; the writer's address is as good as any.
  const host = record?.address ?? cluster.writer.address
  return { name, host, port: cluster.endpointPorts[kind] }
}

function instanceState(instance: ClusterInstance): InstanceStateReport {
  const { id, tier, endpoint: name, address, port, role, state, counters, hostStatus } = instance
  return {
    id,
    tier,
    endpoint: name,
    address,
    port,
    role,
    state,
    connections: counters.connectionsOpen,
    counters: { ...counters },
    hostStatus,
  }
}
