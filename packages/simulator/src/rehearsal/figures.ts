import type { ClusterEventOf } from '../cluster/cluster-event.js'
import type { ClusterRecord, InstanceSample, LoadRecord, RequestRecord } from './records.js'

/** What one load, or one cluster, comes down to. */
export interface Figures {
  readonly answered: number
  readonly failed: number
  /** The longest stretch without an answer. */
  readonly longestStallMs: number
  readonly longestReadStallMs: number
  readonly longestWriteStallMs: number
  /** From each promotion to the first write acknowledged after it; undefined: there was none. */
  readonly firstWriteMs: readonly (number | undefined)[]
}

/** What the client saw. */
export interface LoadFigures extends Figures {
  readonly failedReads: number
  /** Of one request, answered or failed. */
  readonly longestRequestMs: number
  /** How often each error came, the most frequent first. */
  readonly errors: readonly { readonly code: string; readonly count: number }[]
}

/** The promotions of a recording, in order. */
export function promotionsOf({ log }: ClusterRecord): readonly ClusterEventOf<'promoted'>[] {
  return log.filter(
    (event): event is ClusterEventOf<'promoted'> => event.type === 'promoted' && event.atMs >= 0,
  )
}

/** What a load's client met; an answer that came after the end of the recording is none. */
export function loadFigures({ requests }: LoadRecord, cluster: ClusterRecord): LoadFigures {
  const answered = requests.filter(
    ({ error, endedMs }) => error === undefined && endedMs <= cluster.durationMs,
  )
  const failed = requests.filter(({ error }) => error !== undefined)
  const times = (kind?: RequestRecord['kind']) =>
    answered.filter((each) => kind === undefined || each.kind === kind).map((each) => each.endedMs)
  const writes = times('write')
  return {
    answered: answered.length,
    failed: failed.length,
    failedReads: failed.filter(({ kind }) => kind === 'read').length,
    longestStallMs: longestGapMs(times(), cluster.durationMs),
    longestReadStallMs: longestGapMs(times('read'), cluster.durationMs),
    longestWriteStallMs: longestGapMs(writes, cluster.durationMs),
    longestRequestMs: requests.reduce(
      (most, { startedMs, endedMs }) => Math.max(most, endedMs - startedMs),
      0,
    ),
    firstWriteMs: firstAfterEach(cluster, writes),
    errors: countByCode(failed),
  }
}

/** What a cluster saw of a load whose client cannot be asked; as exact as its samples. */
export function clusterFigures(cluster: ClusterRecord): Figures {
  const total = (key: keyof Omit<InstanceSample, 'id'>) =>
    totalsOf(cluster).reduce((sum, instance) => sum + instance[key], 0)
  const errors = total('errors')
  const answered = changesOf(cluster, ({ statements, errors: failed }) => statements - failed)
  const writes = changesOf(cluster, (each) => each.writes)
  return {
    answered: total('statements') - errors,
    failed: errors,
    longestStallMs: longestGapMs(answered, cluster.durationMs),
    longestReadStallMs: longestGapMs(
      changesOf(cluster, (each) => each.reads),
      cluster.durationMs,
    ),
    longestWriteStallMs: longestGapMs(writes, cluster.durationMs),
    firstWriteMs: firstAfterEach(cluster, writes),
  }
}

/** What each instance counted during the recording; one that was deleted counts, too. */
export function totalsOf({ samples }: ClusterRecord): readonly InstanceSample[] {
  const first = new Map<string, InstanceSample>()
  const last = new Map<string, InstanceSample>()
  for (const [index, { instances }] of samples.entries()) {
    for (const instance of instances) {
      // One that came later had counted nothing before.
      if (index === 0) first.set(instance.id, instance)
      last.set(instance.id, instance)
    }
  }
  return [...last.values()].map((end) => {
    const start = first.get(end.id)
    const since = (key: keyof Omit<InstanceSample, 'id'>) => end[key] - (start?.[key] ?? 0)
    return {
      id: end.id,
      connections: end.connections,
      statements: since('statements'),
      reads: since('reads'),
      writes: since('writes'),
      errors: since('errors'),
      statementsCut: since('statementsCut'),
    }
  })
}

/** The longest stretch between two of these moments, the start and the end of the recording included. */
export function longestGapMs(moments: readonly number[], untilMs: number): number {
  let longest = 0
  let last = 0
  for (const moment of [...moments.toSorted((a, b) => a - b), untilMs]) {
    longest = Math.max(longest, moment - last)
    last = Math.max(last, moment)
  }
  return longest
}

function firstAfterEach(cluster: ClusterRecord, moments: readonly number[]) {
  return promotionsOf(cluster).map(({ atMs }) => {
    const later = moments.filter((moment) => moment > atMs)
    return later.length === 0 ? undefined : Math.min(...later) - atMs
  })
}

/** The moments at which a count had grown on some instance. */
function changesOf(
  { samples }: ClusterRecord,
  count: (instance: InstanceSample) => number,
): readonly number[] {
  const last = new Map<string, number>()
  const moments: number[] = []
  for (const [index, { atMs, instances }] of samples.entries()) {
    const hasGrown = instances.filter((each) => {
      const before = last.get(each.id) ?? 0
      last.set(each.id, count(each))
      return count(each) > before
    })
    if (index > 0 && hasGrown.length > 0) moments.push(atMs)
  }
  return moments
}

function countByCode(failed: readonly RequestRecord[]) {
  const counts = new Map<string, number>()
  for (const { error = '' } of failed) counts.set(error, (counts.get(error) ?? 0) + 1)
  return [...counts]
    .map(([code, count]) => ({ code, count }))
    .toSorted((a, b) => b.count - a.count || a.code.localeCompare(b.code))
}
