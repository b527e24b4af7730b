import { monotonicMs } from '../io/clock.js'
import { aroundMs } from '../policy/backoff.js'

/** A fleet that lost the same writer at the same moment spreads its questions over most of the interval. */
const SPREAD = 1 / 3
/** Of the interval, so that with the question at the beginning there are ten in the first second, not eleven. */
const MEAN = 1.05
/** When nobody answered for long, questions slow down by this factor, to this interval. */
const SLOW_DOWN = 1.5
const SLOWEST_MS = 1_000

/** How fast an instance is asked while a writer is looked for. */
export class UrgentPace {
  readonly #intervalMs: number
  readonly #forMs: number
  #sinceMs = 0

  constructor(options: { readonly urgentIntervalMs: number; readonly urgentForMs: number }) {
    this.#intervalMs = options.urgentIntervalMs
    this.#forMs = options.urgentForMs
  }

  /** The writer is looked for from now on. */
  begin(): void {
    this.#sinceMs = monotonicMs()
  }

  /** It has been looked for at full pace for as long as that is done. */
  get isLong(): boolean {
    return monotonicMs() - this.#sinceMs >= this.#forMs
  }

  /** Until the next question, in milliseconds. */
  delayMs(): number {
    const beyondMs = monotonicMs() - this.#sinceMs - this.#forMs
    const slowedMs =
      beyondMs <= 0 ? this.#intervalMs : this.#intervalMs * SLOW_DOWN ** (beyondMs / SLOWEST_MS)
    const meanMs = MEAN * Math.min(slowedMs, Math.max(SLOWEST_MS, this.#intervalMs))
    return aroundMs(meanMs, SPREAD, Math.random)
  }
}
