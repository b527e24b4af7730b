import type { Lane } from '../../page/lanes.js'
import { Marks } from './marks.js'
import { chartWidth, plotLeft, plotRight, timeScale } from './time-scale.js'

const laneHeight = 20
const barHeight = 12
const numbersHeight = 20

interface LanesProps {
  readonly lanes: readonly Lane[]
  readonly durationMs: number
  readonly markTimes: readonly number[]
}

/** Who was writer, reader or away, one bar per instance, and the numbers of the moments on top. */
export function LaneChart({ lanes, durationMs, markTimes }: LanesProps) {
  const x = timeScale(durationMs)
  const height = numbersHeight + lanes.length * laneHeight
  return (
    <figure>
      <figcaption>
        <span>Writer over time</span>
        <span class="legend">
          <span class="writer">writer</span>
          <span class="reader">reader</span>
          <span class="down">down</span>
          <span class="hung">silent</span>
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${chartWidth} ${height}`} role="img" aria-label={describe(lanes)}>
        <rect
          class="nothing"
          x={plotLeft}
          y={numbersHeight}
          width={plotRight - plotLeft}
          height={lanes.length * laneHeight}
        />
        {lanes.map(({ id, segments }, index) => (
          <g key={id}>
            <text x={plotLeft - 6} y={numbersHeight + index * laneHeight + 13} text-anchor="end">
              {id}
            </text>
            {segments.map(({ state, fromMs, toMs }) => (
              <rect
                key={fromMs}
                class={`segment ${state}`}
                x={x(fromMs)}
                y={numbersHeight + index * laneHeight + (laneHeight - barHeight) / 2}
                width={x(toMs) - x(fromMs)}
                height={barHeight}
              />
            ))}
          </g>
        ))}
        <Marks times={markTimes} x={x} top={numbersHeight - 3} bottom={height} />
        {spread(markTimes.map(x)).map((at, index) => (
          <text key={`${at} ${index}`} class="mark-number" x={at} y={12} text-anchor="middle">
            {index + 1}
          </text>
        ))}
      </svg>
    </figure>
  )
}

/** Numbers of moments close to each other stand beside each other. */
function spread(places: readonly number[]): readonly number[] {
  const apart = 13
  let last = Number.NEGATIVE_INFINITY
  return places.map((place) => {
    last = Math.max(place, last + apart)
    return last
  })
}

function describe(lanes: readonly Lane[]): string {
  return lanes
    .map(({ id, segments }) => `${id}: ${segments.map(({ state }) => state).join(', then ')}`)
    .join('; ')
}
