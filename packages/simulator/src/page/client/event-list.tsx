import { useState } from 'preact/hooks'
import type { ClusterEvent } from '../../cluster/cluster-event.js'
import { describeEvent } from '../describe-event.js'
import { formatMoment } from '../format.js'

/** Lines shown at most; the log itself has all. */
const maxLines = 200

/** What one refused statement after the other would drown. */
const noisyTypes: readonly ClusterEvent['type'][] = ['statement-refused', 'connection-refused']

/** What happened, the newest first. */
export function EventList({ events }: { readonly events: readonly ClusterEvent[] }) {
  const [hasRefusals, setRefusals] = useState(false)
  const wanted = hasRefusals ? events : events.filter(({ type }) => !noisyTypes.includes(type))
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={hasRefusals}
          onChange={({ currentTarget }) => setRefusals(currentTarget.checked)}
        />
        Refused statements and connections, too
      </label>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0} aria-label="Events, the newest first">
        {wanted
          .slice(-maxLines)
          .toReversed()
          .map((event, index) => (
            <li key={`${event.atMs} ${event.type} ${wanted.length - index}`} class={event.type}>
              <time>{formatMoment(event.atMs)}</time>
              <span>{describeEvent(event)}</span>
            </li>
          ))}
      </ol>
    </>
  )
}
