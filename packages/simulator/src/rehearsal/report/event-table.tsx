import type { ClusterEventType } from '../../cluster/cluster-event.js'
import { describeEvent } from '../../page/describe-event.js'
import { markedEvents } from '../../page/marked-events.js'
import type { ClusterRecord } from '../records.js'

const shownTypes: readonly ClusterEventType[] = [
  'fault-healed',
  'writer-lost',
  'instance-added',
  'instance-removed',
]

/** The moments that every chart of a run marks; their numbers are those of the list. */
export function markTimesOf({ log }: ClusterRecord): readonly number[] {
  return markedEvents(log)
    .map(({ atMs }) => atMs)
    .filter((atMs) => atMs >= 0)
}

/** What happened when, the marked moments with their numbers. */
export function EventTable({ cluster }: { readonly cluster: ClusterRecord }) {
  const marked = markedEvents(cluster.log).filter(({ atMs }) => atMs >= 0)
  const shown = cluster.log.filter(
    (event) => marked.includes(event) || (event.atMs >= 0 && shownTypes.includes(event.type)),
  )
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
