import type { ClusterEvent } from '../../cluster/cluster-event.js'
import type { ClusterState } from '../../control/cluster-state.js'
import { describeEvent } from '../describe-event.js'
import { formatDuration } from '../format.js'
import { type Lane, lanesOf } from '../lanes.js'
import { markedEvents } from '../marked-events.js'

/** What the line shows. */
const shownMs = 60_000

interface TimeLineProps {
  readonly state: ClusterState
  readonly events: readonly ClusterEvent[]
}

/** A bar per instance: what it was in the last minute, now at the right. */
export function TimeLine({ state, events }: TimeLineProps) {
  const toMs = state.nowMs
  const fromMs = toMs - shownMs
  const percent = (ms: number) => `${(((ms - fromMs) / shownMs) * 100).toFixed(2)}%`
  const marks = markedEvents(events).filter(({ atMs }) => atMs >= fromMs)
  return (
    <>
      <div class="lanes">
        {lanesOf(events, state.instances, fromMs, toMs).map((lane) => (
          <div class="lane" key={lane.id}>
            <span class="id">{lane.id}</span>
            <span class="bar" role="img" aria-label={describeLane(lane)}>
              {lane.segments.map(({ state: each, fromMs: start, toMs: end }) => (
                <span
                  key={start === fromMs ? 'first' : start}
                  class={`segment ${each}`}
                  title={`${each}, ${formatDuration(end - start)}`}
                  style={{
                    left: percent(start),
                    width: `calc(${percent(end)} - ${percent(start)})`,
                  }}
                />
              ))}
            </span>
          </div>
        ))}
        <div class="marks" aria-hidden="true">
          {marks.map((event, index) => (
            <span
              key={`${event.atMs} ${index}`}
              class={`mark ${event.type}`}
              title={describeEvent(event)}
              style={{ left: percent(event.atMs) }}
            />
          ))}
        </div>
      </div>
      <ul class="legend" aria-hidden="true">
        <li class="writer">writer</li>
        <li class="reader">reader</li>
        <li class="down">down</li>
        <li class="hung">silent</li>
        <li class="mark fault-injected">fault</li>
        <li class="mark promoted">promotion</li>
        <li class="mark dns-updated">DNS</li>
        <li class="mark instance-up">back</li>
      </ul>
    </>
  )
}

function describeLane({ id, segments }: Lane): string {
  const parts = segments.map(
    ({ state, fromMs, toMs }) => `${state} ${formatDuration(toMs - fromMs)}`,
  )
  return `${id}: ${parts.join(', then ')}`
}
