/**
 * @typedef {object} Entry
 * @property {number} atMs
 * @property {number} order timers of one moment run in the order in which they were set
 * @property {() => void} run
 * @property {boolean} isCleared
 */

/** The time of day when the clock begins. */
const EPOCH_MS = Date.UTC(2025, 0, 1)

/**
 * A clock that stands still until it is told to go on, in the place of the process's timers, `performance.now()` and `Date.now()`: whatever is
 * measured on it does not depend on the machine. Install it before anything that reads the clock is loaded.
 */
export class VirtualClock {
  nowMs = 0
  /** A binary heap, the next one first. @type {Entry[]} */
  #heap = []
  #order = 0

  install() {
    performance.now = () => this.nowMs
    Date.now = () => EPOCH_MS + this.nowMs
    const set = (/** @type {boolean} */ repeats) => {
      return (/** @type {(...args: any[]) => void} */ act, ms = 0, /** @type {any[]} */ ...args) =>
        new VirtualTimer(this, () => act(...args), Math.max(1, Number(ms) || 0), repeats)
    }
    const clear = (/** @type {unknown} */ timer) => {
      if (timer instanceof VirtualTimer) timer.clear()
    }
    Object.assign(globalThis, {
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear,
      clearInterval: clear,
    })
  }

  /**
   * @param {number} inMs
   * @param {() => void} run
   * @returns {Entry}
   */
  schedule(inMs, run) {
    this.#order += 1
    const entry = { atMs: this.nowMs + inMs, order: this.#order, run, isCleared: false }
    this.#push(entry)
    return entry
  }

  /**
   * Lets time pass until that moment. What a timer sets off has come to rest before the next timer runs.
   *
   * @param {number} untilMs
   */
  async runUntil(untilMs) {
    for (
      let next = this.#heap[0];
      next !== undefined && next.atMs <= untilMs;
      next = this.#heap[0]
    ) {
      this.#pop()
      if (next.isCleared) continue
      this.nowMs = next.atMs
      next.run()
      const after = this.#heap[0]
      // Timers of one moment run together: what they set off is waited for once.
      if (after === undefined || after.atMs > this.nowMs) await new Promise(setImmediate)
    }
    this.nowMs = untilMs
  }

  /** @param {Entry} entry */
  #push(entry) {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent])) break
      heap[at] = /** @type {Entry} */ (heap[parent])
      at = parent
    }
    heap[at] = entry
  }

  #pop() {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1
      if (!isBefore(heap[child], last)) break
      heap[at] = /** @type {Entry} */ (heap[child])
      at = child
    }
    heap[at] = last
  }
}

/** What `setTimeout` and `setInterval` return on this clock. */
class VirtualTimer {
  #clock
  #act
  #ms
  #repeats
  /** @type {Entry} */
  #entry

  /**
   * @param {VirtualClock} clock
   * @param {() => void} act
   * @param {number} ms
   * @param {boolean} repeats
   */
  constructor(clock, act, ms, repeats) {
    this.#clock = clock
    this.#act = act
    this.#ms = ms
    this.#repeats = repeats
    this.#entry = clock.schedule(ms, () => this.#run())
  }

  clear() {
    this.#entry.isCleared = true
  }

  refresh() {
    this.clear()
    this.#entry = this.#clock.schedule(this.#ms, () => this.#run())
    return this
  }

  ref() {
    return this
  }

  unref() {
    return this
  }

  hasRef() {
    return false
  }

  #run() {
    if (this.#repeats) this.#entry = this.#clock.schedule(this.#ms, () => this.#run())
    this.#act()
  }
}

/**
 * @param {Entry | undefined} left
 * @param {Entry | undefined} right
 */
function isBefore(left, right) {
  if (left === undefined || right === undefined) return false
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
}
