import type { InstanceEndpoint } from './endpoint.js'
import { newestAgeMicros, refreshedAtMs, rowAgeMs, visibleUpToMs } from './row-age.js'
import type { Instance, Topology, TopologyReport, TopologyRow, TopologyUpdate } from './topology.js'

const MASTER = 'MASTER_SESSION_ID'
/** Deleted and renamed instances stay in the table; AWS's own drivers drop rows older than this. */
const GHOST_AGE_MS = 300_000
/** Aurora restarts a reader that is far behind; a lag above this marks a removed one (ProxySQL). */
const MAX_LAG_MS = 600_000
/** For so long the writer's answer outweighs a reader's copy as to who belongs to the cluster. */
const AUTHORITY_MS = 5_000
/** Clocks of two instances may differ by this much. */
const CLOCK_SKEW_MS = 1_000

/** Whether a report is not older than the belief: stale news is the classic failover bug. */
export function isNewer(previous: Topology | undefined, report: TopologyReport): boolean {
  return previous === undefined || report.askedAtMs >= previous.askedAtMs
}

/**
 * What to believe after a report.
 *
 * - A writer is believed only when it answers itself: it is not read-only, and the newest
 *   `MASTER_SESSION_ID` row is its own. Its answer replaces everything.
 * - A writer that answers to be read-only is one no more; nobody else can unmake it.
 * - A reader's answer may claim a writer and tell lag. It gives the membership only when the
 *   writer has not answered for 5 s, or none is known: a reader's copy may be outdated.
 * - An answer without rows, and one without a writer's row while a writer is known, was read in
 *   the middle of a failover: the view is kept.
 * - An answer asked for before the one that the belief came from changes nothing.
 */
export function applyReport(
  previous: Topology | undefined,
  report: TopologyReport,
  instanceEndpoint: InstanceEndpoint,
): TopologyUpdate {
  if (previous !== undefined && !isNewer(previous, report)) {
    return { topology: previous, claimedWriterId: undefined, refusedIds: [] }
  }
  const reading = readReport(report, instanceEndpoint)
  const { answeredBy, master, refusedIds } = reading
  const masterId = master?.instance.id
  const isOutdated = previous !== undefined && isOutdatedClaim(previous, reading)
  if (!report.isReadOnly && masterId === answeredBy && !isOutdated) {
    const topology = build(previous, reading, answeredBy)
    return { topology, claimedWriterId: undefined, refusedIds }
  }
  const isDemoted = report.isReadOnly && previous?.writer?.id === answeredBy
  const writer = isDemoted ? undefined : previous?.writer
  const isOldNews = isOutdated || masterId === answeredBy || masterId === writer?.id
  const claimedWriterId = isOldNews ? undefined : masterId
  const topology =
    previous === undefined || givesMembership(previous, reading, writer, isOutdated)
      ? build(previous, reading, writer?.id)
      : isDemoted
        ? withoutWriter(previous)
        : withFresherLag(previous, reading)
  return { topology, claimedWriterId, refusedIds }
}

/** What a row says, and whether it says that its instance is the writer. */
interface Entry {
  readonly instance: Instance
  readonly isMaster: boolean
}

interface Reading {
  readonly askedAtMs: number
  readonly answeredBy: string
  readonly isReadOnly: boolean
  readonly entries: readonly Entry[]
  /** The newest `MASTER_SESSION_ID` row; two carry it right after a failover. */
  readonly master: Entry | undefined
  readonly refusedIds: readonly string[]
}

function readReport(report: TopologyReport, instanceEndpoint: InstanceEndpoint): Reading {
  const answeredBy = report.answeredBy.toLowerCase()
  const newestMicros = newestAgeMicros(report)
  const newestMs = rowAgeMs(newestMicros, newestMicros)
  const refusedIds: string[] = []
  const entries = new Map<string, Entry>()
  for (const row of report.rows) {
    const id = row.serverId.toLowerCase()
    const endpoint = instanceEndpoint(id)
    if (endpoint === undefined) {
      refusedIds.push(row.serverId)
      continue
    }
    const isMaster = row.sessionId === MASTER
    const ageMs = rowAgeMs(row.ageMicros, newestMicros)
    const lagMs = isMaster ? undefined : lagOf(row)
    const instance: Instance = {
      id,
      endpoint: Object.freeze({ ...endpoint }),
      role: 'reader',
      lagMs,
      cpu: row.cpu,
      ageMs,
      visibleUpToMs: visibleUpToMs(report.askedAtMs, ageMs, lagMs),
    }
    const known = entries.get(id)
    if (known === undefined || isYounger(instance, known.instance)) {
      entries.set(id, { instance, isMaster })
    }
  }
  let master: Entry | undefined
  for (const entry of entries.values()) {
    if (entry.isMaster && (master === undefined || outranks(entry, master, report))) {
      master = entry
    }
  }
  const present = [...entries.values()].filter(
    (entry) =>
      entry === master || entry.instance.id === answeredBy || !isGhost(entry.instance, newestMs),
  )
  return {
    askedAtMs: report.askedAtMs,
    answeredBy,
    isReadOnly: report.isReadOnly,
    entries: present,
    master,
    refusedIds,
  }
}

/** Of two that claim to be the writer the newer row counts; ages unknown or equal: the answerer's. */
function outranks(entry: Entry, other: Entry, report: TopologyReport): boolean {
  if (entry.instance.ageMs === other.instance.ageMs) {
    return !report.isReadOnly && entry.instance.id === report.answeredBy.toLowerCase()
  }
  return isYounger(entry.instance, other.instance)
}

function isYounger(instance: Instance, other: Instance): boolean {
  return (instance.ageMs ?? Number.POSITIVE_INFINITY) < (other.ageMs ?? Number.POSITIVE_INFINITY)
}

function isGhost({ ageMs, lagMs }: Instance, newestMs: number | undefined): boolean {
  return (
    (lagMs !== undefined && lagMs > MAX_LAG_MS) ||
    (ageMs !== undefined && newestMs !== undefined && ageMs - newestMs > GHOST_AGE_MS)
  )
}

function lagOf(row: TopologyRow): number | undefined {
  return row.lagMs !== undefined && row.lagMs >= 0 ? row.lagMs : undefined
}

/**
 * Whether the writer named in this answer was last heard of before the writer that we believe in:
 * the copy of an instance that was cut off goes on naming the writer of its time.
 */
function isOutdatedClaim(previous: Topology, { askedAtMs, master }: Reading): boolean {
  const { writer, answeredBy } = previous
  if (
    writer === undefined ||
    master === undefined ||
    master.instance.id === writer.id ||
    master.instance.ageMs === undefined ||
    // Only the writer's own answer fixes the moment to which the age of its row refers.
    answeredBy !== writer.id
  ) {
    return false
  }
  const knownAtMs = refreshedAtMs(previous.askedAtMs, writer.ageMs)
  return knownAtMs !== undefined && askedAtMs - master.instance.ageMs < knownAtMs - CLOCK_SKEW_MS
}

/** Whether an answer that confirms no writer may say who belongs to the cluster. */
function givesMembership(
  previous: Topology,
  { askedAtMs, entries, master }: Reading,
  writer: Instance | undefined,
  isOutdated: boolean,
): boolean {
  if (entries.length === 0 || isOutdated) {
    return false
  }
  if (master === undefined) {
    return previous.instances.every(({ role }) => role !== 'writer')
  }
  return (
    writer === undefined ||
    previous.answeredBy !== writer.id ||
    askedAtMs - previous.askedAtMs > AUTHORITY_MS
  )
}

/** The topology that the answer describes, with this writer. */
function build(
  previous: Topology | undefined,
  reading: Reading,
  writerId: string | undefined,
): Topology {
  const instances: Instance[] = []
  const readers: Instance[] = []
  for (const entry of reading.entries) {
    const { id } = entry.instance
    const isClaimed = writerId === undefined && entry === reading.master
    const isOwnWord = reading.isReadOnly && id === reading.answeredBy
    if (id === writerId || (isClaimed && !isOwnWord)) {
      instances.push(asWriter(entry.instance))
      continue
    }
    const known = previous?.instances.find((instance) => instance.id === id)
    const reader = Object.freeze({
      ...entry.instance,
      visibleUpToMs: later(entry.instance.visibleUpToMs, known?.visibleUpToMs),
    })
    instances.push(reader)
    // A former writer whose row was not refreshed may be dead: nothing is read there until it,
    // or its row, says that it is a reader.
    if (!entry.isMaster || isOwnWord) {
      readers.push(reader)
    }
  }
  const isWriterMissing = instances.every(({ id }) => id !== writerId)
  if (isWriterMissing && previous?.writer !== undefined && previous.writer.id === writerId) {
    instances.push(previous.writer)
  }
  return freeze({
    version: (previous?.version ?? 0) + 1,
    askedAtMs: reading.askedAtMs,
    answeredBy: reading.answeredBy,
    writer: instances.find(({ id }) => id === writerId),
    readers,
    instances,
  })
}

/** The view before, after the writer itself said that it is a reader now. */
function withoutWriter(previous: Topology): Topology {
  const demote = (instance: Instance): Instance =>
    instance.id === previous.writer?.id
      ? Object.freeze({ ...instance, role: 'reader', lagMs: undefined })
      : instance
  const instances = previous.instances.map(demote)
  return freeze({
    ...previous,
    version: previous.version + 1,
    writer: undefined,
    readers: instances.filter(
      ({ id }) => id === previous.writer?.id || previous.readers.some((known) => known.id === id),
    ),
    instances,
  })
}

/** The view before, with what the answer knows better about the lag of its readers. */
function withFresherLag(previous: Topology, reading: Reading): Topology {
  let hasChanged = false
  const instances = previous.instances.map((known) => {
    const heard = reading.entries.find(({ instance }) => instance.id === known.id)?.instance
    if (
      heard === undefined ||
      known.role === 'writer' ||
      !isFresher(reading.askedAtMs, heard, previous.askedAtMs, known)
    ) {
      return known
    }
    hasChanged = true
    const visible = later(heard.visibleUpToMs, known.visibleUpToMs)
    return Object.freeze({ ...heard, endpoint: known.endpoint, visibleUpToMs: visible })
  })
  if (!hasChanged) {
    return previous
  }
  return freeze({
    ...previous,
    version: previous.version + 1,
    readers: instances.filter(({ id }) => previous.readers.some((known) => known.id === id)),
    instances,
  })
}

function isFresher(
  heardAskedAtMs: number,
  heard: Instance,
  knownAskedAtMs: number,
  known: Instance,
): boolean {
  const heardAtMs = refreshedAtMs(heardAskedAtMs, heard.ageMs)
  const knownAtMs = refreshedAtMs(knownAskedAtMs, known.ageMs)
  return heardAtMs !== undefined && (knownAtMs === undefined || heardAtMs > knownAtMs)
}

function asWriter(instance: Instance): Instance {
  return Object.freeze({ ...instance, role: 'writer', lagMs: 0, visibleUpToMs: undefined })
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one
}

function freeze(topology: Topology): Topology {
  const byId = (a: Instance, b: Instance): number => (a.id < b.id ? -1 : 1)
  return Object.freeze({
    ...topology,
    readers: Object.freeze([...topology.readers].sort(byId)),
    instances: Object.freeze([...topology.instances].sort(byId)),
  })
}
