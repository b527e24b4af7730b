import { AuroraError } from '../contract/errors.js'
import { monotonicMs } from '../io/clock.js'
import { PatientTimer } from './patient-timer.js'
import type { Work } from './work.js'

/**
 * Begins, or goes on with, a wait for an instance or a connection: it ends after `limitMs` in all, earlier waits of the same work
 * included, or when the caller's signal is given.
 *
 * @param isOver called once, when the wait has ended without success; not when `stopWaiting` came first
 */
export function startWaiting(
  work: Work,
  limitMs: number,
  isOver: (why: 'late' | 'aborted') => void,
): void {
  stopWaiting(work)
  const { signal } = work.options ?? {}
  work.waitingSinceMs = monotonicMs()
  const end = (why: 'late' | 'aborted') => (): void => {
    stopWaiting(work)
    isOver(why)
  }
  if (Number.isFinite(limitMs)) {
    work.timer = new PatientTimer(Math.max(0, limitMs - work.waitedMs), end('late'))
  }
  if (signal === undefined) return
  work.onAbort = end('aborted')
  signal.addEventListener('abort', work.onAbort, { once: true })
}

/** Lets the caller of `work`, by `waitMs` or `signal`, end whatever it waits for. */
export function limitWait(work: Work, giveUp: (error: AuroraError) => void): void {
  const { waitMs, signal } = work.options ?? {}
  if (waitMs === undefined && signal === undefined) return
  startWaiting(work, waitMs ?? Number.POSITIVE_INFINITY, (why) => {
    giveUp(why === 'late' ? noConnectionError(work) : abortedError(work))
  })
}

/** The wait is over, for whatever reason: nothing of it is left. */
export function stopWaiting(work: Work): void {
  if (work.queuedSinceMs !== undefined) {
    work.queuedMs += monotonicMs() - work.queuedSinceMs
    work.queuedSinceMs = undefined
  }
  if (work.waitingSinceMs === undefined) return
  work.waitedMs += monotonicMs() - work.waitingSinceMs
  work.waitingSinceMs = undefined
  work.timer?.clear()
  work.timer = undefined
  if (work.onAbort !== undefined) work.options?.signal?.removeEventListener('abort', work.onAbort)
  work.onAbort = undefined
}

/** The error of work that its caller has given up before it began. What ends a transaction runs all the same: it frees the connection. */
export function abortionOf(work: Work): AuroraError | undefined {
  if (work.options?.signal?.aborted !== true) return undefined
  const { control } = work.sqlClass
  return control === 'commit' || control === 'rollback' ? undefined : abortedError(work)
}

/** The error of work whose signal has been given. */
export function abortedError(work: Work): AuroraError {
  const cause = work.options?.signal?.reason ?? work.firstError
  return new AuroraError('ERR_AURORA_ABORTED', 'The signal ended the wait for an instance', {
    cause,
  })
}

/** The error of a read that no instance may serve. */
export function noReaderError({ firstError }: Work): AuroraError {
  const cause = firstError === undefined ? {} : { cause: firstError }
  const message = "No reader can serve the read (aurora.noReader is 'fail')"
  return new AuroraError('ERR_AURORA_NO_READER', message, cause)
}

/** The error of work that was to run on an instance, and got no connection to it in time. */
function noConnectionError(work: Work): AuroraError {
  const cause = work.firstError === undefined ? {} : { cause: work.firstError }
  const message = `No connection became free within ${Math.round(work.waitedMs)} ms (the statement's aurora.waitMs)`
  return new AuroraError('ERR_AURORA_NO_CONNECTION', message, cause)
}

/** It got its connection, or will not have one. */
export function endOverload(work: Work): void {
  if (work.overloadTimer === undefined) return
  work.overloadTimer.clear()
  work.overloadTimer = undefined
  work.overloadedSinceMs = undefined
}
