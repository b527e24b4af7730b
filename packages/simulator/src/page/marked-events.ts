import type { ClusterEvent, ClusterEventType } from '../cluster/cluster-event.js'

const markedTypes: readonly ClusterEventType[] = [
  'fault-injected',
  'promoted',
  'dns-updated',
  'instance-up',
]

/** The moments worth a mark on a line of time; a change of names only when the cluster endpoint leads elsewhere. */
export function markedEvents(log: readonly ClusterEvent[]): readonly ClusterEvent[] {
  let named: string | undefined
  return log.filter((event) => {
    if (event.type !== 'dns-updated') return markedTypes.includes(event.type)
    const isNews = event.instance !== named
    named = event.instance
    return isNews
  })
}
