import { monotonicMs } from '../io/clock.js'
import type { Topology } from '../model/topology.js'

/** Fresh reports asked for by writes are at least so far apart. */
const FRESHEN_APART_MS = 200
/** What a row's lag is padded by before it proves anything. */
const LAG_PADDING_MS = 30
/** How old the youngest row of a reader may be when it is read, until answers have shown it. */
const ROW_AGE_MS = 100
/**
 * Readers report at intervals, so that answers find rows of any age up to one interval. Most of the last answers found younger
 * ones than is reckoned with, and a little is added: a question that comes too early proves nothing, and the next is far off.
 */
const ANSWERS_TO_LEARN_FROM = 32
const ENOUGH_ANSWERS = 12
const OF_THEM = 0.85
const NOT_TOO_EARLY = 1.1
const ROW_AGE_MOST_MS = 2_000

export interface FreshenerSetup {
  topology(): Topology | undefined
  /** Asks for a report now; where that is not wanted (an episode), nothing happens. */
  ask(): void
}

/**
 * While reads are held on the writer until a reader is known to have what was written, asks for a report as soon as one can prove
 * that: so that reads are held for the real lag, not for the refresh interval.
 */
export class Freshener {
  readonly #setup: FreshenerSetup
  #askedMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #agesMs: readonly number[] = []

  constructor(setup: FreshenerSetup) {
    this.#setup = setup
  }

  /** Reads are being held because of what was written up to `sinceMs`. */
  freshen(sinceMs: number): void {
    if (this.#timer !== undefined) return
    const provableMs = sinceMs + this.#proofTakesMs()
    const dueMs = Math.max(provableMs, this.#askedMs + FRESHEN_APART_MS) - monotonicMs()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#askedMs = monotonicMs()
        this.#setup.ask()
      },
      Math.max(0, dueMs),
    )
    this.#timer.unref()
  }

  /** A report has come: how old was the youngest row of a reader? */
  learn(topology: Topology): void {
    const youngestMs = Math.min(
      ...topology.readers.map(({ ageMs }) => ageMs ?? Number.POSITIVE_INFINITY),
    )
    if (youngestMs <= ROW_AGE_MOST_MS)
      this.#agesMs = [...this.#agesMs, youngestMs].slice(-ANSWERS_TO_LEARN_FROM)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** How long after a write the least lagging reader's row can show that it has passed it. */
  #proofTakesMs(): number {
    const lags = this.#setup.topology()?.readers.map(({ lagMs }) => lagMs ?? 0) ?? []
    if (lags.length === 0) return 0
    return Math.min(...lags) + LAG_PADDING_MS + this.#rowAgeMs() * NOT_TOO_EARLY
  }

  #rowAgeMs(): number {
    const { length } = this.#agesMs
    if (length < ENOUGH_ANSWERS) return ROW_AGE_MS
    const ascending = [...this.#agesMs].sort((one, other) => one - other)
    return ascending[Math.floor((length - 1) * OF_THEM)] ?? ROW_AGE_MS
  }
}
