import type { Cluster } from '../cluster/cluster.js'
import type { Work, WorkQueue } from '../cluster/work.js'

/** Something of our own that is done in its turn, at once. */
type Task = () => void

/** Runs one thing after another, each when the one before it has ended, so that the state it left behind is known. */
export class StatementQueue implements WorkQueue {
  readonly #cluster: Cluster
  /** Issued and not begun. */
  readonly #waiting: (Work | Task)[] = []
  #running: Work | undefined
  /** What is begun may end within the call: the next is begun by the loop then, however many there are. */
  #isStepping = false
  /** What stood behind a lost connection is being told. */
  #isFailing = false
  readonly #onDrained: (() => void)[] = []
  #lost: readonly Work[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  push(work: Work): void {
    work.queue = this
    this.#waiting.push(work)
    this.#goOn()
  }

  /** Does something once everything issued before has ended; now where nothing is under way. */
  inTurn(task: Task): void {
    this.#waiting.push(task)
    this.#goOn()
  }

  /** Calls back once nothing runs and nothing is queued: now, or later. */
  whenDrained(done: () => void): void {
    if (this.#running === undefined && !this.#isFailing) done()
    else this.#onDrained.push(done)
  }

  /** What has not begun never will. The holder must be dead by now: then the cluster refuses it. */
  giveUp(): void {
    if (this.#running !== undefined) this.#cluster.withdraw(this.#running)
    this.#abandon((work) => this.#cluster.run(work))
  }

  onEnded(): void {
    this.#running = undefined
    this.#goOn()
  }

  /** What stood behind the connection that was lost last. */
  get lost(): readonly Work[] {
    return this.#lost
  }

  onLost(error: Error): void {
    this.#isFailing = true
    this.#lost = this.#waiting.filter((next) => typeof next !== 'function')
    this.#abandon((work) => this.#cluster.abandon(work, error))
    // Each of them is refused in one turn and told in the next; this comes behind them.
    process.nextTick(() => process.nextTick(() => this.#allTold()))
  }

  #allTold(): void {
    this.#isFailing = false
    this.#lost = []
    if (this.#running === undefined) this.#goOn()
  }

  /** Begins what is next, and tells that nothing is left: also of what ended in the call in which it was begun. */
  #goOn(): void {
    this.#step()
    if (this.#running !== undefined || this.#isStepping || this.#isFailing) return
    if (this.#onDrained.length > 0) for (const done of this.#onDrained.splice(0)) done()
  }

  #step(): void {
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      while (this.#running === undefined && !this.#isFailing) {
        const next = this.#waiting.shift()
        if (next === undefined) break
        if (typeof next === 'function') {
          next()
          continue
        }
        this.#running = next
        this.#cluster.run(next)
      }
    } finally {
      this.#isStepping = false
    }
  }

  /** Takes out of line whatever has not begun. */
  #abandon(end: (work: Work) => void): void {
    for (const next of this.#waiting.splice(0)) {
      if (typeof next === 'function') {
        next()
        continue
      }
      next.queue = undefined
      end(next)
    }
  }
}
