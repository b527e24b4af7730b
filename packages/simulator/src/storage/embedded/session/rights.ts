import type { Statement, TableName } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'

/** The right that a statement needs beyond reading, and the table that it needs it for. */
function neededRight(statement: Statement): { right: string; table: TableName } | undefined {
  switch (statement.kind) {
    case 'insert': {
      const more = statement.replace
        ? ', DELETE'
        : statement.onDuplicate.length > 0
          ? ', UPDATE'
          : ''
      return { right: `INSERT${more}`, table: statement.table }
    }
    case 'update':
      return { right: 'UPDATE', table: statement.table }
    case 'delete':
      return { right: 'DELETE', table: statement.table }
    case 'createTable':
      return { right: 'CREATE', table: statement.table }
    case 'dropTable':
      return statement.tables[0] && { right: 'DROP', table: statement.tables[0] }
    case 'truncate':
      return { right: 'DROP', table: statement.table }
    case 'createIndex':
    case 'dropIndex':
      return { right: 'INDEX', table: statement.table }
    case 'alterTable':
      return { right: 'ALTER', table: statement.table }
    case 'renameTable':
      return { right: 'ALTER, DROP', table: statement.from }
    default:
      return undefined
  }
}

/** 1142 for a user who may only read; undefined for what such a user may do. */
export function deniedCommand(
  statement: Statement,
  user: string,
  database: string,
): SqlError | undefined {
  const needed = neededRight(statement)
  if (!needed) return undefined
  const table = `\`${needed.table.schema ?? database}\`.\`${needed.table.name}\``
  return new SqlError(
    1142,
    '42000',
    `${needed.right} command denied to user '${user}'@'localhost' for table ${table}`,
  )
}

/** 1792. */
export function readOnlyTransaction(): SqlError {
  return new SqlError(1792, '25006', 'Cannot execute statement in a READ ONLY transaction.')
}

/** 1227: nobody here may set what holds for all sessions. */
export function globalDenied(): SqlError {
  return new SqlError(
    1227,
    '42000',
    'Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN privilege(s) for this operation',
  )
}
