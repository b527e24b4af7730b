import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import type { Role } from '../model/topology.js'
import { selectReader } from '../policy/select-reader.js'
import { stateFit } from './borrower.js'
import type { Consistency, Context } from './consistency.js'
import type { InstancePool, Lease } from './instance-pool.js'
import type { Members } from './members.js'
import type { ClusterState } from './state.js'
import type { Target } from './target.js'
import type { Work } from './work.js'

/** A lag is believed for so many intervals, and so much longer on a busy machine. */
const LAG_KNOWN_FOR = 2
const LATE_MS = 500

/** How reads that could have gone to a reader came to the writer. */
export interface HeldReads {
  /** No reader was known to have what had been written. */
  consistency: number
  /** No reader was reachable, or within `maxLagMs`. */
  noReader: number
}

export interface PlacementSetup {
  readonly options: ResolvedOptions
  readonly target: Target
  readonly members: Members
  readonly consistency: Consistency
  readonly state: ClusterState
  /** An episode is open: nothing goes to a writer. */
  isSeekingWriter(): boolean
  /** It is known who the writer is, or that there is none to know. */
  isSettled(): boolean
  /** A read was held because no reader is known to have what was written. */
  onHeld(sinceMs: number): void
  /** A read may only go to a reader that does not lag too much. */
  onLagLimit(nowMs: number): void
}

/** Which instance serves a piece of work now. Plain calls on values in memory. */
export class Placement {
  readonly held: HeldReads = { consistency: 0, noReader: 0 }
  readonly #setup: PlacementSetup
  readonly #want: {
    maxLagMs: number | undefined
    visibleSinceMs: number | undefined
    nowMs: number
    avoid: InstancePool | undefined
    balance: ResolvedOptions['balance']
    turn: number
    random: () => number
  }

  constructor(setup: PlacementSetup) {
    this.#setup = setup
    this.#want = {
      maxLagMs: undefined,
      visibleSinceMs: undefined,
      nowMs: 0,
      avoid: undefined,
      balance: setup.options.balance,
      turn: 0,
      random: Math.random,
    }
  }

  /** The instance to borrow from; undefined: none may serve it now, it has to wait. Notes in `work` as what it was asked. */
  place(work: Work): InstancePool | undefined {
    const { members, state, target } = this.#setup
    if (work.destination !== undefined) return work.destination
    if (state.mode !== 'cluster') return this.#placeOnGiven(work)
    work.askedAs = this.#roleOf(work)
    if (target.scope === 'readers') return this.#placeRead(work) ?? members.given
    return work.askedAs === 'writer'
      ? this.#placeWrite(work.mustWrite)
      : (this.#placeRead(work) ?? this.#placeHeldRead(work))
  }

  /** There is one endpoint, or no other is known yet. */
  #placeOnGiven(work: Work): InstancePool | undefined {
    const { members, state, target } = this.#setup
    work.askedAs = target.scope === 'readers' ? 'reader' : 'writer'
    // It was refused there: who the writer is must be known first.
    if (state.mode === 'unknown') return work.mustWrite ? undefined : members.given
    if (state.mode !== 'single' || !this.#setup.isSeekingWriter()) return members.given
    // The endpoint leads to a reader now: it serves what a reader can.
    if (!state.isGivenReader || !canServeAsReader(work)) return undefined
    work.askedAs = 'reader'
    return members.given
  }

  /** Whether a session may go on with the lease that it holds. */
  suits(lease: Lease, work: Work): boolean {
    const { members, state, target } = this.#setup
    const pool = lease.lender
    if (lease.isDead || lease.isFenced) return false
    // A session that only sets what it wants to find decides nothing yet.
    const isDecided = work.holder?.isFresh && work.setting === undefined
    if (isDecided && stateFit(lease, work) === 'unfit') return false
    if (work.sqlClass.intent === 'session' && !work.mustWrite) {
      work.askedAs = pool.role
      return true
    }
    if (state.mode !== 'cluster') return this.#placeOnGiven(work) === pool
    const role = this.#roleOf(work)
    if (role === 'writer') {
      work.askedAs = 'writer'
      return pool === members.writer && !this.#setup.isSeekingWriter()
    }
    if (target.scope !== 'readers' && pool.role === 'writer') return false
    work.askedAs = 'reader'
    this.#wish(work)
    const { context } = work
    if (context !== undefined && context.servedBy !== pool.id) this.#wishAllSeen(context)
    return this.#serves(pool)
  }

  /** For a session that is being opened: an idle connection if there is one, a reader's first; never waits for a writer. */
  placeCheckout(work: Work): InstancePool | undefined {
    const { members, state } = this.#setup
    if (state.mode !== 'cluster') return this.place(work)
    const { role } = work
    work.askedAs = role ?? 'reader'
    if (state.isWithoutAutocommit || role === 'writer') return this.#placeWrite()
    const reader = this.#selectFirst(members.readers)
    if (reader !== undefined) return reader
    const { writer } = members
    const hasRoom = writer?.crowding === 0 && !this.#setup.isSeekingWriter()
    if (hasRoom && role !== 'reader') return writer
    return this.#placeRead(work) ?? this.#placeWrite()
  }

  /** Where a session that begins, for this role, may find an idle connection; undefined where that is not as plain as that. */
  placeAtOnce(role: Role | undefined): InstancePool | undefined {
    const { members, state } = this.#setup
    if (state.isWithoutAutocommit || this.#setup.isSeekingWriter()) return undefined
    if (state.mode !== 'cluster') return members.given
    return role === 'writer' ? members.writer : this.#selectFirst(members.readers)
  }

  /** What its first statement needs is not known yet, so nothing is asked of it but that it need not be waited for. */
  #selectFirst(readers: readonly InstancePool[]): InstancePool | undefined {
    const want = this.#want
    want.maxLagMs = undefined
    want.visibleSinceMs = undefined
    want.nowMs = monotonicMs()
    want.avoid = undefined
    want.turn++
    const reader = selectReader(readers, want)
    return reader?.crowding === 0 ? reader : undefined
  }

  #roleOf(work: Work): Role {
    const { options } = this.#setup
    if (work.mustWrite) return 'writer'
    const { role } = work
    if (role !== undefined) return role
    const { holder, sqlClass } = work
    const staysOnWriter = options.consistency === 'writer' || this.#setup.state.isWithoutAutocommit
    if (staysOnWriter || holder?.staysOnWriter) return 'writer'
    if (sqlClass.intent === 'read') return 'reader'
    // A transaction that only reads: its snapshot is taken by its first read, so it sees what that read may see. After
    // SET TRANSACTION, which pins, or another isolation level, which keeps the session on the writer, it stays there.
    const isReading = sqlClass.control === 'begin-read-only' && holder !== undefined
    return isReading && !holder.isPinned && !this.#setup.state.hasOwnIsolation ? 'reader' : 'writer'
  }

  /** @param wasRefused by the endpoint given, which is no writer then */
  #placeWrite(wasRefused = false): InstancePool | undefined {
    const { members, state } = this.#setup
    if (this.#setup.isSeekingWriter()) return undefined
    if (members.writer === undefined && wasRefused && !this.#setup.isSettled()) return undefined
    // A secondary cluster of a global database never has a writer of its own: its error surfaces from the endpoint given.
    return members.writer ?? (state.hasHadWriter ? undefined : members.given)
  }

  #placeRead(work: Work): InstancePool | undefined {
    const { members } = this.#setup
    const { context } = work
    this.#wish(work)
    if (context?.servedBy !== undefined) {
      // Within a request reads stay with the instance of the one before while it serves.
      const known = members.get(context.servedBy)
      const isReader = known !== undefined && known.role === 'reader'
      if (isReader && known !== work.avoid && this.#serves(known)) return known
      this.#wishAllSeen(context)
    }
    this.#want.turn++
    const pool = selectReader(members.readers, this.#want)
    // At once, so that another first read of the same request follows.
    if (pool !== undefined) context?.goesTo(pool.id)
    // A reader that is left out because of a write is missed by the others.
    const { visibleSinceMs } = this.#want
    if (pool !== undefined && visibleSinceMs !== undefined) this.#missReaders(visibleSinceMs)
    return pool
  }

  /** Asks for a report where a reader may have passed the write by now. One that lags for longer shows by the ordinary ones. */
  #missReaders(visibleSinceMs: number): void {
    const { members, onHeld, options } = this.#setup
    for (const { isReachable, instance } of members.readers) {
      const { lagMs = 0, visibleUpToMs = 0 } = instance
      const isNear = isReachable && lagMs < options.refreshIntervalMs
      if (isNear && visibleUpToMs < visibleSinceMs) return onHeld(visibleSinceMs)
    }
  }

  /** No reader may have it: the writer does. */
  #placeHeldRead(work: Work): InstancePool | undefined {
    const { members, onHeld } = this.#setup
    const isForConsistency =
      this.#want.visibleSinceMs !== undefined &&
      members.readers.some(({ isReachable }) => isReachable)
    if (isForConsistency) {
      this.held.consistency++
      onHeld(this.#want.visibleSinceMs ?? 0)
    } else this.held.noReader++
    if (!this.mayHold(work)) return undefined
    // Where there is no writer (a secondary cluster) nothing can have been written that a reader must show.
    if (members.writer === undefined && !this.#setup.state.hasHadWriter) {
      this.#want.visibleSinceMs = undefined
      const reader = selectReader(members.readers, this.#want)
      if (reader !== undefined) return reader
    }
    const pool = this.#placeWrite()
    if (pool !== undefined) work.askedAs = 'writer'
    return pool
  }

  /** Whether the writer may serve a read for which there is no reader. */
  mayHold(work: Work): boolean {
    return (
      this.#setup.options.noReader === 'writer' ||
      this.#setup.consistency.visibleSince(work.context) !== undefined
    )
  }

  #wish(work: Work): void {
    const { options, consistency } = this.#setup
    const want = this.#want
    const maxLagMs = work.options?.maxLagMs ?? options.maxLagMs
    want.nowMs = monotonicMs()
    want.maxLagMs = maxLagMs === Number.POSITIVE_INFINITY ? undefined : this.#limitLag(maxLagMs)
    want.visibleSinceMs = consistency.visibleSince(work.context)
    want.avoid = work.avoid
  }

  /** What was reported too long ago says nothing of the lag now: then no reader is within any limit. */
  #limitLag(maxLagMs: number): number {
    const { options, state, onLagLimit } = this.#setup
    const { nowMs } = this.#want
    onLagLimit(nowMs)
    const reportedMs = state.topology?.askedAtMs ?? Number.NEGATIVE_INFINITY
    const isOld = nowMs - reportedMs > LAG_KNOWN_FOR * options.refreshIntervalMs + LATE_MS
    return isOld ? Number.NEGATIVE_INFINITY : maxLagMs
  }

  /** Another instance than before must have all that has been seen: reads of a request never go back in time. */
  #wishAllSeen({ servedBy, seenMs }: Context): void {
    if (servedBy === undefined) return
    this.#want.visibleSinceMs = Math.max(this.#want.visibleSinceMs ?? seenMs, seenMs)
  }

  #serves(pool: InstancePool): boolean {
    const { maxLagMs, visibleSinceMs } = this.#want
    const { lagMs, visibleUpToMs } = pool.instance
    if (!pool.isReachable) return false
    if (maxLagMs !== undefined && (lagMs === undefined || lagMs > maxLagMs)) return false
    return (
      visibleSinceMs === undefined ||
      (visibleUpToMs !== undefined && visibleUpToMs >= visibleSinceMs)
    )
  }
}

/** Whether a reader may do it for want of a writer: it has no effects, and nobody has asked for the writer. */
function canServeAsReader({ sqlClass, role, mustWrite, holder }: Work): boolean {
  if (mustWrite || role === 'writer' || holder?.staysOnWriter) return false
  const { control, isRepeatable, pins } = sqlClass
  if (control === 'begin-read-only' || role === 'reader') return true
  return control === 'none' && isRepeatable && !pins
}
