import type { Duplex } from 'node:stream'

/**
 * The statements with which the front-end moves a live session between the roles of an instance, sent
 * as ordinary queries between two commands of the client; every storage must understand them.
 * A session in a read-only transaction refuses every change with error 1792, definer's rights or not.
 * `SET ROLE` gives a session of the reader's user the rights of the application's user, and takes them back.
 */
export const roleStatements = {
  readOnly: 'SET SESSION TRANSACTION READ ONLY',
  readWrite: 'SET SESSION TRANSACTION READ WRITE',
  gainRights: 'SET ROLE aurora_writer',
  loseRights: 'SET ROLE NONE',
  dropNamedLocks: 'DO RELEASE_ALL_LOCKS()',
} as const

/** What a session may do: readers log in as a user without write rights, as the front-end decides. */
export interface StorageAccounts {
  /** The user that applications name; has every right on `database`. */
  readonly user: string
  /** The user that the front-end puts in its place on readers: may read `database`, never change it. */
  readonly readerUser: string
  /** Both users' password. */
  readonly password: string
  /** The one schema that applications use; made at start. */
  readonly database: string
}

/**
 * The volume that all instances of a simulated cluster share, as Aurora's storage volume is shared.
 * A storage speaks the server side of the MySQL protocol; who may talk to it, and what is broken on the way,
 * is the front-end's affair.
 */
export interface Storage {
  readonly kind: 'mysqld' | 'embedded'
  readonly accounts: StorageAccounts
  /**
   * Opens one server-side session. The stream greets first, as a MySQL server does, and carries plain
   * (uncompressed, not encrypted) packets from then on.
   */
  connect(): Duplex
  /** Runs SQL as an administrator, past every instance and every fault: for set-up and for ledgers. */
  query(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Ends every session and frees everything, files included. Safe to call twice. */
  close(): Promise<void>
}
