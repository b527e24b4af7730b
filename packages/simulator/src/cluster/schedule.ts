/** Timers that end with the cluster: none fires after `stop`. */
export class Schedule {
  readonly #timers = new Set<NodeJS.Timeout>()
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
  }
}
