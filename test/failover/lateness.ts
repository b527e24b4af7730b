const EVERY_MS = 5

/** Tells how much later than asked the timers of this process ran, and when: a busy machine is not the driver's fault. */
export class Lateness {
  readonly #late: { readonly atMs: number; readonly byMs: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor() {
    let lastMs = performance.now()
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      this.#late.push({ atMs: nowMs, byMs: nowMs - lastMs - EVERY_MS })
      lastMs = nowMs
    }, EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The sum of what was late between two moments; a timer is late for each turn that held it up. */
  between(fromMs: number, toMs: number): number {
    return this.#late
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs + EVERY_MS)
      .reduce((sum, { byMs }) => sum + Math.max(0, byMs), 0)
  }
}
