import { monotonicMs } from '../io/clock.js'
import { fullJitterMs } from '../policy/backoff.js'

/** How long nothing is tried after the instance has said that it takes no more connections; full jitter, doubling. */
const OVERLOAD_BASE_MS = 50
const OVERLOAD_CAP_MS = 1_000

/** For so long no more than `maxConnecting` begin in any tenth of a second, however quick the instance answers the first of a fleet. */
const CAREFUL_FOR_MS = 1_000
const TENTH_MS = 100

/**
 * How many connects to one instance may be under way, and when the next may begin: an instance that restarts, or that takes no more
 * connections, must not be met by a herd. It opens with each success.
 */
export class ConnectGate {
  #most = Number.POSITIVE_INFINITY
  /** How many may begin in a tenth of a second, and until when that holds. */
  #mostPerTenth = Number.POSITIVE_INFINITY
  #carefulUntilMs = 0
  /** When those of the last tenth of a second began. */
  #begunMs: readonly number[] = []
  #refusals = 0
  #closedUntilMs = 0
  #timer: NodeJS.Timeout | undefined

  /** At most so many at once from now on, one more with each success; for a second no more than so many in any tenth of it. */
  narrow(most: number): void {
    this.#most = most
    this.#mostPerTenth = most
    this.#carefulUntilMs = monotonicMs() + CAREFUL_FOR_MS
  }

  /** Whether one more may begin now. While that is only a matter of time, `later` is called when it has passed. */
  isOpen(underWay: number, later?: () => void): boolean {
    if (underWay >= this.#most) return false
    const nowMs = monotonicMs()
    const waitMs = Math.max(this.#closedUntilMs - nowMs, this.#carefulMs(nowMs))
    if (waitMs <= 0) return true
    if (later === undefined) return false
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      later()
    }, waitMs).unref()
    return false
  }

  /** One more begins. */
  begin(): void {
    const nowMs = monotonicMs()
    if (nowMs < this.#carefulUntilMs) this.#begunMs = [...this.#begunMs, nowMs]
  }

  succeeded(): void {
    this.#refusals = 0
    // One more each: doubles with each round, and lets connections that are given back serve whoever waits first.
    this.#most += 1
  }

  /** "Too many connections": one at a time, and not at once. */
  overloaded(): void {
    this.#most = 1
    const pauseMs = fullJitterMs(this.#refusals++, OVERLOAD_BASE_MS, OVERLOAD_CAP_MS, Math.random)
    this.#closedUntilMs = Math.max(this.#closedUntilMs, monotonicMs() + pauseMs)
  }

  /** How long the next has to wait for those that have begun. */
  #carefulMs(nowMs: number): number {
    this.#begunMs = this.#begunMs.filter((ms) => nowMs - ms < TENTH_MS)
    const [oldestMs] = this.#begunMs
    const isFull = nowMs < this.#carefulUntilMs && this.#begunMs.length >= this.#mostPerTenth
    return isFull && oldestMs !== undefined ? oldestMs + TENTH_MS - nowMs : 0
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
