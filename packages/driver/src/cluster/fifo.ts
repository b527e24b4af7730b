/** What can wait in a queue. It is in one queue at a time, and `next` belongs to that. */
export interface Queued {
  /** The one behind it; of the queue's own type. */
  next: unknown
}

/** First in, first out, over the waiting objects themselves: nothing is allocated per wait, and taking is constant time. */
export class Fifo<T extends Queued> {
  #head: T | undefined
  #tail: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    item.next = undefined
    if (this.#tail === undefined) this.#head = item
    else this.#tail.next = item
    this.#tail = item
    this.#length++
  }

  /** Puts one back to the front: it was its turn, and could not be served. */
  unshift(item: T): void {
    item.next = this.#head
    this.#head = item
    this.#tail ??= item
    this.#length++
  }

  shift(): T | undefined {
    const item = this.#head
    if (item === undefined) return undefined
    this.#head = item.next as T | undefined
    if (this.#head === undefined) this.#tail = undefined
    item.next = undefined
    this.#length--
    return item
  }

  /** Takes out one that gives up. False when it is not in this queue. */
  remove(wanted: T): boolean {
    let previous: T | undefined
    for (
      let item = this.#head;
      item !== undefined;
      previous = item, item = item.next as T | undefined
    ) {
      if (item !== wanted) continue
      if (previous === undefined) this.#head = item.next as T | undefined
      else previous.next = item.next
      if (this.#tail === item) this.#tail = previous
      item.next = undefined
      this.#length--
      return true
    }
    return false
  }
}
