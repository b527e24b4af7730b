import mysql from 'mysql2'
import type { Command, ConnectionConfig, ResultCallback } from '../contract/mysql2.js'

/** mysql2's typings leave `createQuery` loose. */
const createQuery = (
  mysql as unknown as {
    createQuery(sql: unknown, values: unknown, callback: unknown, config: ConnectionConfig): Command
  }
).createQuery

/** The class of mysql2's own commands: one that is handed in is a request like any other. */
const Query = createQuery('', undefined, undefined, {} as ConnectionConfig).constructor

/** Whether it is one of mysql2's own commands. It has a `then`, which throws. */
export function isCommand(sql: unknown): sql is Command & { readonly _queryOptions: object } {
  return sql !== null && typeof sql === 'object' && sql.constructor === Query
}

/** What was asked for: of a command of mysql2's own, which may be started once, the request that it was made of. */
export function requestOf(sql: unknown): unknown {
  return isCommand(sql) ? { ...sql._queryOptions, sql: sql.sql, values: sql.values } : sql
}

/**
 * Makes the object that `query()` returns at once: mysql2's own command, which the caller may listen to and `stream()`. It is never
 * run; what runs are commands made from `given`.
 */
export function makeCommand(
  sql: unknown,
  values: unknown,
  callback: ResultCallback | undefined,
  config: ConnectionConfig,
): {
  readonly command: Command
  readonly given: { readonly sql: unknown; readonly values: unknown }
} {
  if (isCommand(sql)) return { command: sql, given: { sql: requestOf(sql), values: undefined } }
  const command = createQuery(sql, values, callback, config)
  if (command.namedPlaceholders === undefined) command.namedPlaceholders = config.namedPlaceholders
  return { command, given: { sql, values: typeof values === 'function' ? undefined : values } }
}
