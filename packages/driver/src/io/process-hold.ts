/** Long enough to be no load, short enough for a timer. */
const BEAT_MS = 1 << 30

/**
 * Keeps the process alive while somebody waits for an answer, and only then.
 * All sockets of a pool are unreferenced, so that an idle pool never holds a process; unreferenced sockets alone would let
 * Node exit in the middle of an `await`.
 */
export class ProcessHold {
  #holders = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** One more is waiting. */
  enter(): void {
    if (this.#holders++ > 0 || this.#isClosed) return
    if (this.#timer === undefined) this.#timer = setInterval(() => {}, BEAT_MS)
    else this.#timer.ref()
  }

  /** One less is waiting. */
  leave(): void {
    if (--this.#holders === 0) this.#timer?.unref()
  }

  /** Frees the timer, whoever still waits; nothing is held any more. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
