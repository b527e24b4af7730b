import type { RunRecord } from '../records.js'
import {
  connectionSeries,
  instanceSeries,
  requestSeries,
  type Series,
  statementSeries,
} from '../series.js'

/** The tops of the scales, so that charts of the same kind can be compared. */
export interface Peaks {
  readonly requests: number
  readonly statements: number
  readonly connections: number
}

/** The highest value of each kind of chart, over all runs. */
export function peaksOf(runs: readonly RunRecord[]): Peaks {
  const highest = (values: readonly number[]) => Math.max(1, ...values)
  return {
    requests: highest(
      runs.flatMap(({ cluster, loads }) =>
        loads.length > 0
          ? loads.flatMap((load) => sums(requestSeries(load, cluster.durationMs)))
          : sums(statementSeries(cluster)),
      ),
    ),
    statements: highest(runs.flatMap(({ cluster }) => sums(instanceSeries(cluster)))),
    connections: highest(
      runs.flatMap(({ cluster }) => connectionSeries(cluster).flatMap(({ values }) => values)),
    ),
  }
}

function sums(series: readonly Series[]): readonly number[] {
  return (series[0]?.values ?? []).map((_, step) =>
    series.reduce((sum, { values }) => sum + (values[step] ?? 0), 0),
  )
}
