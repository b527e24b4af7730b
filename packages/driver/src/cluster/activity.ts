import { ProcessHold } from '../io/process-hold.js'

/** How much work is under way. While there is any the process is held: sockets and timers alone would let it exit in the middle. */
export class Activity {
  readonly #hold = new ProcessHold()
  readonly #onIdle: (() => void)[] = []
  #count = 0

  /** Work that has been taken and has not ended, whether it runs or waits. */
  get count(): number {
    return this.#count
  }

  enter(): void {
    if (this.#count++ === 0) this.#hold.enter()
  }

  leave(): void {
    if (--this.#count > 0) return
    this.#hold.leave()
    if (this.#onIdle.length > 0) for (const tell of this.#onIdle.splice(0)) tell()
  }

  /** Resolves when nothing runs or waits any more. */
  whenIdle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Holds the process until this is answered; it counts as no work. */
  async holding<T>(answer: Promise<T>): Promise<T> {
    this.#hold.enter()
    try {
      return await answer
    } finally {
      this.#hold.leave()
    }
  }

  close(): void {
    this.#hold.close()
  }
}
