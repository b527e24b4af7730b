import { monotonicMs } from '../io/clock.js'
import { classifyError, isAnswer } from '../policy/classify-error.js'

/** An instance that refuses us is asked again after so long, then doubling: a wrong password locks accounts, and fleets add up. */
const AGAIN_AFTER_MS = 1_000
const AGAIN_AFTER_MOST_MS = 30_000

interface Refusal {
  readonly error: unknown
  readonly times: number
  readonly notBeforeMs: number
}

/**
 * Instances that answer and do not let us in: a password, a certificate, a privilege. Asking faster does not help, and whoever waits
 * should hear of it.
 */
export class Refusals {
  readonly #byId = new Map<string, Refusal>()

  /** A question to the instance failed. Being down, going down or full is no refusal. */
  note(id: string, error: unknown): void {
    const kind = classifyError(error)
    switch (kind) {
      case 'lost':
      case 'stopping':
      case 'restarted':
      case 'overloaded':
        this.#byId.delete(id)
        return
      default: {
        const times = (this.#byId.get(id)?.times ?? 0) + 1
        // A password that cannot be had (a function that throws) keeps us from asking at all: that locks nothing, and may pass at once.
        const hasAsked = kind !== 'ordinary' || isAnswer(error)
        const mostMs = hasAsked ? AGAIN_AFTER_MOST_MS : AGAIN_AFTER_MS
        const pauseMs = Math.min(mostMs, AGAIN_AFTER_MS * 2 ** (times - 1))
        // Not in step with the rest of a fleet.
        const notBeforeMs = monotonicMs() + pauseMs * (0.5 + Math.random())
        this.#byId.set(id, { error, times, notBeforeMs })
      }
    }
  }

  clear(id: string): void {
    this.#byId.delete(id)
  }

  /** How long it is to be left alone, in milliseconds. */
  pauseMs(id: string): number {
    const { notBeforeMs } = this.#byId.get(id) ?? {}
    return notBeforeMs === undefined ? 0 : Math.max(0, notBeforeMs - monotonicMs())
  }

  /** The last refusal of any of these, for whoever waits in vain. */
  lastOf(ids: readonly string[]): { readonly id: string; readonly error: unknown } | undefined {
    const refusing = ids.flatMap((id) => {
      const refusal = this.#byId.get(id)
      return refusal === undefined ? [] : [{ id, ...refusal }]
    })
    return refusing.sort((one, other) => other.notBeforeMs - one.notBeforeMs)[0]
  }

  /** Nobody is left but instances that deny us: the error of one of them. */
  denialOf(ids: readonly string[]): unknown {
    const denials = ids.map((id) => this.#byId.get(id)?.error)
    const areAll = denials.length > 0 && denials.every((error) => classifyError(error) === 'denied')
    return areAll ? denials[0] : undefined
  }
}
