import type { ErrorKind } from './classify-error.js'
import type { Outcome } from './decide-retry.js'

/** What ended an attempt at a transaction: what the error means, and what it says of the transaction. */
export interface TransactionFailure {
  readonly kind: ErrorKind
  /** `rolled-back`: certainly not committed; `unknown`: perhaps; undefined: the application's own affair. */
  readonly outcome: Outcome | undefined
}

/** One attempt that failed. */
export interface FailedTransaction extends TransactionFailure {
  /** 1 for the first. */
  readonly attempt: number
  readonly maxAttempts: number
  /** It was asked to run where nothing can be written: a refusal is the application's mistake. */
  readonly isOnReader: boolean
  /** A token tells whether it was committed. */
  readonly hasToken: boolean
}

/** `find-out`: look for the token, whatever the number of attempts; then run again or be done. */
export type TransactionDecision = 'run-again' | 'find-out' | 'surface'

/** Whether the whole of a transaction runs again. Never after an unknown COMMIT, unless a token can tell. */
export function decideTransaction(failed: FailedTransaction): TransactionDecision {
  const { outcome, kind } = failed
  if (outcome === 'unknown') return failed.hasToken ? 'find-out' : 'surface'
  if (outcome !== 'rolled-back' || failed.attempt >= failed.maxAttempts) return 'surface'
  return kind === 'refused' && failed.isOnReader ? 'surface' : 'run-again'
}

/** How far the causes of an error are looked through: applications and query builders wrap what they catch. */
const DEPTH = 8

/** Whether an error is another one, or was made of it: by its causes, or by the number that wrappers copy. */
export function isMadeOf(error: unknown, origin: unknown): boolean {
  const errno = (origin as { errno?: unknown } | null | undefined)?.errno
  let each = error
  for (let depth = 0; depth < DEPTH && typeof each === 'object' && each !== null; depth++) {
    if (each === origin) return true
    if (errno !== undefined && (each as { errno?: unknown }).errno === errno) return true
    each = (each as { cause?: unknown }).cause
  }
  return false
}
