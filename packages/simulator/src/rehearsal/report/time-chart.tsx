import { scaleLinear } from 'd3-scale'
import { area, line } from 'd3-shape'
import { type Series, stepMs } from '../series.js'
import { Marks } from './marks.js'
import { chartWidth, plotLeft, plotRight, timeScale } from './time-scale.js'

const height = 150
const plotTop = 10
const plotBottom = height - 20

interface ChartProps {
  readonly title: string
  readonly series: readonly Series[]
  readonly durationMs: number
  /** The top of the scale, the same for all charts that are compared. */
  readonly peak: number
  readonly markTimes: readonly number[]
  /** `areas`: each above the one before. */
  readonly kind: 'areas' | 'lines'
}

/** Values over time, with the numbered moments of the run. */
export function TimeChart({ title, series, durationMs, peak, markTimes, kind }: ChartProps) {
  const x = timeScale(durationMs)
  const y = scaleLinear([0, Math.max(1, peak)], [plotBottom, plotTop]).nice(4)
  return (
    <figure>
      <figcaption>
        <span>{title}</span>
        <Legend series={series} />
      </figcaption>
      <svg viewBox={`0 0 ${chartWidth} ${height}`} role="img" aria-label={describe(title, series)}>
        {y.ticks(4).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={plotLeft} x2={plotRight} y1={y(tick)} y2={y(tick)} />
            <text x={plotLeft - 6} y={y(tick) + 3.5} text-anchor="end">
              {tick.toLocaleString('en')}
            </text>
          </g>
        ))}
        {x.ticks(6).map((tick) => (
          <text key={tick} x={x(tick)} y={height - 5} text-anchor="middle">
            {tick / 1000} s
          </text>
        ))}
        {kind === 'areas' ? areasOf(series, x, y) : linesOf(series, x, y)}
        <Marks times={markTimes} x={x} top={plotTop} bottom={plotBottom} />
      </svg>
    </figure>
  )
}

type Scale = (value: number) => number

/** The middle of a step, in which its value was counted. */
function middleMs(step: number): number {
  return (step + 0.5) * stepMs
}

function areasOf(series: readonly Series[], x: Scale, y: Scale) {
  const below = new Array<number>(series[0]?.values.length ?? 0).fill(0)
  return series.map(({ name, values }, index) => {
    const bounds = values.map((value, step) => {
      const from = below[step] ?? 0
      below[step] = from + value
      return { step, from, to: from + value }
    })
    const path = area<(typeof bounds)[number]>()
      .x(({ step }) => x(middleMs(step)))
      .y0(({ from }) => y(from))
      .y1(({ to }) => y(to))
    return <path key={name} class={`area ${colourOf(name, index)}`} d={path(bounds) ?? ''} />
  })
}

function linesOf(series: readonly Series[], x: Scale, y: Scale) {
  return series.map(({ name, values }, index) => {
    const path = line<number>()
      .x((_, step) => x(middleMs(step)))
      .y((value) => y(value))
    return <path key={name} class={`line ${colourOf(name, index)}`} d={path([...values]) ?? ''} />
  })
}

function Legend({ series }: { readonly series: readonly Series[] }) {
  return (
    <span class="legend">
      {series.map(({ name }, index) => (
        <span key={name} class={colourOf(name, index)}>
          {name}
        </span>
      ))}
    </span>
  )
}

/** Failures are red everywhere; the rest by its place. */
function colourOf(name: string, index: number): string {
  return name === 'failed' ? 'failed' : `colour-${index % 6}`
}

function describe(title: string, series: readonly Series[]): string {
  const peaks = series.map(({ name, values }) => `${name} up to ${Math.round(Math.max(...values))}`)
  return `${title}: ${peaks.join(', ')}`
}
