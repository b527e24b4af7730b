import type { AuroraPool } from 'aurora-mysql2'
import { eventually } from '../../packages/driver/test/simulation.js'

const EVERY_MS = 5
/** A timer that is later than this says that the process stood still. */
const STALL_MS = 10

/** When statements of a pool began on one instance, and when this process stood still meanwhile. */
export class Traffic {
  readonly #begunAtMs: number[] = []
  readonly #late: { readonly atMs: number; readonly byMs: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor(pool: AuroraPool, id: string) {
    const count = () =>
      pool.aurora.stats().instances.find((instance) => instance.id === id)?.statements ?? 0
    let last = count()
    let lastMs = performance.now()
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      const byMs = nowMs - lastMs - EVERY_MS
      if (byMs > STALL_MS) this.#late.push({ atMs: nowMs, byMs })
      lastMs = nowMs
      // A pool that was made anew begins at nought.
      const now = count()
      if (now > last) this.#begunAtMs.push(nowMs)
      last = now
    }, EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** How long after `sinceMs` the last statement began there, not counting the time in which this process stood still. */
  lastAfter(sinceMs: number): number {
    return this.#withoutLateness(sinceMs, this.#begunAtMs.at(-1) ?? sinceMs)
  }

  /** Lets so much time pass since `sinceMs`, not counting the time in which this process stood still. */
  async until(sinceMs: number, ms: number): Promise<void> {
    await eventually('the time has passed', () => {
      return this.#withoutLateness(sinceMs, performance.now()) > ms
    })
  }

  /** Waits for a statement that begins there, and tells how long after `sinceMs` that was. */
  async firstAfter(sinceMs: number): Promise<number> {
    const first = () => this.#begunAtMs.find((atMs) => atMs > sinceMs)
    await eventually('it has traffic again', () => first() !== undefined)
    return this.#withoutLateness(sinceMs, first() ?? sinceMs)
  }

  #withoutLateness(fromMs: number, toMs: number): number {
    const lateMs = this.#late
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs + EVERY_MS)
      .reduce((sum, { byMs }) => sum + byMs, 0)
    return Math.max(0, toMs - fromMs - lateMs)
  }
}
