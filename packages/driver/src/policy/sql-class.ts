/**
 * What a statement needs: `read` may go to a reader; `write` goes to the writer; `session` goes
 * where the session is, since it asks about, or sets, something of that connection.
 */
export type Intent = 'read' | 'write' | 'session'

/**
 * What a statement does to the transaction. `commit` and `rollback` end it; with `AND CHAIN` they
 * begin another, so those are `begin`.
 */
export type Control =
  | 'none'
  | 'begin'
  | 'begin-read-only'
  | 'commit'
  | 'rollback'
  | 'set-transaction'
  | 'autocommit-on'
  | 'autocommit-off'
  | 'savepoint'

/** What a leading comment such as `aurora:writer` or `aurora:reader,idempotent` asks for. */
export interface StatementHint {
  readonly role: 'reader' | 'writer' | undefined
  readonly isIdempotent: boolean
}

/** What a text of SQL is, as far as it can be told without asking the server. */
export interface SqlClass {
  readonly intent: Intent
  /** Certainly free of effects on data: running it twice is running it once. Hints never change it. */
  readonly isRepeatable: boolean
  /** Leaves something on the connection that cannot be carried to another. */
  readonly pins: boolean
  /** `SET [SESSION] variable`, `SET NAMES`, `USE`: can be remembered and applied elsewhere. */
  readonly setsState: boolean
  readonly control: Control
  /** Certainly one statement. */
  readonly isSingle: boolean
  readonly isCall: boolean
  /** May end in a commit, by itself or implicitly. */
  readonly mayCommit: boolean
  readonly hint: StatementHint | undefined
  /** What is wrong with the hint, and what is expected. */
  readonly hintError: string | undefined
}
