/** What one instance has of the connections that may be open to all of them together. */
export interface Part {
  /** Connections that are open or being opened. */
  readonly places: number
  /** Somebody waits here for a connection that nothing but the limit on all of them forbids. */
  readonly isInNeed: boolean
  /** For how long nobody who waits here has been given a connection. */
  readonly stuckMs: number
}

/** The connection of an instance that has lain idle longest. */
export interface Spare {
  /** Of the instance itself that is in need: it does not fit who waits there. */
  readonly isOwn: boolean
  /** The last that its instance has, or one that `minIdle` keeps. */
  readonly isKept: boolean
  readonly idleMs: number
}

/**
 * A login costs as much as many short statements: whoever has connections that come back waits for those first, and a connection that
 * was opened just now stays where it is.
 */
const PATIENCE_MS = 100
/** One that is kept lies idle for so long first: an instance that is used now and then need not log in each time. */
const KEPT_IDLE_MS = 1_000

/**
 * Whether an idle connection is closed so that an instance in need can open one. At once for an instance that has none, or where nobody
 * may wait; else when it has lain idle for a while, or nobody in need was served for a while.
 */
export function mayTake(
  { places, stuckMs }: Part,
  { isOwn, isKept, idleMs }: Spare,
  mayWait: boolean,
): boolean {
  if (places === 0 || isOwn || !mayWait) return true
  return stuckMs >= PATIENCE_MS || idleMs >= (isKept ? KEPT_IDLE_MS : PATIENCE_MS)
}

/**
 * Whether a connection that comes back while others wait for it on its own instance is closed for the sake of those who wait elsewhere:
 * for an instance that has none, and for one that has less than its share where this one has more. So instances that are all in need
 * come to have equal shares, and stay there.
 *
 * @param parts of all instances, the giver's included
 * @param ageMs since the connection was opened
 */
export function mustYield(
  giver: Part,
  parts: readonly Part[],
  totalLimit: number,
  ageMs: number,
): boolean {
  if (ageMs < PATIENCE_MS) return false
  const share = shareOf(parts, totalLimit)
  return parts.some((part) => {
    if (part === giver || !part.isInNeed) return false
    return part.places === 0 || (part.places < share && giver.places > share)
  })
}

/** Rounded down: what is left over stays where it is, instead of going to and fro. */
function shareOf(parts: readonly Part[], totalLimit: number): number {
  const claimants = parts.filter(({ places, isInNeed }) => places > 0 || isInNeed)
  return Math.max(1, Math.floor(totalLimit / claimants.length))
}

/** Who is first to open a connection where there is room: the one with the fewest, of equals the next behind `from`. */
export function inOrderOfNeed<P extends Part>(parts: readonly P[], from: P | undefined): P[] {
  const at = from === undefined ? 0 : parts.indexOf(from) + 1
  return [...parts.slice(at), ...parts.slice(0, at)].sort((one, other) => one.places - other.places)
}
