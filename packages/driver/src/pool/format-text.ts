import mysql from 'mysql2'
import type { Command, ConnectionConfig } from '../contract/mysql2.js'

/** mysql2's connection, as far as its `format` looks at it. */
const { prototype } = mysql.Connection as unknown as {
  readonly prototype: {
    format(sql: string, values: unknown, namedPlaceholders: boolean | undefined): string
    _resolveNamedPlaceholders(request: Pick<Command, 'sql' | 'values' | 'namedPlaceholders'>): void
  }
}

/** The text of a command with its values in it, as mysql2 shows it from the call on. What cannot be formatted fails when it runs. */
export function formatText(
  { sql, values, namedPlaceholders }: Command,
  config: ConnectionConfig,
): string {
  // The application's own function is called once, by the connection on which it runs.
  if (values === undefined || typeof config.queryFormat === 'function') return sql
  const connection: typeof prototype = Object.create(prototype, { config: { value: config } })
  try {
    // As its `query` does: older versions look for names in `format` only where the whole connection has them.
    const request = { sql, values, namedPlaceholders }
    connection._resolveNamedPlaceholders(request)
    return connection.format(request.sql, request.values, namedPlaceholders)
  } catch {
    return sql
  }
}
