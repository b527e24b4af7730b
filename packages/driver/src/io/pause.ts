import { monotonicMs } from './clock.js'

/** A wait that can be cut short. It does not hold the process. */
export class Pause {
  readonly over: Promise<void>
  #end: () => void = () => {}
  #endsMs: number
  #timer: NodeJS.Timeout

  constructor(ms: number) {
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#endsMs = monotonicMs() + ms
    this.#timer = setTimeout(this.#end, ms).unref()
  }

  /** Ends it after so long at the latest; never later than it would end anyway. */
  endWithin(ms: number): void {
    const endsMs = monotonicMs() + ms
    if (endsMs >= this.#endsMs) return
    this.#endsMs = endsMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#end, ms).unref()
  }
}
