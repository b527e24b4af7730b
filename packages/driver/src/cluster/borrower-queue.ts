import { monotonicMs } from '../io/clock.js'
import type { Borrower } from './borrower.js'
import { Fifo } from './fifo.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'

/** mysql2's own words, as all that refuses here. */
export const POOL_CLOSED = 'Pool is closed.'

/** Who waits for a connection to one instance, in order of arrival. Who gave up meanwhile is passed over. */
export class BorrowerQueue<L> {
  readonly #queue = new Fifo<Borrower<L>>()
  #takes: 'everybody' | 'sessions' | 'nobody' = 'everybody'
  /** When one of those who wait was last served, or the first of them came; where somebody wants to know. */
  #servedMs = 0
  readonly #isTimed: boolean

  constructor(isTimed: boolean) {
    this.#isTimed = isTimed
  }

  get length(): number {
    return this.#queue.length
  }

  /** For how long nobody who waits here has been served; 0: nobody waits. */
  get stuckMs(): number {
    return this.#queue.length === 0 ? 0 : monotonicMs() - this.#servedMs
  }

  push(borrower: Borrower<L>): void {
    borrower.onQueued()
    if (this.#isTimed && this.#queue.length === 0) this.#servedMs = monotonicMs()
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
    if (this.#isTimed && borrower !== undefined) this.#servedMs = monotonicMs()
    return borrower
  }

  takeAll(): Borrower<L>[] {
    const all: Borrower<L>[] = []
    for (let next = this.next(); next !== undefined; next = this.next()) all.push(next)
    return all
  }

  /** Takes out whoever is wanted; the others stay in order. */
  takeIf<B extends Borrower<L>>(isWanted: (borrower: Borrower<L>) => borrower is B): B[] {
    const taken: B[] = []
    for (const each of this.takeAll()) {
      if (isWanted(each)) taken.push(each)
      else this.#queue.push(each)
    }
    return taken
  }

  /** Why somebody may not wait here for what others hold; undefined: he may, which is told. */
  refusal(
    { isAdmitted }: Borrower<L>,
    { config, onEnqueue }: InstancePoolSetup,
    openingCount: number,
  ): string | undefined {
    if (isAdmitted && this.#takes !== 'nobody') return undefined
    if (this.#takes !== 'everybody') return POOL_CLOSED
    const { waitForConnections, queueLimit } = config
    if (!waitForConnections) return 'No connections available.'
    // Those for whom a connection is being opened do not wait in mysql2's queue.
    const queued = this.length - openingCount
    if (queueLimit > 0 && queued >= queueLimit) return 'Queue limit reached.'
    onEnqueue()
    return undefined
  }

  /** From now on only sessions that have their place in the pool wait, for what they had queued; or nobody does. */
  close(takes: 'sessions' | 'nobody'): void {
    this.#takes = takes
    for (const borrower of this.takeAll()) {
      if (borrower.isAdmitted && takes === 'sessions') this.#queue.push(borrower)
      else refuseLater(borrower, POOL_CLOSED)
    }
  }

  /** Everybody who waits gets an error, each one of its own. */
  refuseAll(makeError: () => unknown): void {
    for (const borrower of this.takeAll()) borrower.refuse(makeError())
  }
}

/** Never inside the call. */
export function refuseLater<L>(borrower: Borrower<L>, message: string): void {
  process.nextTick(() => borrower.refuse(new Error(message)))
}
