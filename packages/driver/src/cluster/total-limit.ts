import type { Transport } from '../contract/mysql2.js'
import { monotonicMs } from '../io/clock.js'
import { inOrderOfNeed, mayTake, mustYield, type Part } from '../policy/share-connections.js'

/** So long at most is waited for the end of a connection that we have said goodbye to: its instance may not be there any more. */
const GOODBYE_MS = 100

/** One instance's pool, as the limit on all of them sees it. */
export interface Sharer extends Part {
  readonly idle: number
  /** Since when the connection that has lain idle longest lies there; undefined: none is idle. */
  readonly idleSinceMs: number | undefined
  /** That one is the last, or kept by `minIdle`. */
  readonly keepsIdle: boolean
  /** As `isInNeed`, but it may have to open its connections one after another. */
  readonly wantsMore: boolean
  /** Opens what is wanted and allowed. */
  openMore(): void
  closeLongestIdle(): void
}

/**
 * `aurora.totalLimit`: bounds the connections open, or being opened, to all instances together. It keeps no book of its own, the pools
 * are counted when one of them has no idle connection. Who finds no room has an idle one closed elsewhere, or waits.
 */
export class TotalLimit {
  readonly #limit: number
  readonly #mayWait: boolean
  readonly #pools: () => Iterable<Sharer>
  #isAwaited = false
  /** Of connections that were said goodbye to, and that the other side has not closed yet. */
  readonly #ending = new Set<Transport>()
  #onEnded: (() => void)[] = []

  /** @param mayWait mysql2's `waitForConnections` */
  constructor(limit: number, mayWait: boolean, pools: () => Iterable<Sharer>) {
    this.#limit = limit
    this.#mayWait = mayWait
    this.#pools = pools
  }

  /** Somebody may be waiting for room. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  get isReached(): boolean {
    return this.#placeCount >= this.#limit
  }

  /** How many could be opened now, where idle ones are closed for them. */
  get room(): number {
    let room = this.#limit
    for (const { places, idle } of this.#pools()) room += idle - places
    return room
  }

  /** An instance has more than one: another that has none can have one without taking the last. */
  get hasSurplus(): boolean {
    for (const { places } of this.#pools()) if (places > 1) return true
    return false
  }

  /**
   * What makes it possible to open one more: there is room, or a pool closes an idle one; undefined: nothing does, for now.
   *
   * @param isForWaiter somebody waits for it; else it is to be kept at hand only, and nothing is closed for that
   */
  roomFor(pool: Sharer, isForWaiter: boolean): 'free' | Sharer | undefined {
    if (!this.isReached) return 'free'
    if (!isForWaiter) return undefined
    const giver = this.#giverFor(pool)
    if (giver === undefined) this.#isAwaited = true
    return giver
  }

  /** Whether a connection of this pool that comes back, and is wanted there, is closed so that another can open one. */
  mustYield(pool: Sharer, openedMs: number): boolean {
    if (!this.#isAwaited || !this.isReached) return false
    return mustYield(pool, [...this.#pools()], this.#limit, monotonicMs() - openedMs)
  }

  /** There may be room: whoever waits for it opens connections. `from` is the pool that it has come from. */
  wake(from?: Sharer): void {
    if (!this.#isAwaited) return
    // Whoever finds none now says so again.
    this.#isAwaited = false
    for (const pool of inOrderOfNeed([...this.#pools()], from)) if (pool.wantsMore) pool.openMore()
  }

  /** A connection is about to be said goodbye to. It counts no more, but the next is opened only when it has been closed. */
  noteEnding(stream: Transport): void {
    if (stream.destroyed) return
    const ended = (): void => {
      clearTimeout(timer)
      this.#ending.delete(stream)
      for (const go of this.#onEnded.splice(0)) go()
    }
    const timer = setTimeout(ended, GOODBYE_MS).unref()
    this.#ending.add(stream)
    stream.once('close', ended)
  }

  /** Before a connection is opened: waits until no instance sees more of them than the limit allows. */
  async othersEnded(): Promise<void> {
    while (this.#ending.size > 0 && this.#placeCount + this.#ending.size > this.#limit)
      await new Promise<void>((resolve) => this.#onEnded.push(resolve))
  }

  get #placeCount(): number {
    let count = 0
    for (const { places } of this.#pools()) count += places
    return count
  }

  /** The pool whose idle connection is closed: the one that has lain longest, of those that are kept only where there is no other. */
  #giverFor(taker: Sharer): Sharer | undefined {
    let found: Sharer | undefined
    for (const pool of this.#pools()) {
      const { idleSinceMs } = pool
      if (idleSinceMs === undefined) continue
      const isOwn = pool === taker
      const isKept = pool.keepsIdle && !isOwn
      const spare = { isOwn, isKept, idleMs: monotonicMs() - idleSinceMs }
      if (!mayTake(taker, spare, this.#mayWait)) continue
      if (found === undefined || isBefore(pool, found)) found = pool
    }
    return found
  }
}

function isBefore(one: Sharer, other: Sharer): boolean {
  if (one.keepsIdle !== other.keepsIdle) return other.keepsIdle
  return (one.idleSinceMs ?? 0) < (other.idleSinceMs ?? 0)
}
