/** What one statement may ask for: `query({ sql, values, aurora: { … } })`. */
export interface StatementOptions {
  /** Where it goes, whatever its text says. `'reader'` for a statement that writes is refused by the server, not by us. */
  readonly role?: 'reader' | 'writer'
  /** Only a reader whose lag is at most this, in milliseconds. @default the pool's `maxLagMs` */
  readonly maxLagMs?: number
  /** The caller says that running it twice does no harm: it is run again when its outcome cannot be known. @default false */
  readonly idempotent?: boolean
  /** How long it may wait for an instance, in milliseconds. @default the pool's `failoverTimeoutMs` */
  readonly waitMs?: number
  /** Ends the wait when aborted. A statement that has been sent is not stopped by it. */
  readonly signal?: AbortSignal
}

declare module 'mysql2' {
  interface QueryOptions {
    /** What this statement asks of an Aurora pool; see `StatementOptions`. */
    aurora?: StatementOptions
  }
}
