import type { Cluster } from '../cluster/cluster.js'

/** What tools read of mysql2's queues: how long they are, and what is in them. */
export interface QueueView {
  readonly length: number
  get(index: number): unknown
}

/**
 * Puts in place of mysql2's own queues, whose lengths metrics agents read, views that tell the truth over all instances.
 */
export function showQueues(pool: object, cluster: Cluster): void {
  const { members } = cluster
  const sum = (count: 'open' | 'idle' | 'waiting'): number => {
    let total = 0
    for (const instance of members.all()) total += instance[count]
    return total
  }
  const open = (): unknown[] =>
    [...members.all()].flatMap((instance) => [...instance.leases].map(({ core }) => core))
  const idle = (): unknown[] => [...members.all()].flatMap((instance) => instance.idleCores())
  show(pool, '_allConnections', () => sum('open'), open)
  show(pool, '_freeConnections', () => sum('idle'), idle)
  show(
    pool,
    '_connectionQueue',
    () => sum('waiting') + cluster.waiting,
    () => [],
  )
}

/** Puts a view in place of one of a pool's queues. */
export function show(
  pool: object,
  name: string,
  length: () => number,
  items: () => unknown[],
): void {
  const view: QueueView = {
    get length() {
      return length()
    },
    get: (index) => items()[index],
  }
  Object.defineProperty(pool, name, { value: view, enumerable: true, configurable: true })
}
