import type { Cluster } from '../cluster/cluster.js'
import type { Work } from '../cluster/work.js'

/** Runs one thing after another, each when the one before it has ended, so that the state it left behind is known. */
export class StatementQueue {
  readonly #cluster: Cluster
  /** Issued and not begun. */
  readonly #waiting: Work[] = []
  #running: Work | undefined
  readonly #onDrained: (() => void)[] = []
  readonly #onEnded = (): void => this.#next()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  push(work: Work): void {
    work.onEnded = this.#onEnded
    if (this.#running !== undefined) this.#waiting.push(work)
    else this.#run(work)
  }

  /** Calls back once nothing runs and nothing is queued: now, or later. */
  whenDrained(done: () => void): void {
    if (this.#running === undefined) done()
    else this.#onDrained.push(done)
  }

  /** What has not begun never will. The holder must be dead by now: then the cluster refuses it. */
  giveUp(): void {
    if (this.#running !== undefined) this.#cluster.withdraw(this.#running)
    for (const work of this.#waiting.splice(0)) this.#cluster.run(work)
  }

  #run(work: Work): void {
    this.#running = work
    this.#cluster.run(work)
  }

  #next(): void {
    this.#running = undefined
    const work = this.#waiting.shift()
    if (work !== undefined) return this.#run(work)
    if (this.#onDrained.length > 0) for (const done of this.#onDrained.splice(0)) done()
  }
}
