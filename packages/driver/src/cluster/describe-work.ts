import { describeFailure, type ErrorDetail } from '../contract/error-detail.js'
import type { Failure } from './recovery.js'
import type { Work } from './work.js'

/** Adds to the error that a caller gets what is known of its statement. */
export function describeWork(
  work: Work,
  { error, kind, pool }: Failure,
  outcome: ErrorDetail['outcome'] | undefined,
): void {
  describeFailure(error, {
    kind,
    ...(outcome === undefined ? {} : { outcome }),
    ...(pool === undefined ? {} : { instance: pool.id }),
    attempts: work.attempts,
    waitedMs: Math.round(work.waitedMs + work.queuedMs),
  })
}
