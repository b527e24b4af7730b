import { totalsOf } from './figures.js'
import type { ClusterRecord, InstanceSample, LoadRecord } from './records.js'

/** One line of a chart: a value per step of time. */
export interface Series {
  readonly name: string
  readonly values: readonly number[]
}

/** Width of one step of all charts. */
export const stepMs = 250

/** Requests a second: answered and failed. */
export function requestSeries({ requests }: LoadRecord, durationMs: number): readonly Series[] {
  const rates = (isFailed: boolean) => {
    const counts = stepsOf(durationMs)
    for (const { endedMs, error } of requests) {
      if ((error !== undefined) === isFailed) add(counts, endedMs, 1)
    }
    return counts.map(perSecond)
  }
  return [
    { name: 'answered', values: rates(false) },
    { name: 'failed', values: rates(true) },
  ]
}

/** Statements a second, summed over the instances: answered, and answered with an error. */
export function statementSeries(cluster: ClusterRecord): readonly Series[] {
  const sums = (count: (instance: InstanceSample) => number) => {
    const perInstance = idsOf(cluster).map((id) => increases(cluster, id, count))
    return stepsOf(cluster.durationMs).map((_, step) =>
      perSecond(perInstance.reduce((sum, values) => sum + (values[step] ?? 0), 0)),
    )
  }
  return [
    { name: 'answered', values: sums(({ statements, errors }) => statements - errors) },
    { name: 'failed', values: sums(({ errors }) => errors) },
  ]
}

/** Statements a second, per instance. */
export function instanceSeries(cluster: ClusterRecord): readonly Series[] {
  return idsOf(cluster).map((id) => ({
    name: id,
    values: increases(cluster, id, ({ statements }) => statements).map(perSecond),
  }))
}

/** Open connections, per instance, at the end of each step. */
export function connectionSeries(cluster: ClusterRecord): readonly Series[] {
  return idsOf(cluster).map((id) => {
    const values = stepsOf(cluster.durationMs)
    for (const { atMs, instances } of cluster.samples) {
      const open = instances.find((each) => each.id === id)?.connections ?? 0
      const step = Math.floor(atMs / stepMs)
      if (step < values.length) values[step] = open
    }
    return { name: id, values }
  })
}

function idsOf(cluster: ClusterRecord): readonly string[] {
  return totalsOf(cluster)
    .map(({ id }) => id)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** By how much a count of an instance grew in each step. */
function increases(
  { samples, durationMs }: ClusterRecord,
  id: string,
  count: (instance: InstanceSample) => number,
): number[] {
  const values = stepsOf(durationMs)
  let last: number | undefined
  for (const { atMs, instances } of samples) {
    const instance = instances.find((each) => each.id === id)
    if (!instance) continue
    const now = count(instance)
    // An instance that was deleted and made anew counts from nothing.
    if (last !== undefined) add(values, atMs, Math.max(0, now - last))
    last = now
  }
  return values
}

/** Whole steps only: what is left at the end would look like a fall. */
function stepsOf(durationMs: number): number[] {
  return new Array<number>(Math.max(1, Math.floor(durationMs / stepMs))).fill(0)
}

function add(steps: number[], atMs: number, count: number): void {
  const step = Math.floor(atMs / stepMs)
  if (step < steps.length) steps[step] = (steps[step] ?? 0) + count
}

function perSecond(count: number): number {
  return (count * 1000) / stepMs
}
