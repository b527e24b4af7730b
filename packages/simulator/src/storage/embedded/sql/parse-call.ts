import { unsupported } from '../sql-error.js'
import type { CastType, Expression, OrderItem } from './ast.js'
import { parseExpression, parseInterval, parseUnit } from './parse-expression.js'
import { parseOrderBy } from './parse-query.js'
import type { TokenCursor } from './token-cursor.js'

/** Names that stand for a call without parentheses. */
const BARE_CALLS: Readonly<Record<string, string>> = {
  CURRENT_DATE: 'CURDATE',
  CURRENT_TIME: 'CURTIME',
  CURRENT_TIMESTAMP: 'NOW',
  LOCALTIME: 'NOW',
  LOCALTIMESTAMP: 'NOW',
  CURRENT_USER: 'CURRENT_USER',
  UTC_DATE: 'UTC_DATE',
  UTC_TIME: 'UTC_TIME',
  UTC_TIMESTAMP: 'UTC_TIMESTAMP',
}

/** Reserved words that are functions when a parenthesis follows. */
const CALLABLE_RESERVED = new Set(
  'IF LEFT RIGHT REPLACE INSERT DATABASE MOD CHAR ROW GROUPING'.split(' '),
)

/** Forms with a grammar of their own: CAST, EXTRACT, TRIM, DATE_ADD, typed literals and the like. */
export function parseSpecialForm(cursor: TokenCursor): Expression | undefined {
  const { text } = cursor.token
  const following = cursor.peek(1)
  const called = following.kind === 'operator' && following.text === '('
  if (following.kind === 'string' && (text === 'DATE' || text === 'TIME' || text === 'TIMESTAMP')) {
    cursor.next()
    return {
      kind: 'temporal',
      type: text === 'TIMESTAMP' ? 'DATETIME' : text,
      text: cursor.string(),
    }
  }
  if (text.startsWith('_') && following.kind === 'string') throw unsupported('charset introducers')
  if (text === 'INTERVAL' && !called) {
    const { amount, unit } = parseInterval(cursor)
    cursor.expectOperator('+')
    return { kind: 'addInterval', operand: parseExpression(cursor), amount, unit, sign: 1 }
  }
  if (!called) {
    const name = BARE_CALLS[text]
    if (!name) {
      if (text === 'DEFAULT') {
        cursor.next()
        return { kind: 'default', column: undefined }
      }
      cursor.refuse('MATCH', 'ROW')
      return undefined
    }
    cursor.next()
    return call(name, [])
  }
  switch (text) {
    case 'CAST':
    case 'CONVERT':
      return parseCast(cursor)
    case 'EXTRACT':
      cursor.next()
      return cursor.parenthesised((): Expression => {
        const unit = parseUnit(cursor)
        cursor.expectWords('FROM')
        return { kind: 'extract', unit, operand: parseExpression(cursor) }
      })
    case 'TRIM':
      return parseTrim(cursor)
    case 'DATE_ADD':
    case 'ADDDATE':
    case 'DATE_SUB':
    case 'SUBDATE': {
      cursor.next()
      const sign = text === 'DATE_ADD' || text === 'ADDDATE' ? 1 : -1
      return cursor.parenthesised((): Expression => {
        const operand = parseExpression(cursor)
        cursor.expectOperator(',')
        if (!cursor.isWord('INTERVAL')) {
          if (!text.endsWith('DATE')) throw cursor.syntaxError()
          return {
            kind: 'addInterval',
            operand,
            amount: parseExpression(cursor),
            unit: 'DAY',
            sign,
          }
        }
        return { kind: 'addInterval', operand, ...parseInterval(cursor), sign }
      })
    }
    case 'TIMESTAMPADD':
    case 'TIMESTAMPDIFF':
      return parseTimestampCall(cursor, text)
    case 'POSITION':
      cursor.next()
      return cursor.parenthesised((): Expression => {
        const what = parseConcatenable(cursor)
        return call('LOCATE', [what, parseExpression(cursor)])
      })
    case 'SUBSTRING':
    case 'SUBSTR':
    case 'MID':
      return parseSubstring(cursor)
    case 'VALUES':
      cursor.next()
      return { kind: 'insertedValue', column: cursor.parenthesised(() => cursor.name()) }
    case 'DEFAULT':
      cursor.next()
      return { kind: 'default', column: cursor.parenthesised(() => cursor.name()) }
    case 'MATCH':
      throw unsupported('MATCH … AGAINST')
    default: {
      const name = BARE_CALLS[text]
      if (!name) return undefined
      cursor.next()
      return call(name, parseArguments(cursor))
    }
  }
}

/** `'x' IN` of POSITION: the operand must not swallow the word IN. */
function parseConcatenable(cursor: TokenCursor): Expression {
  const { kind } = cursor.token
  if (kind !== 'string' && kind !== 'parameter' && kind !== 'word' && kind !== 'name') {
    throw unsupported('POSITION of an expression')
  }
  const what: Expression =
    kind === 'string'
      ? { kind: 'string', value: cursor.next().text }
      : kind === 'parameter'
        ? { kind: 'parameter', index: cursor.parameterCount++ }
        : { kind: 'column', schema: undefined, table: undefined, name: cursor.name() }
  if (kind === 'parameter') cursor.next()
  cursor.expectWords('IN')
  return what
}

/** An ordinary call: name, parenthesis, arguments. */
export function parseCall(cursor: TokenCursor): Expression {
  const token = cursor.token
  if (!cursor.isName() && !CALLABLE_RESERVED.has(token.text)) throw cursor.syntaxError()
  cursor.next()
  if (token.text === 'COUNT' && cursor.peek(1).text === '*' && cursor.peek(1).kind === 'operator') {
    cursor.parenthesised(() => cursor.next())
    cursor.refuse('OVER')
    return { ...call('COUNT', []), star: true }
  }
  cursor.expectOperator('(')
  const distinct = cursor.takeWords('DISTINCT')
  const list = cursor.isOperator(')') ? [] : cursor.list(() => parseExpression(cursor))
  let orderBy: readonly OrderItem[] = []
  let separator: string | undefined
  if (token.text === 'GROUP_CONCAT') {
    orderBy = parseOrderBy(cursor)
    if (cursor.takeWords('SEPARATOR')) separator = cursor.string()
  }
  if (cursor.isWord('USING')) throw unsupported(`${token.text}(… USING …)`)
  cursor.expectOperator(')')
  cursor.refuse('OVER')
  return { ...call(token.text, list), distinct, orderBy, separator }
}

function call(name: string, list: readonly Expression[]): Extract<Expression, { kind: 'call' }> {
  const plain = { star: false, distinct: false, orderBy: [], separator: undefined } as const
  return { kind: 'call', name, arguments: list, ...plain }
}

function parseArguments(cursor: TokenCursor): readonly Expression[] {
  return cursor.parenthesised(() =>
    cursor.isOperator(')') ? [] : cursor.list(() => parseExpression(cursor)),
  )
}

function parseCast(cursor: TokenCursor): Expression {
  const isCast = cursor.next().text === 'CAST'
  return cursor.parenthesised((): Expression => {
    const operand = parseExpression(cursor)
    if (isCast) cursor.expectWords('AS')
    else if (cursor.takeWords('USING')) {
      const charset = cursor.anyName().toLowerCase()
      if (!/^utf8(mb[34])?$/.test(charset)) throw unsupported(`CONVERT … USING ${charset}`)
      return { kind: 'cast', operand, type: { to: 'CHAR', length: undefined } }
    } else cursor.expectOperator(',')
    const type = parseCastType(cursor)
    cursor.refuse('ARRAY', 'CHARACTER')
    return { kind: 'cast', operand, type }
  })
}

function parseCastType(cursor: TokenCursor): CastType {
  const word = cursor.token.text
  if (cursor.token.kind !== 'word') throw cursor.syntaxError()
  cursor.next()
  const length = (): number | undefined =>
    cursor.isOperator('(') ? cursor.parenthesised(() => cursor.integer()) : undefined
  switch (word) {
    case 'SIGNED':
    case 'UNSIGNED':
      cursor.takeAny('INTEGER', 'INT')
      return { to: word }
    case 'DOUBLE':
    case 'REAL':
      cursor.takeWords('PRECISION')
      return { to: 'DOUBLE' }
    case 'DATE':
    case 'JSON':
      return { to: word }
    case 'CHAR':
    case 'BINARY':
      return { to: word, length: length() }
    case 'DATETIME':
    case 'TIME':
      return { to: word, fsp: length() ?? 0 }
    case 'DECIMAL': {
      if (!cursor.isOperator('(')) return { to: 'DECIMAL', precision: 10, scale: 0 }
      const [precision = 10, scale = 0] = cursor.parenthesised(() =>
        cursor.list(() => cursor.integer()),
      )
      return { to: 'DECIMAL', precision, scale }
    }
    default:
      throw unsupported(`CAST AS ${word}`)
  }
}

function parseTrim(cursor: TokenCursor): Expression {
  cursor.next()
  return cursor.parenthesised((): Expression => {
    const side = cursor.takeAny('BOTH', 'LEADING', 'TRAILING') ?? 'BOTH'
    if (cursor.takeWords('FROM')) {
      return { kind: 'trim', side, what: undefined, operand: parseExpression(cursor) }
    }
    const first = parseExpression(cursor)
    if (!cursor.takeWords('FROM')) return { kind: 'trim', side, what: undefined, operand: first }
    return { kind: 'trim', side, what: first, operand: parseExpression(cursor) }
  })
}

function parseSubstring(cursor: TokenCursor): Expression {
  cursor.next()
  return cursor.parenthesised((): Expression => {
    const list = [parseExpression(cursor)]
    if (cursor.takeWords('FROM')) {
      list.push(parseExpression(cursor))
      if (cursor.takeWords('FOR')) list.push(parseExpression(cursor))
    } else {
      while (cursor.takeOperator(',')) list.push(parseExpression(cursor))
    }
    return call('SUBSTRING', list)
  })
}

function parseTimestampCall(cursor: TokenCursor, name: string): Expression {
  cursor.next()
  return cursor.parenthesised((): Expression => {
    const unit = parseUnit(cursor)
    cursor.expectOperator(',')
    const first = parseExpression(cursor)
    cursor.expectOperator(',')
    const second = parseExpression(cursor)
    if (name === 'TIMESTAMPDIFF') return { kind: 'timestampDiff', unit, from: first, to: second }
    return { kind: 'addInterval', operand: second, amount: first, unit, sign: 1 }
  })
}
