/** What is known of a statement that failed: the one property, `aurora`, that this library adds to mysql2's errors. */
export interface ErrorDetail {
  /** What kind of failure it was. */
  readonly kind:
    | 'lost'
    | 'refused'
    | 'overloaded'
    | 'stopping'
    | 'restarted'
    | 'rolled-back'
    | 'denied'
    | 'timeout'
    | 'stale-handle'
    | 'unusable'
    | 'ordinary'
  /**
   * `'unknown'`: the statement may or may not have taken effect; look before running it again.
   * `'rolled-back'`: the transaction has not been applied; it is safe to run the whole of it again.
   * Absent: the statement did not take effect.
   */
  readonly outcome?: 'unknown' | 'rolled-back'
  /** The id of the instance that it ran on last, when it reached one. */
  readonly instance?: string
  /** How often it was begun on a connection. */
  readonly attempts: number
  /** How long it waited for a writer or a reader, in milliseconds. */
  readonly waitedMs: number
}

/** Adds what is known to an error that goes to the caller. An error that cannot be extended is left as it is. */
export function describeFailure<E>(error: E, detail: ErrorDetail): E {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, 'aurora', {
      value: Object.freeze(detail),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return error
}
