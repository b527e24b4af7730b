import type { ClusterEvent, ClusterEventType } from '../../cluster/cluster-event.js'
import { describeEvent } from '../../page/describe-event.js'
import type { ClusterRecord } from '../records.js'

const shownTypes: readonly ClusterEventType[] = [
  'fault-injected',
  'fault-healed',
  'writer-lost',
  'promoted',
  'dns-updated',
  'instance-up',
  'instance-added',
  'instance-removed',
]

const markedTypes: readonly ClusterEventType[] = [
  'fault-injected',
  'promoted',
  'dns-updated',
  'instance-up',
]

/** The moments that every chart marks; their numbers are those of the list. */
export function markedEvents({ log }: ClusterRecord): readonly ClusterEvent[] {
  return log.filter(({ type, atMs }) => atMs >= 0 && markedTypes.includes(type))
}

/** What happened when, the marked moments with their numbers. */
export function EventTable({ cluster }: { readonly cluster: ClusterRecord }) {
  const marked = markedEvents(cluster)
  const shown = cluster.log.filter(({ type, atMs }) => atMs >= 0 && shownTypes.includes(type))
  return (
    <table class="events">
      <tbody>
        {shown.map((event, index) => {
          const number = marked.indexOf(event) + 1
          return (
            <tr key={`${event.atMs} ${index}`}>
              <td class="mark-number">{number > 0 ? number : ''}</td>
              <td class="moment">{(event.atMs / 1000).toFixed(2)} s</td>
              <td>{describeEvent(event)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
