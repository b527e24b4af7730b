import type { Instance } from '../model/topology.js'

/** How to choose among readers that will all do: see `selectReader`. */
export type Balance = 'p2c' | 'round-robin' | 'random' | 'fastest'

/** A reader as the pool knows it at this moment. */
export interface Candidate {
  readonly instance: Instance
  /** Connections that are in use, by a statement or by a session, and those who wait for one; ours only. */
  readonly load: number
  /** 1: all connections that it may have are in use; 2: and none of them by a statement or opened just now, so that nobody knows when one comes back. */
  readonly crowding: 0 | 1 | 2
  readonly isReachable: boolean
  /** Until then (our monotonic clock) others are preferred; 0 for never. */
  readonly penaltyUntilMs: number
  /** Smoothed time of its answers; undefined when none was measured yet. */
  readonly ewmaMs: number | undefined
}

/** What a read asks of a reader. */
export interface ReaderWish<C extends Candidate = Candidate> {
  /** Highest lag allowed; undefined allows any. */
  readonly maxLagMs: number | undefined
  /** The read must see every write acknowledged up to here (our monotonic clock). */
  readonly visibleSinceMs: number | undefined
  readonly nowMs: number
  /** The instance that has just failed this statement. */
  readonly avoid: C | undefined
  readonly balance: Balance
  /** Counts the reads, for `round-robin`. */
  readonly turn: number
  /** From 0 up to, not including, 1. */
  readonly random: () => number
}

/**
 * The reader that gets the next read, or undefined when none may have it.
 *
 * Unreachable, too far behind, or not known to show what must be seen: excluded. Crowded, in penalty or
 * to be avoided: only when there is no better one, so that a bad hint never leaves nobody.
 * Then `p2c` takes of two at random the one with less load, `fastest` of two at
 * random the one with the shorter expected answer, `random` any, `round-robin` the next.
 */
export function selectReader<C extends Candidate>(
  candidates: readonly C[],
  want: ReaderWish<C>,
): C | undefined {
  let best = EXCLUDED
  let count = 0
  for (const candidate of candidates) {
    const rank = rankOf(candidate, want)
    if (rank < best) {
      best = rank
      count = 1
    } else if (rank === best) {
      count += 1
    }
  }
  if (best === EXCLUDED) {
    return undefined
  }
  switch (want.balance) {
    case 'round-robin':
      return nthOfRank(candidates, want, best, want.turn % count)
    case 'random':
      return nthOfRank(candidates, want, best, pick(count, want.random))
    case 'p2c':
    case 'fastest': {
      const first = pick(count, want.random)
      const one = nthOfRank(candidates, want, best, first)
      if (count === 1) {
        return one
      }
      const other = nthOfRank(
        candidates,
        want,
        best,
        (first + 1 + pick(count - 1, want.random)) % count,
      )
      const isOtherBetter =
        want.balance === 'p2c'
          ? other !== undefined && one !== undefined && other.load < one.load
          : other !== undefined && one !== undefined && expectedMs(other) < expectedMs(one)
      return isOtherBetter ? other : one
    }
    default: {
      const unknown: never = want.balance
      return unknown
    }
  }
}

const IN_PENALTY = 3
const TO_BE_AVOIDED = 6
const EXCLUDED = 12

/** 0 is a reader nothing speaks against; higher is worse; `EXCLUDED` must not be used. */
function rankOf(candidate: Candidate, want: ReaderWish): number {
  if (
    !candidate.isReachable ||
    lagsTooMuch(candidate.instance, want.maxLagMs) ||
    mayMissWrites(candidate.instance, want.visibleSinceMs)
  ) {
    return EXCLUDED
  }
  const penalty = candidate.penaltyUntilMs > want.nowMs ? IN_PENALTY : 0
  return candidate.crowding + penalty + (candidate === want.avoid ? TO_BE_AVOIDED : 0)
}

/** An unknown lag may be any lag. */
function lagsTooMuch(instance: Instance, maxLagMs: number | undefined): boolean {
  return maxLagMs !== undefined && (instance.lagMs === undefined || instance.lagMs > maxLagMs)
}

function mayMissWrites(instance: Instance, visibleSinceMs: number | undefined): boolean {
  return (
    visibleSinceMs !== undefined &&
    (instance.visibleUpToMs === undefined || instance.visibleUpToMs < visibleSinceMs)
  )
}

function nthOfRank<C extends Candidate>(
  candidates: readonly C[],
  want: ReaderWish,
  rank: number,
  index: number,
): C | undefined {
  let left = index
  for (const candidate of candidates) {
    if (rankOf(candidate, want) === rank && left-- === 0) {
      return candidate
    }
  }
  return undefined
}

function pick(count: number, random: () => number): number {
  return Math.min(count - 1, Math.floor(random() * count))
}

/** A reader never measured is tried at once, but not by a crowd. */
function expectedMs(candidate: Candidate): number {
  if (candidate.ewmaMs === undefined) {
    return candidate.load === 0 ? 0 : Number.POSITIVE_INFINITY
  }
  return candidate.ewmaMs * (candidate.load + 1)
}
