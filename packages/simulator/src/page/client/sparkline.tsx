import { line } from 'd3-shape'

const width = 120
const height = 24

/** A line without axes: how a rate went lately. */
export function Sparkline({
  values,
  peak,
}: {
  readonly values: readonly number[]
  /** The value at the top. */
  readonly peak: number
}) {
  const step = width / Math.max(1, values.length - 1)
  const path = line<number>(
    (_, index) => index * step,
    (value) => height - 1 - (value / peak) * (height - 2),
  )
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path d={path(values) ?? ''} />
    </svg>
  )
}
