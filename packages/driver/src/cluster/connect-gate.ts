import { monotonicMs } from '../io/clock.js'
import { fullJitterMs } from '../policy/backoff.js'

/** How long nothing is tried after the instance has said that it takes no more connections; full jitter, doubling. */
const OVERLOAD_BASE_MS = 50
const OVERLOAD_CAP_MS = 1_000

/**
 * How many connects to one instance may be under way, and when the next may begin: an instance that restarts, or that takes no more
 * connections, must not be met by a herd. It opens with each success.
 */
export class ConnectGate {
  #most = Number.POSITIVE_INFINITY
  #refusals = 0
  #closedUntilMs = 0
  #timer: NodeJS.Timeout | undefined

  /** At most so many at once from now on; one more with each success. */
  narrow(most: number): void {
    this.#most = most
  }

  /** One more may begin now. While that is only a matter of time, `later` is called when it has passed. */
  admits(underWay: number, later: () => void): boolean {
    if (underWay >= this.#most) return false
    const waitMs = this.#closedUntilMs - monotonicMs()
    if (waitMs <= 0) return true
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      later()
    }, waitMs).unref()
    return false
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

  close(): void {
    clearTimeout(this.#timer)
  }
}
