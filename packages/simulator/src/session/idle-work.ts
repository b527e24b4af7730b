/** What a session has to do of its own between two commands of its client, in order. */
export class IdleWork {
  readonly #queue: (() => Promise<void>)[] = []

  /** Resolves when the work has been done. */
  add(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(() => work().finally(resolve))
    })
  }

  take(): (() => Promise<void>) | undefined {
    return this.#queue.shift()
  }

  /** Runs everything at once: the storage is gone, so there is nothing to wait for. */
  finish(): void {
    for (const work of this.#queue.splice(0)) void work()
  }
}
