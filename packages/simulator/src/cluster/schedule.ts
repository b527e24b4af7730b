/** Timers that end with the cluster: none fires after `stop`. */
export class Schedule {
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #sleepers = new Set<() => void>()
  #isStopped = false

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Runs the action later; returns how to call it off. `Infinity`: never. */
  after(delayMs: number, action: () => void): () => void {
    if (this.#isStopped || delayMs === Number.POSITIVE_INFINITY) return () => undefined
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, delayMs)
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
      clearTimeout(timer)
    }
  }

  /** Resolves after this time, or when the cluster ends: look at `isStopped` then. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopped) resolve()
      this.#sleepers.add(resolve)
      this.after(delayMs, () => {
        this.#sleepers.delete(resolve)
        resolve()
      })
    })
  }

  every(intervalMs: number, action: () => void): void {
    const again = () => {
      action()
      this.after(intervalMs, again)
    }
    this.after(intervalMs, again)
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const wake of this.#sleepers) wake()
    this.#sleepers.clear()
  }
}
