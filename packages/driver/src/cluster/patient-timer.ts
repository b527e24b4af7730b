import { monotonicMs } from '../io/clock.js'

/** A timer that is so late tells that the process stood still: what was waited for had no chance to be noticed. */
const STALL_MS = 500

/** A timer for a wait. Time in which the process stood still (SIGSTOP, a paused machine) does not count, once. */
export class PatientTimer {
  #timer: NodeJS.Timeout

  constructor(ms: number, isOver: () => void) {
    const dueMs = monotonicMs() + ms
    this.#timer = setTimeout(() => {
      const lateMs = monotonicMs() - dueMs
      if (lateMs < STALL_MS) return isOver()
      this.#timer = setTimeout(isOver, Math.min(ms, lateMs)).unref()
    }, ms).unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
