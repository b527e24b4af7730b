import { MAX_TIMER_MS } from '../contract/checks.js'
import { monotonicMs } from '../io/clock.js'

/** Questions come up to this share of the interval later, so that a fleet does not ask in step. */
const SPREAD = 0.2
/** Until an instance has answered under its own endpoint, questions are this far apart. */
const SETTLING_INTERVAL_MS = 200
/** While reads limit the lag: a reader that falls behind is passed over within a second, the spread and the answer included. */
const LAG_INTERVAL_MS = 700

/** How far apart questions are while all is well. */
export class CalmPace {
  readonly #refreshIntervalMs: number
  #lagMatteredMs = Number.NEGATIVE_INFINITY

  constructor(refreshIntervalMs: number) {
    this.#refreshIntervalMs = refreshIntervalMs
  }

  /** A read was placed, at `nowMs`, whose reader must not lag too much. Tells whether that is new: then the next question is due sooner. */
  watchLag(nowMs: number): boolean {
    const isNew = nowMs - this.#lagMatteredMs > this.#refreshIntervalMs
    this.#lagMatteredMs = nowMs
    return isNew
  }

  /** How long until the next question. */
  delayMs(hasReachedInstance: boolean): number {
    const intervalMs = this.#intervalMs(hasReachedInstance)
    return Math.min(MAX_TIMER_MS, intervalMs * (1 + SPREAD * Math.random()))
  }

  #intervalMs(hasReachedInstance: boolean): number {
    const refreshMs = this.#refreshIntervalMs
    if (!hasReachedInstance) return Math.min(refreshMs, SETTLING_INTERVAL_MS)
    const doesLagMatter = monotonicMs() - this.#lagMatteredMs <= refreshMs
    return doesLagMatter ? Math.min(refreshMs, LAG_INTERVAL_MS) : refreshMs
  }
}
