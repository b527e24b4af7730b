import { copyOf } from '../contract/copy-error.js'
import { codeOf } from '../contract/error-code.js'
import { AuroraError } from '../contract/errors.js'
import type { Emit } from '../contract/events.js'
import type { ResolvedOptions } from '../contract/options.js'
import { Fifo } from './fifo.js'
import type { InstancePool } from './instance-pool.js'
import { abortedError, startWaiting, stopWaiting } from './wait.js'
import type { Work } from './work.js'

export interface WaitingRoomSetup {
  readonly options: ResolvedOptions
  readonly emit: Emit
  /** Why there is nobody to serve whoever has not failed itself: what began the episode. */
  reason(): unknown
  /** Nobody is left that could serve, but instances that deny us: an error for whoever waits; undefined: there is hope. */
  denial(): unknown
  /** Who refused us last, of those that could serve. */
  lastRefusal(): { readonly id: string; readonly error: unknown } | undefined
  /** The instance that may serve it now; undefined: none, it waits on. */
  place(work: Work): InstancePool | undefined
  lend(work: Work, pool: InstancePool): void
  /** The wait is over without an instance. */
  giveUp(work: Work, error: Error): void
}

/**
 * Where statements wait for an instance that may serve them, in order of arrival. They are woken by the event that makes it
 * possible, never by a timer; a timer only ends a wait.
 */
export class WaitingRoom {
  readonly #setup: WaitingRoomSetup
  readonly #queue = new Fifo<Work>()
  #isClosed = false

  constructor(setup: WaitingRoomSetup) {
    this.#setup = setup
  }

  get length(): number {
    return this.#queue.length
  }

  /**
   * Lets `work` wait. It is failed at once when the room is full or closed, when its time is over already, or when its signal has
   * been given.
   */
  enter(work: Work): void {
    const { options, emit, giveUp } = this.#setup
    if (this.#isClosed) return giveUp(work, closedError())
    if (this.#queue.length >= options.maxWaiting) {
      const message = `${options.maxWaiting} statements wait already (aurora.maxWaiting)`
      return giveUp(work, new AuroraError('ERR_AURORA_QUEUE_FULL', message, this.#causeOf(work)))
    }
    const limitMs = work.options?.waitMs ?? options.failoverTimeoutMs
    if (work.waitedMs >= limitMs) return giveUp(work, this.#tooLate(work))
    if (work.options?.signal?.aborted) return giveUp(work, abortedError(work))
    const denial = this.#setup.denial()
    if (denial !== undefined) return giveUp(work, copyOf(denial) as Error)
    startWaiting(work, limitMs, (why) => {
      if (!this.#queue.remove(work)) return
      giveUp(work, why === 'late' ? this.#tooLate(work) : abortedError(work))
    })
    this.#queue.push(work)
    emit('statementWaiting', { role: work.askedAs, waiting: this.#queue.length })
  }

  /** Starts, in order and in this turn, everything that an instance may serve now. Returns how many. */
  wake(): number {
    let woken = 0
    // Only those that wait now: one that comes back meanwhile has its turn with the next event.
    for (let left = this.#queue.length; left > 0; left--) {
      const work = this.#queue.shift()
      if (work === undefined) break
      const pool = this.#setup.place(work)
      if (pool === undefined) {
        this.#queue.push(work)
        continue
      }
      stopWaiting(work)
      woken++
      this.#setup.lend(work, pool)
    }
    return woken
  }

  /** There is nobody left to wait for: whoever waits gets the reason. */
  refuse(): void {
    this.#failAll(() => copyOf(this.#setup.denial()) as Error)
  }

  /** The pool is being ended: nobody waits any more, now or later. */
  close(): void {
    this.#isClosed = true
    this.#failAll(closedError)
  }

  /** Takes out work that does not want to wait any more. */
  leave(work: Work): boolean {
    if (!this.#queue.remove(work)) return false
    stopWaiting(work)
    return true
  }

  #failAll(makeError: () => Error): void {
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift()) {
      stopWaiting(work)
      this.#setup.giveUp(work, makeError())
    }
  }

  /** The first error is kept as the cause, never hidden behind the last. */
  #causeOf(work: Work): { cause?: unknown } {
    const cause = work.firstError ?? this.#setup.lastRefusal()?.error ?? this.#setup.reason()
    return cause === undefined ? {} : { cause }
  }

  #tooLate(work: Work): AuroraError {
    const option =
      work.options?.waitMs === undefined
        ? 'aurora.failoverTimeoutMs'
        : "the statement's aurora.waitMs"
    const waitedMs = Math.round(work.waitedMs)
    const { id, error } = this.#setup.lastRefusal() ?? {}
    const refusal = id === undefined ? '' : `; ${id} refuses us (${codeOf(error) ?? 'see cause'})`
    return work.askedAs === 'writer'
      ? new AuroraError(
          'ERR_AURORA_NO_WRITER',
          `No instance confirmed itself as the writer within ${waitedMs} ms (${option})${refusal}`,
          this.#causeOf(work),
        )
      : new AuroraError(
          'ERR_AURORA_NO_READER',
          `No instance could serve the read within ${waitedMs} ms (${option})${refusal}`,
          this.#causeOf(work),
        )
  }
}

function closedError(): Error {
  return new Error('Pool is closed.')
}
