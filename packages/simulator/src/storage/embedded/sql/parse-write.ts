import { unsupported } from '../sql-error.js'
import type { Assignment, ColumnReference, Delete, Expression, Insert, Update } from './ast.js'
import { parseExpression, startsQuery } from './parse-expression.js'
import { parseLimit, parseOrderBy, parseQuery, parseTableName } from './parse-query.js'
import type { TokenCursor } from './token-cursor.js'

/** INSERT and REPLACE, after their first word. */
export function parseInsert(cursor: TokenCursor, replace: boolean): Insert {
  cursor.refuse('DELAYED')
  cursor.takeAny('LOW_PRIORITY', 'HIGH_PRIORITY')
  const ignore = !replace && cursor.takeWords('IGNORE')
  cursor.takeWords('INTO')
  const table = parseTableName(cursor)
  cursor.refuse('PARTITION')
  const head = { kind: 'insert', replace, ignore, table } as const
  if (cursor.takeWords('SET')) {
    const assignments = cursor.list(() => parseAssignment(cursor))
    return {
      ...head,
      columns: assignments.map((assignment) => assignment.column.name),
      source: { kind: 'values', rows: [assignments.map((assignment) => assignment.value)] },
      ...parseOnDuplicate(cursor),
    }
  }
  let columns: readonly string[] | undefined
  if (cursor.isOperator('(') && !startsQuery(cursor)) {
    columns = cursor.parenthesised(() =>
      cursor.isOperator(')') ? [] : cursor.list(() => parseColumn(cursor).name),
    )
  }
  return { ...head, columns, source: parseInsertSource(cursor), ...parseOnDuplicate(cursor) }
}

function parseInsertSource(cursor: TokenCursor): Insert['source'] {
  if (startsQuery(cursor)) return { kind: 'query', query: parseQuery(cursor) }
  if (!cursor.takeAny('VALUES', 'VALUE')) throw cursor.syntaxError()
  cursor.refuse('ROW')
  const rows = cursor.list(() =>
    cursor.parenthesised((): readonly Expression[] =>
      cursor.isOperator(')') ? [] : cursor.list(() => parseExpression(cursor)),
    ),
  )
  return { kind: 'values', rows }
}

function parseOnDuplicate(cursor: TokenCursor): Pick<Insert, 'rowAlias' | 'onDuplicate'> {
  const rowAlias = cursor.takeWords('AS') ? cursor.name() : undefined
  if (rowAlias && cursor.isOperator('(')) throw unsupported('column aliases of the new row')
  if (!cursor.takeWords('ON')) return { rowAlias, onDuplicate: [] }
  cursor.expectWords('DUPLICATE', 'KEY', 'UPDATE')
  return { rowAlias, onDuplicate: cursor.list(() => parseAssignment(cursor)) }
}

function parseColumn(cursor: TokenCursor): ColumnReference {
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.takeOperator('.')) parts.push(cursor.anyName())
  const [name = '', table, schema] = parts.reverse()
  return { kind: 'column', schema, table, name }
}

function parseAssignment(cursor: TokenCursor): Assignment {
  const column = parseColumn(cursor)
  if (!cursor.takeOperator(':=')) cursor.expectOperator('=')
  return { column, value: parseExpression(cursor) }
}

function parseOptionalAlias(cursor: TokenCursor): string | undefined {
  return cursor.takeWords('AS') || cursor.isName() ? cursor.name() : undefined
}

/** UPDATE of one table, after its first word. */
export function parseUpdate(cursor: TokenCursor): Update {
  cursor.takeWords('LOW_PRIORITY')
  const ignore = cursor.takeWords('IGNORE')
  const table = parseTableName(cursor)
  const alias = parseOptionalAlias(cursor)
  if (cursor.isOperator(',') || cursor.isWord('JOIN', 'LEFT', 'RIGHT', 'INNER', 'CROSS')) {
    throw unsupported('UPDATE of several tables')
  }
  cursor.expectWords('SET')
  const assignments = cursor.list(() => parseAssignment(cursor))
  const where = cursor.takeWords('WHERE') ? parseExpression(cursor) : undefined
  const orderBy = parseOrderBy(cursor)
  return {
    kind: 'update',
    ignore,
    table,
    alias,
    assignments,
    where,
    orderBy,
    limit: parseLimit(cursor),
  }
}

/** DELETE from one table, after its first word. */
export function parseDelete(cursor: TokenCursor): Delete {
  while (cursor.takeAny('LOW_PRIORITY', 'QUICK'));
  cursor.refuse('IGNORE')
  if (!cursor.takeWords('FROM')) {
    if (cursor.isName()) throw unsupported('DELETE of several tables')
    throw cursor.syntaxError()
  }
  const table = parseTableName(cursor)
  if (cursor.isOperator(',') || cursor.isOperator('.') || cursor.isWord('USING', 'PARTITION')) {
    throw unsupported('DELETE of several tables')
  }
  const alias = parseOptionalAlias(cursor)
  const where = cursor.takeWords('WHERE') ? parseExpression(cursor) : undefined
  const orderBy = parseOrderBy(cursor)
  return { kind: 'delete', table, alias, where, orderBy, limit: parseLimit(cursor) }
}
