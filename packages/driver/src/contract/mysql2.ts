/**
 * The few members of mysql2 that this library leans on, as plain interfaces.
 * mysql2's own typings describe its public surface; the hot path needs a little more (the command that runs, the flags of
 * the handshake), and says here what that is, so that a change in mysql2 shows in one place.
 */
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

/** What `query` and `execute` call back with. */
export type ResultCallback = (error: Error | null, rows?: unknown, fields?: unknown) => void

/** A mysql2 command: what `query()` returns, and what runs. */
export interface Command extends EventEmitter {
  sql: string
  values: unknown
  /** Set when the caller gave a callback; without one rows are emitted. */
  onResult: ResultCallback | undefined
  namedPlaceholders: boolean | undefined
  /** The state that the next packet goes to; null until mysql2 has begun to write the command. */
  readonly next: unknown
  readonly timeout: number | undefined
  /** The timer of mysql2's per-query `timeout`; null when it has fired or was never set. */
  readonly queryTimeout: unknown
  /** The connection it runs on; `stream()` pauses and resumes it. */
  _connection: unknown
  /** Set once a LOAD DATA LOCAL has been given its stream. */
  readonly _localStream: unknown
  /** One entry per answer begun. */
  readonly _rows: readonly unknown[]
}

/** What mysql2 speaks over: a socket, or what a `stream` function gives, which may be a channel of somebody else's (SSH). */
export interface Transport extends Duplex {
  readonly bytesRead: number
  readonly remoteAddress?: string | undefined
  unref?(): unknown
}

/** mysql2's ConnectionConfig: the options after it has filled in its own defaults. */
export interface ConnectionConfig {
  host: string
  port: number
  user: string | undefined
  password: string | undefined
  database: string | undefined
  /** Of the collation that the handshake asks for. */
  charsetNumber: number
  /** The capabilities that the handshake asks for. */
  clientFlags: number
  socketPath: string | undefined
  localAddress: string | undefined
  connectTimeout: number
  enableKeepAlive: boolean
  keepAliveInitialDelay: number | undefined
  namedPlaceholders: boolean
  queryFormat: unknown
  trace: boolean
  gracefulEnd: boolean
  connectAttributes: Record<string, string>
  stream: Duplex | ((options: unknown) => Duplex) | undefined
  pool: unknown
}

/** mysql2's PoolConfig. */
export interface PoolConfig {
  connectionConfig: ConnectionConfig
  waitForConnections: boolean
  connectionLimit: number
  maxIdle: number
  idleTimeout: number
  queueLimit: number
  resetOnRelease: boolean
}

/** A physical mysql2 connection in the callback API. */
export interface CoreConnection extends EventEmitter {
  readonly config: ConnectionConfig
  readonly threadId: number | null
  readonly stream: Transport
  readonly _handshakePacket: { readonly statusFlags?: number } | null
  readonly _fatalError: Error | null
  readonly _protocolError: Error | null
  readonly _closing: boolean | undefined
  /** The command now on the wire. */
  readonly _command: unknown
  /** Those that wait behind it. */
  readonly _commands: { toArray(): Command[] }
  connect(callback: (error: Error | null) => void): void
  query(sql: unknown, values?: unknown, callback?: ResultCallback): Command
  execute(sql: unknown, values?: unknown, callback?: ResultCallback): Command
  prepare(
    sql: unknown,
    callback: (error: Error | null, statement?: PreparedHandle) => void,
  ): unknown
  ping(callback: (error: Error | null) => void): unknown
  reset?(callback: (error: Error | null) => void): unknown
  changeUser(options: unknown, callback: (error: Error | null) => void): unknown
  unprepare(sql: unknown): unknown
  pause(): void
  resume(): void
  /** PoolConnection's way to close for real; `end()` there means release. */
  _realEnd(callback?: (error?: Error | null) => void): unknown
  destroy(): void
}

/** mysql2's PrepareStatementInfo: a statement prepared on one physical connection. */
export interface PreparedHandle {
  readonly id: number
  readonly query: string
  readonly columns: unknown
  readonly parameters: unknown
  /** Read by the promise API for its `trace` option. */
  readonly _connection: unknown
  execute(values: unknown, callback?: ResultCallback): Command
  close(): unknown
}

/** What an OK packet becomes: the only place where MySQL reports the session's status flags to us. */
export interface OkResult {
  readonly serverStatus?: number
  readonly affectedRows?: number
}

/** `SERVER_STATUS_IN_TRANS` (MySQL internals manual, status flags). */
export const STATUS_IN_TRANSACTION = 0x0001
/** `SERVER_STATUS_AUTOCOMMIT`. */
export const STATUS_AUTOCOMMIT = 0x0002
