import type { Cluster } from '../cluster/cluster.js'
import type { ClusterEventType } from '../cluster/cluster-event.js'
import type { ClusterRecord, ClusterSample } from './records.js'

/** How often the counters are read: how exactly the cluster's side can say when something happened. */
export const sampleEveryMs = 20

const connectionEvents: readonly ClusterEventType[] = [
  'connection-opened',
  'connection-closed',
  'topology-asked',
]

/** A recording under way. */
export interface ClusterRecording {
  /** The zero of the record, on the clock of `performance.now()`. */
  readonly startedAtMs: number
  /** Ends it; the cluster goes on. Safe to call twice. */
  stop(): ClusterRecord
}

/** Records what the instances count and what the log tells, from now on. */
export function recordCluster(cluster: Cluster): ClusterRecording {
  const startedAtMs = performance.now()
  // The log has a clock of its own.
  const logOffsetMs = cluster.nowMs
  const samples: ClusterSample[] = []
  const sample = () => {
    const instances = cluster.instances.map(({ id, counters }) => ({
      id,
      connections: counters.connectionsOpen,
      // A driver's own questions are no work of the application's.
      statements: counters.statements - counters.topologyQuestions,
      reads: counters.reads,
      writes: counters.writes,
      errors: counters.errors,
      statementsCut: counters.statementsCut,
    }))
    samples.push({ atMs: performance.now() - startedAtMs, instances })
  }
  sample()
  const timer = setInterval(sample, sampleEveryMs)
  return {
    startedAtMs,
    stop() {
      clearInterval(timer)
      sample()
      return {
        storage: cluster.storage,
        durationMs: performance.now() - startedAtMs,
        samples,
        log: cluster.log
          .filter(({ type }) => !connectionEvents.includes(type))
          .map((event) => ({ ...event, atMs: event.atMs - logOffsetMs })),
        present: cluster.instances.map(({ id, role }) => ({ id, role })),
      }
    },
  }
}
