import type { ClusterEvent } from '../cluster/cluster-event.js'

/** What an instance was during a stretch of time. `away`: deleted, or not there yet. */
export type LaneState = 'writer' | 'reader' | 'down' | 'hung' | 'away'

/** A stretch of time in which an instance was one thing. */
export interface LaneSegment {
  readonly state: LaneState
  readonly fromMs: number
  readonly toMs: number
}

/** One instance over time. */
export interface Lane {
  readonly id: string
  readonly segments: readonly LaneSegment[]
}

type Role = 'writer' | 'reader'

/** Where an instance stands between two events. */
interface Standing {
  readonly role: Role
  readonly state: 'up' | 'down' | 'hung' | 'away'
}

/**
 * Who was writer, reader or away at which time, from a cluster's log.
 *
 * @param log whole, oldest first
 * @param present the instances that there are at the end, with their roles
 * @param fromMs, toMs the stretch wanted, on the log's clock
 */
export function lanesOf(
  log: readonly ClusterEvent[],
  present: readonly { readonly id: string; readonly role: Role }[],
  fromMs: number,
  toMs: number,
): readonly Lane[] {
  return idsOf(log, present).map((id) => {
    const own = log.filter((event) => event.instance === id)
    let standing = initialStanding(own, present.find((each) => each.id === id)?.role)
    const segments: LaneSegment[] = []
    let sinceMs = 0
    const close = (untilMs: number) => {
      const from = Math.max(sinceMs, fromMs)
      const to = Math.min(untilMs, toMs)
      const state = standing.state === 'up' ? standing.role : standing.state
      const last = segments.at(-1)
      if (last?.state === state) segments.splice(-1, 1, { ...last, toMs: to })
      else if (to > from) segments.push({ state, fromMs: from, toMs: to })
      sinceMs = untilMs
    }
    for (const event of own) {
      const next = standingAfter(event, standing)
      if (next !== standing) close(event.atMs)
      standing = next
    }
    close(toMs)
    return { id, segments }
  })
}

function idsOf(
  log: readonly ClusterEvent[],
  present: readonly { readonly id: string }[],
): readonly string[] {
  const ids = new Set(present.map(({ id }) => id))
  for (const { type, instance } of log) {
    if (instance !== undefined && type !== 'dns-updated') ids.add(instance)
  }
  return [...ids].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** A change of role tells what the instance was before it; without one it has always been what it is. */
function initialStanding(own: readonly ClusterEvent[], roleNow: Role = 'reader'): Standing {
  const change = own.find((event) => event.type === 'role-changed')
  const added = own.find(({ type }) => type === 'instance-added' || type === 'instance-removed')
  const role = change ? (change.role === 'writer' ? 'reader' : 'writer') : roleNow
  return { role, state: added?.type === 'instance-added' ? 'away' : 'up' }
}

/** The same object when the event changes nothing. */
function standingAfter(event: ClusterEvent, standing: Standing): Standing {
  switch (event.type) {
    case 'role-changed':
      return { ...standing, role: event.role }
    case 'instance-down':
      return { ...standing, state: event.how === 'hang' ? 'hung' : 'down' }
    case 'instance-up':
      return { role: event.role, state: 'up' }
    case 'instance-added':
      return { ...standing, state: 'up' }
    case 'instance-removed':
      return { ...standing, state: 'away' }
    default:
      return standing
  }
}
