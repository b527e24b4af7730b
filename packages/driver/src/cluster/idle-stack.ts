import type { StateFit } from './borrower.js'

/** What lies on the stack: a connection that may die, or be fenced, while it lies there. */
interface Idle {
  readonly isDead: boolean
  readonly isFenced: boolean
  readonly isDoubtful: boolean
  readonly lastUsedMs: number
}

/** Idle connections, the last used on top: it is used next, so that the others grow old and can be closed. */
export class IdleStack<T extends Idle> {
  #items: T[] = []

  get length(): number {
    return this.#items.length
  }

  /** The one that has lain there longest. */
  get oldest(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /**
   * Takes the topmost that fits; where none is `same`, the topmost for which something is `missing`, else the one that has lain there
   * longest of those that are `foreign`. On the ordinary path the top one fits.
   */
  take(matches: (item: T) => StateFit): T | undefined {
    let second = -1
    let third = -1
    for (let at = this.#items.length - 1; at >= 0; at--) {
      const item = this.#items[at] as T
      if (item.isDead || item.isFenced) {
        this.#items.splice(at, 1)
        if (second > at) second--
        if (third > at) third--
        continue
      }
      const how = matches(item)
      if (how === 'same') {
        if (at === this.#items.length - 1) this.#items.pop()
        else this.#items.splice(at, 1)
        return item
      }
      if (how === 'missing' && second < 0) second = at
      if (how === 'foreign') third = at
    }
    const next = second < 0 ? third : second
    return next < 0 ? undefined : this.#items.splice(next, 1)[0]
  }

  /** Takes out this very one. False when it is not here. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item)
    if (at < 0) return false
    this.#items.splice(at, 1)
    return true
  }

  /** Takes out, the oldest first, those beyond `most` or not used since; `least` stay in any case. */
  takeExcess(least: number, most: number, sinceMs: number): T[] {
    let count = 0
    for (const { lastUsedMs } of this.#items) {
      const left = this.#items.length - count
      if (left <= least || (left <= most && lastUsedMs >= sinceMs)) break
      count++
    }
    return this.#items.splice(0, count)
  }

  /** Takes out the one that has lain there longest. */
  removeOldest(): T | undefined {
    return this.#items.shift()
  }

  /** Takes out those that have not been used since, and those that are in doubt anyway. */
  takeUnusedSince(atMs: number): T[] {
    const isOld = ({ isDoubtful, lastUsedMs }: T): boolean => isDoubtful || lastUsedMs <= atMs
    const old = this.#items.filter(isOld)
    this.#items = this.#items.filter((item) => !isOld(item))
    return old
  }

  /** Takes out all. */
  clear(): T[] {
    const all = this.#items
    this.#items = []
    return all
  }

  map<R>(of: (item: T) => R): R[] {
    return this.#items.map(of)
  }
}
