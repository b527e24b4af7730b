import type { Catalog, Column, Table } from '../compile/catalog.js'
import type { Compilation } from '../compile/compilation.js'
import { requireTable } from '../compile/scope.js'
import { matchesLike } from '../engine/functions/text-functions.js'
import type { Statement } from '../sql/ast.js'
import { showInMessage } from '../values/show-value.js'
import { type StatementResult, textRows } from './statement-result.js'
import type { SystemVariables } from './system-variables.js'

/** Answers SHOW. */
export function runShow(
  statement: Extract<Statement, { kind: 'show' }>,
  catalog: Catalog,
  variables: SystemVariables,
): StatementResult {
  const { like } = statement
  const isWanted = (name: string): boolean => like === undefined || matchesLike(name, like)
  const heading = (text: string): string => (like === undefined ? text : `${text} (${like})`)
  switch (statement.what) {
    case 'variables':
      return textRows(
        ['Variable_name', 'Value'],
        variables.list().filter(([name]) => isWanted(name)),
      )
    case 'tables': {
      const names = catalog.names().filter(isWanted)
      return textRows(
        [heading(`Tables_in_${catalog.database}`)],
        names.map((name) => [name]),
      )
    }
    case 'databases': {
      const names = ['information_schema', catalog.database].filter(isWanted)
      return textRows(
        [heading('Database')],
        names.map((name) => [name]),
      )
    }
    case 'warnings':
    case 'errors':
      return textRows(['Level', 'Code', 'Message'], [])
  }
}

/** Answers DESCRIBE. */
export function runDescribe(
  statement: Extract<Statement, { kind: 'describe' }>,
  compilation: Compilation,
): StatementResult {
  const table = requireTable(compilation, statement.table)
  const rows = table.columns.map((column) => [
    column.name,
    column.declared,
    column.nullable ? 'YES' : 'NO',
    keyMark(table, column),
    defaultText(column),
    extraText(column),
  ])
  return textRows(['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'], rows)
}

function keyMark(table: Table, column: Column): string {
  const isIn = (kind: string): boolean =>
    table.keys.some((key) => key.kind === kind && key.columns[0] === column.name)
  if (table.keys.some((key) => key.kind === 'primary' && key.columns.includes(column.name))) {
    return 'PRI'
  }
  const isUnique = table.keys.some(
    (key) => key.kind === 'unique' && key.columns.length === 1 && key.columns[0] === column.name,
  )
  return isUnique ? 'UNI' : isIn('unique') || isIn('index') ? 'MUL' : ''
}

function defaultText(column: Column): string | null {
  const fallback = column.default
  if (fallback.kind === 'none') return null
  if (fallback.kind === 'now')
    return `CURRENT_TIMESTAMP${fallback.fsp > 0 ? `(${fallback.fsp})` : ''}`
  return fallback.value === null ? null : showInMessage(fallback.value, column.type)
}

function extraText(column: Column): string {
  const parts: string[] = []
  if (column.autoIncrement) parts.push('auto_increment')
  if (column.default.kind === 'now') parts.push('DEFAULT_GENERATED')
  if (column.onUpdateNow) {
    const fsp = column.type.kind === 'datetime' && column.type.fsp > 0 ? `(${column.type.fsp})` : ''
    parts.push(`on update CURRENT_TIMESTAMP${fsp}`)
  }
  return parts.join(' ')
}
