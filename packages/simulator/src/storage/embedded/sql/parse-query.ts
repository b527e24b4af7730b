import { unsupported } from '../sql-error.js'
import type {
  CommonTable,
  Expression,
  Limit,
  OrderItem,
  Query,
  Select,
  SelectItem,
  SetOperation,
  TableName,
  TableSource,
} from './ast.js'
import { parseExpression, startsQuery } from './parse-expression.js'
import type { TokenCursor } from './token-cursor.js'

/** Parses a query expression: WITH, set operations, ORDER BY, LIMIT and locking. */
export function parseQuery(cursor: TokenCursor): Query {
  const withClause = parseWith(cursor)
  const body = parseSetOperations(cursor)
  const orderBy = parseOrderBy(cursor)
  const limit = parseLimit(cursor)
  cursor.refuse('INTO', 'PROCEDURE', 'WINDOW')
  return { with: withClause, body, orderBy, limit, ...parseLocking(cursor) }
}

function parseWith(cursor: TokenCursor): Query['with'] {
  if (!cursor.takeWords('WITH')) return undefined
  const recursive = cursor.takeWords('RECURSIVE')
  const tables = cursor.list((): CommonTable => {
    const name = cursor.name()
    const columns = parseNames(cursor)
    cursor.expectWords('AS')
    return { name, columns, query: cursor.parenthesised(() => parseQuery(cursor)) }
  })
  return { recursive, tables }
}

function parseNames(cursor: TokenCursor): readonly string[] | undefined {
  if (!cursor.isOperator('(')) return undefined
  return cursor.parenthesised(() => cursor.list(() => cursor.name()))
}

function parseSetOperations(cursor: TokenCursor): Query['body'] {
  let left = parseIntersections(cursor)
  for (;;) {
    const word = cursor.takeAny('UNION', 'EXCEPT')
    if (!word) return left
    const all = cursor.takeWords('ALL')
    if (!all) cursor.takeWords('DISTINCT')
    if (all && word === 'EXCEPT') throw unsupported('EXCEPT ALL')
    const operator = word === 'UNION' && all ? 'UNION ALL' : word
    left = setOperation(operator, left, parseIntersections(cursor))
  }
}

function parseIntersections(cursor: TokenCursor): Query['body'] {
  let left = parseQueryPrimary(cursor)
  while (cursor.takeWords('INTERSECT')) {
    if (cursor.takeWords('ALL')) throw unsupported('INTERSECT ALL')
    cursor.takeWords('DISTINCT')
    left = setOperation('INTERSECT', left, parseQueryPrimary(cursor))
  }
  return left
}

function setOperation(
  operator: SetOperation['operator'],
  left: Query['body'],
  right: Query['body'],
): SetOperation {
  return { kind: 'setOperation', operator, left: asQuery(left), right: asQuery(right) }
}

function asQuery(body: Query['body']): Query {
  if (!('kind' in body)) return body
  return { with: undefined, body, orderBy: [], limit: undefined, locking: 'none', nowait: false }
}

function parseQueryPrimary(cursor: TokenCursor): Query['body'] {
  if (cursor.takeOperator('(')) {
    const query = parseQuery(cursor)
    cursor.expectOperator(')')
    return query
  }
  cursor.refuse('TABLE', 'VALUES')
  return parseSelect(cursor)
}

function parseSelect(cursor: TokenCursor): Select {
  cursor.expectWords('SELECT')
  let distinct = false
  let calcFoundRows = false
  for (;;) {
    const word = cursor.takeAny(
      'ALL',
      'DISTINCT',
      'DISTINCTROW',
      'SQL_CALC_FOUND_ROWS',
      'SQL_NO_CACHE',
      'HIGH_PRIORITY',
      'STRAIGHT_JOIN',
      'SQL_SMALL_RESULT',
      'SQL_BIG_RESULT',
      'SQL_BUFFER_RESULT',
    )
    if (!word) break
    if (word.startsWith('DISTINCT')) distinct = true
    if (word === 'SQL_CALC_FOUND_ROWS') calcFoundRows = true
  }
  const items = cursor.list(() => parseItem(cursor))
  cursor.refuse('INTO')
  const from = cursor.takeWords('FROM') ? parseFrom(cursor) : undefined
  const where = cursor.takeWords('WHERE') ? parseExpression(cursor) : undefined
  const groupBy: Expression[] = []
  if (cursor.takeWords('GROUP', 'BY')) {
    groupBy.push(...cursor.list(() => parseExpression(cursor)))
    if (cursor.isWord('WITH')) throw unsupported('WITH ROLLUP')
    cursor.refuse('ASC', 'DESC')
  }
  const having = cursor.takeWords('HAVING') ? parseExpression(cursor) : undefined
  return { kind: 'select', distinct, calcFoundRows, items, from, where, groupBy, having }
}

function parseItem(cursor: TokenCursor): SelectItem {
  if (cursor.takeOperator('*')) return { kind: 'star', table: undefined }
  const start = cursor.token.start
  if (cursor.isName() && cursor.peek(1).text === '.' && cursor.peek(2).text === '*') {
    const table = cursor.name()
    cursor.next()
    cursor.next()
    return { kind: 'star', table }
  }
  const expression = parseExpression(cursor)
  const text = cursor.text.slice(start, cursor.previousEnd)
  return { kind: 'expression', expression, alias: parseAlias(cursor, true), text }
}

function parseAlias(cursor: TokenCursor, allowString: boolean): string | undefined {
  const named = cursor.takeWords('AS')
  if (allowString && cursor.token.kind === 'string') return cursor.string()
  if (named || cursor.isName()) return cursor.name()
  return undefined
}

/** What follows FROM: tables between commas, each a chain of joins. */
function parseFrom(cursor: TokenCursor): TableSource {
  const sources = cursor.list(() => parseJoins(cursor))
  return sources.reduce((left, right) => ({
    kind: 'join',
    type: 'CROSS',
    left,
    right,
    on: undefined,
    using: undefined,
  }))
}

function parseJoins(cursor: TokenCursor): TableSource {
  let left = parseSource(cursor)
  for (;;) {
    cursor.refuse('NATURAL', 'STRAIGHT_JOIN')
    const type = cursor.takeAny('JOIN', 'INNER', 'CROSS', 'LEFT', 'RIGHT')
    if (!type) return left
    if (type === 'LEFT' || type === 'RIGHT') cursor.takeWords('OUTER')
    if (type !== 'JOIN') cursor.expectWords('JOIN')
    const right = parseSource(cursor)
    const on = cursor.takeWords('ON') ? parseExpression(cursor) : undefined
    const using = !on && cursor.takeWords('USING') ? parseNames(cursor) : undefined
    if ((type === 'LEFT' || type === 'RIGHT') && !on && !using) throw cursor.syntaxError()
    left = { kind: 'join', type: type === 'JOIN' ? 'INNER' : type, left, right, on, using }
  }
}

function parseSource(cursor: TokenCursor): TableSource {
  cursor.refuse('LATERAL', 'JSON_TABLE')
  if (cursor.isOperator('(')) {
    if (!startsQuery(cursor)) return cursor.parenthesised(() => parseFrom(cursor))
    const query = cursor.parenthesised(() => parseQuery(cursor))
    const alias = parseAlias(cursor, false)
    // MySQL's 1248.
    if (alias === undefined) throw cursor.syntaxError()
    return { kind: 'derived', query, alias, columns: parseNames(cursor) }
  }
  if (cursor.takeWords('DUAL')) return { kind: 'dual' }
  const name = parseTableName(cursor)
  cursor.refuse('PARTITION')
  const alias = parseAlias(cursor, false)
  skipIndexHints(cursor)
  return { kind: 'table', name, alias }
}

/** Index hints change the plan, never the answer. */
function skipIndexHints(cursor: TokenCursor): void {
  while (cursor.takeAny('USE', 'FORCE', 'IGNORE')) {
    if (!cursor.takeAny('INDEX', 'KEY')) throw cursor.syntaxError()
    cursor.parenthesised(() => cursor.isOperator(')') || cursor.list(() => cursor.anyName()))
  }
}

/** `table` or `schema.table`. */
export function parseTableName(cursor: TokenCursor): TableName {
  const first = cursor.name()
  if (!cursor.takeOperator('.')) return { schema: undefined, name: first }
  return { schema: first, name: cursor.anyName() }
}

/** ORDER BY with its items; none if it is not there. */
export function parseOrderBy(cursor: TokenCursor): readonly OrderItem[] {
  if (!cursor.takeWords('ORDER', 'BY')) return []
  const items = cursor.list((): OrderItem => {
    const expression = parseExpression(cursor)
    const direction = cursor.takeAny('ASC', 'DESC')
    return { expression, descending: direction === 'DESC' }
  })
  if (cursor.isWord('WITH')) throw unsupported('WITH ROLLUP')
  return items
}

/** LIMIT in its three forms. */
export function parseLimit(cursor: TokenCursor): Limit | undefined {
  if (!cursor.takeWords('LIMIT')) return undefined
  const first = parseLimitNumber(cursor)
  if (cursor.takeOperator(',')) return { count: parseLimitNumber(cursor), offset: first }
  if (cursor.takeWords('OFFSET')) return { count: first, offset: parseLimitNumber(cursor) }
  return { count: first, offset: undefined }
}

function parseLimitNumber(cursor: TokenCursor): Expression {
  const { kind, text } = cursor.token
  if (kind === 'parameter') {
    cursor.next()
    return { kind: 'parameter', index: cursor.parameterCount++ }
  }
  if (kind !== 'number' || !/^\d+$/.test(text)) throw cursor.syntaxError()
  cursor.next()
  return { kind: 'number', text }
}

function parseLocking(cursor: TokenCursor): Pick<Query, 'locking' | 'nowait'> {
  if (cursor.takeWords('LOCK', 'IN', 'SHARE', 'MODE')) return { locking: 'share', nowait: false }
  if (!cursor.takeWords('FOR')) return { locking: 'none', nowait: false }
  const strength = cursor.takeAny('UPDATE', 'SHARE')
  if (!strength) throw cursor.syntaxError()
  if (cursor.takeWords('OF')) cursor.list(() => cursor.name())
  if (cursor.takeWords('SKIP', 'LOCKED')) throw unsupported('SKIP LOCKED')
  const nowait = cursor.takeWords('NOWAIT')
  return { locking: strength === 'UPDATE' ? 'update' : 'share', nowait }
}
