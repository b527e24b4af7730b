/** What a new measurement counts for. */
const WEIGHT = 0.1
/** Without measurements what is remembered loses half of it in so long: one that was slow once is tried again. */
const HALF_LIFE_MS = 1_000

/** An exponentially weighted mean of times, in milliseconds. */
export class SmoothedTime {
  #meanMs: number | undefined
  #notedMs = 0

  note(tookMs: number, nowMs: number): void {
    const known = this.at(nowMs)
    this.#meanMs = known === undefined ? tookMs : known + WEIGHT * (tookMs - known)
    this.#notedMs = nowMs
  }

  /** What is to be expected now; undefined while nothing was measured. */
  at(nowMs: number): number | undefined {
    if (this.#meanMs === undefined) return undefined
    return this.#meanMs * 0.5 ** ((nowMs - this.#notedMs) / HALF_LIFE_MS)
  }
}
