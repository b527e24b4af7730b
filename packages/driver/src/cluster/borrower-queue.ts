import type { Borrower } from './borrower.js'
import { Fifo } from './fifo.js'

/** Who waits for a connection to one instance, in order of arrival. Who gave up meanwhile is passed over. */
export class BorrowerQueue<L> {
  readonly #queue = new Fifo<Borrower<L>>()

  get length(): number {
    return this.#queue.length
  }

  push(borrower: Borrower<L>): void {
    this.#queue.push(borrower)
  }

  /** Back to the front. */
  unshift(borrower: Borrower<L>): void {
    this.#queue.unshift(borrower)
  }

  remove(borrower: Borrower<L>): boolean {
    return this.#queue.remove(borrower)
  }

  next(): Borrower<L> | undefined {
    let borrower = this.#queue.shift()
    while (borrower?.hasWithdrawn) borrower = this.#queue.shift()
    return borrower
  }

  takeAll(): Borrower<L>[] {
    const all: Borrower<L>[] = []
    for (let next = this.next(); next !== undefined; next = this.next()) all.push(next)
    return all
  }

  /** Everybody who waits gets an error, each one of its own. */
  refuseAll(makeError: () => unknown): void {
    for (const borrower of this.takeAll()) borrower.refuse(makeError())
  }
}

/** mysql2's own words, and never inside the call. */
export function refuseLater<L>(borrower: Borrower<L>, message: string): void {
  process.nextTick(() => borrower.refuse(new Error(message)))
}
