/**
 * What is published on the tracing channel `aurora-mysql2:statement` (`diagnostics_channel.tracingChannel`): one object for each
 * statement, the same in all of its events, so that a subscriber may keep its span under it. Neither SQL nor values are in it.
 */
export interface StatementTrace {
  readonly method: 'query' | 'execute'
  /** How its text was understood; `'session'`: it sets or asks about something of its connection. */
  readonly intent: 'read' | 'write' | 'session'
  /** The instance that it ran on last. From here on known when it has ended. */
  instance?: string
  /** How often it was begun on a connection. */
  attempts?: number
  /** How long it waited for a writer, a reader or a connection, in milliseconds. */
  waitedMs?: number
  /** What its caller got, where it failed. */
  error?: unknown
}
