import { monotonicMs } from '../io/clock.js'
import type { InstancePool } from './instance-pool.js'
import type { Work } from './work.js'

/** Measures how long instances take to answer reads; for `balance: 'fastest'` alone, since looking at the clock is not free. */
export class AnswerTimes {
  readonly #begun = new WeakMap<Work, number>()

  begin(work: Work): void {
    if (work.sqlClass.intent === 'read') this.#begun.set(work, monotonicMs())
  }

  end(work: Work, pool: InstancePool): void {
    const begunMs = this.#begun.get(work)
    if (begunMs === undefined) return
    this.#begun.delete(work)
    const nowMs = monotonicMs()
    pool.answerTime.note(nowMs - begunMs, nowMs)
  }
}
