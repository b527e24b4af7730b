import type { Cluster } from '../cluster/cluster.js'
import type { ClusterStats } from './cluster-stats.js'

/** Takes the figures of this moment. */
export function takeStats(cluster: Cluster): ClusterStats {
  const { topology } = cluster
  return {
    mode: cluster.state.mode,
    isFailingOver: cluster.isFailingOver,
    topologyAgeMs: topology === undefined ? undefined : performance.now() - topology.askedAtMs,
    active: cluster.active,
    waiting: cluster.waiting,
    ...cluster.counts,
    heldReads: { ...cluster.held },
    instances: [...cluster.members.current()].map((pool) => ({
      id: pool.id,
      endpoint: `${pool.endpoint.host}:${pool.endpoint.port}`,
      role: pool.role,
      isReachable: pool.isReachable,
      lagMs: pool.instance.lagMs,
      generation: pool.generation,
      open: pool.open,
      idle: pool.idle,
      connecting: pool.connecting,
      waiting: pool.waiting,
      underWay: pool.underWay,
      opened: pool.counts.opened,
      statements: pool.counts.statements,
    })),
  }
}
