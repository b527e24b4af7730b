import { unsupported } from '../sql-error.js'
import type { ArithmeticOperator, ComparisonOperator, Expression, Query } from './ast.js'
import { parseCall, parseSpecialForm } from './parse-call.js'
import { parseQuery } from './parse-query.js'
import type { TokenCursor } from './token-cursor.js'

const COMPARISONS: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '<=>': '<=>',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

/** Binding strength of the operators on numbers; comparisons and logic are weaker. */
const ARITHMETIC: Readonly<Record<string, number>> = {
  '|': 1,
  '&': 2,
  '<<': 3,
  '>>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  DIV: 5,
  MOD: 5,
  '^': 6,
}

/** Parses one expression, weakest operator (OR) first. */
export function parseExpression(cursor: TokenCursor): Expression {
  let left = parseXor(cursor)
  while (cursor.takeWords('OR') || cursor.takeOperator('||')) {
    left = { kind: 'logical', operator: 'OR', left, right: parseXor(cursor) }
  }
  if (cursor.isOperator(':=')) throw unsupported(':=')
  return left
}

function parseXor(cursor: TokenCursor): Expression {
  let left = parseAnd(cursor)
  while (cursor.takeWords('XOR')) {
    left = { kind: 'logical', operator: 'XOR', left, right: parseAnd(cursor) }
  }
  return left
}

function parseAnd(cursor: TokenCursor): Expression {
  let left = parseNot(cursor)
  while (cursor.takeWords('AND') || cursor.takeOperator('&&')) {
    left = { kind: 'logical', operator: 'AND', left, right: parseNot(cursor) }
  }
  return left
}

function parseNot(cursor: TokenCursor): Expression {
  if (cursor.takeWords('NOT')) return { kind: 'not', operand: parseNot(cursor) }
  return parseComparison(cursor)
}

function parseComparison(cursor: TokenCursor): Expression {
  let left = parseArithmetic(cursor, 1)
  for (;;) {
    const operator = cursor.token.kind === 'operator' ? COMPARISONS[cursor.token.text] : undefined
    if (operator) {
      cursor.next()
      cursor.refuse('ALL', 'ANY', 'SOME')
      left = { kind: 'comparison', operator, left, right: parseArithmetic(cursor, 1) }
    } else if (cursor.takeWords('IS')) {
      const negated = cursor.takeWords('NOT')
      const test = cursor.takeAny('NULL', 'TRUE', 'FALSE', 'UNKNOWN')
      if (!test) throw cursor.syntaxError()
      left = { kind: 'isTest', negated, operand: left, test: test === 'UNKNOWN' ? 'NULL' : test }
    } else {
      const predicate = parsePredicate(cursor, left)
      if (!predicate) return left
      left = predicate
    }
  }
}

function parsePredicate(cursor: TokenCursor, operand: Expression): Expression | undefined {
  const following = cursor.peek(1)
  const negated =
    cursor.isWord('NOT') &&
    following.kind === 'word' &&
    ['IN', 'BETWEEN', 'LIKE', 'REGEXP', 'RLIKE'].includes(following.text)
  if (negated) cursor.next()
  cursor.refuse('REGEXP', 'RLIKE', 'MEMBER', 'SOUNDS')
  if (cursor.takeWords('IN')) return parseIn(cursor, [operand], negated)
  if (cursor.takeWords('BETWEEN')) {
    const low = parseArithmetic(cursor, 1)
    cursor.expectWords('AND')
    return { kind: 'between', negated, operand, low, high: parseArithmetic(cursor, 1) }
  }
  if (cursor.takeWords('LIKE')) {
    const pattern = parseArithmetic(cursor, 1)
    const escapeChar = cursor.takeWords('ESCAPE') ? cursor.string() : '\\'
    if (escapeChar.length !== 1) throw unsupported('LIKE … ESCAPE of other than one character')
    return { kind: 'like', negated, operand, pattern, escape: escapeChar }
  }
  return undefined
}

function parseIn(
  cursor: TokenCursor,
  operand: readonly Expression[],
  negated: boolean,
): Expression {
  return cursor.parenthesised((): Expression => {
    if (startsQuery(cursor)) return { kind: 'inQuery', negated, operand, query: parseQuery(cursor) }
    const list = cursor.list(() => {
      if (operand.length === 1) return [parseExpression(cursor)]
      return cursor.parenthesised(() => cursor.list(() => parseExpression(cursor)))
    })
    if (list.some((row) => row.length !== operand.length))
      throw unsupported('rows of unequal length')
    return { kind: 'inList', negated, operand, list }
  })
}

function parseArithmetic(cursor: TokenCursor, strength: number): Expression {
  let left = parseUnary(cursor)
  for (;;) {
    const { kind, text } = cursor.token
    if (kind === 'operator' && (text === '->' || text === '->>')) throw unsupported(text)
    const bound = kind === 'operator' || kind === 'word' ? ARITHMETIC[text] : undefined
    if (bound === undefined || bound < strength) return left
    cursor.next()
    if ((text === '+' || text === '-') && cursor.isWord('INTERVAL')) {
      const { amount, unit } = parseInterval(cursor)
      left = { kind: 'addInterval', operand: left, amount, unit, sign: text === '+' ? 1 : -1 }
      continue
    }
    const operator = (text === 'MOD' ? '%' : text) as ArithmeticOperator
    left = { kind: 'arithmetic', operator, left, right: parseArithmetic(cursor, bound + 1) }
  }
}

function parseUnary(cursor: TokenCursor): Expression {
  if (cursor.takeOperator('-')) {
    // A negative number is a literal of its own: -9223372036854775808 has no positive twin.
    const { kind, text } = cursor.token
    if (kind === 'number') {
      cursor.next()
      return collated(cursor, { kind: 'number', text: `-${text}` })
    }
    return { kind: 'negate', operand: parseUnary(cursor) }
  }
  if (cursor.takeOperator('+')) return parseUnary(cursor)
  if (cursor.takeOperator('~')) return { kind: 'invert', operand: parseUnary(cursor) }
  if (cursor.takeOperator('!')) return { kind: 'not', operand: parseUnary(cursor) }
  if (cursor.takeWords('BINARY')) {
    return { kind: 'cast', operand: parseUnary(cursor), type: { to: 'BINARY', length: undefined } }
  }
  return collated(cursor, parsePrimary(cursor))
}

function collated(cursor: TokenCursor, operand: Expression): Expression {
  if (!cursor.takeWords('COLLATE')) return operand
  return { kind: 'collate', operand, collation: cursor.anyName().toLowerCase() }
}

function parsePrimary(cursor: TokenCursor): Expression {
  const token = cursor.token
  switch (token.kind) {
    case 'number':
      cursor.next()
      return { kind: 'number', text: token.text }
    case 'string': {
      let value = cursor.next().text
      // Neighbouring strings are one string.
      while (cursor.token.kind === 'string') value += cursor.next().text
      return { kind: 'string', value }
    }
    case 'bytes':
      cursor.next()
      return { kind: 'bytes', value: Buffer.from(token.text, 'hex') }
    case 'parameter':
      cursor.next()
      return { kind: 'parameter', index: cursor.parameterCount++ }
    case 'userVariable':
      cursor.next()
      return { kind: 'userVariable', name: token.text }
    case 'systemVariable': {
      cursor.next()
      const isGlobal = token.text.startsWith('global.')
      const name = isGlobal ? token.text.slice('global.'.length) : token.text
      return { kind: 'systemVariable', scope: isGlobal ? 'global' : 'session', name }
    }
    case 'operator':
      if (token.text === '(') return parseParenthesis(cursor)
      throw cursor.syntaxError()
    case 'word':
      return parseWord(cursor)
    case 'name':
      return parseNameOrCall(cursor)
    case 'end':
      throw cursor.syntaxError()
  }
}

function parseParenthesis(cursor: TokenCursor): Expression {
  cursor.expectOperator('(')
  if (startsQuery(cursor)) {
    const query = parseQuery(cursor)
    cursor.expectOperator(')')
    return { kind: 'scalarQuery', query }
  }
  const items = cursor.list(() => parseExpression(cursor))
  cursor.expectOperator(')')
  if (items.length === 1) return items[0] as Expression
  const negated = cursor.takeWords('NOT')
  if (!cursor.takeWords('IN')) throw unsupported('row values')
  return parseIn(cursor, items, negated)
}

function parseWord(cursor: TokenCursor): Expression {
  if (cursor.takeWords('NULL')) return { kind: 'null' }
  if (cursor.takeWords('TRUE')) return { kind: 'boolean', value: true }
  if (cursor.takeWords('FALSE')) return { kind: 'boolean', value: false }
  if (cursor.takeWords('CASE')) return parseCase(cursor)
  if (cursor.takeWords('EXISTS')) {
    const query: Query = cursor.parenthesised(() => parseQuery(cursor))
    return { kind: 'exists', query }
  }
  const special = parseSpecialForm(cursor)
  if (special) return special
  return parseNameOrCall(cursor)
}

function parseCase(cursor: TokenCursor): Expression {
  const operand = cursor.isWord('WHEN') ? undefined : parseExpression(cursor)
  const branches: { when: Expression; result: Expression }[] = []
  while (cursor.takeWords('WHEN')) {
    const when = parseExpression(cursor)
    cursor.expectWords('THEN')
    branches.push({ when, result: parseExpression(cursor) })
  }
  if (branches.length === 0) throw cursor.syntaxError()
  const otherwise = cursor.takeWords('ELSE') ? parseExpression(cursor) : undefined
  cursor.expectWords('END')
  return { kind: 'case', operand, branches, otherwise }
}

function parseNameOrCall(cursor: TokenCursor): Expression {
  const following = cursor.peek(1)
  if (cursor.token.kind === 'word' && following.kind === 'operator' && following.text === '(') {
    return parseCall(cursor)
  }
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.takeOperator('.')) parts.push(cursor.anyName())
  const [name = '', table, schema] = parts.reverse()
  return { kind: 'column', schema, table, name }
}

/** `INTERVAL 1 DAY`, without what it is added to. */
export function parseInterval(cursor: TokenCursor): {
  readonly amount: Expression
  readonly unit: Extract<Expression, { kind: 'addInterval' }>['unit']
} {
  cursor.expectWords('INTERVAL')
  const amount = parseExpression(cursor)
  return { amount, unit: parseUnit(cursor) }
}

/** A unit of time; SQL_TSI_ prefixes are taken too. */
export function parseUnit(cursor: TokenCursor): Extract<Expression, { kind: 'extract' }>['unit'] {
  const word = cursor.token.kind === 'word' ? cursor.token.text.replace(/^SQL_TSI_/, '') : ''
  switch (word) {
    case 'MICROSECOND':
    case 'SECOND':
    case 'MINUTE':
    case 'HOUR':
    case 'DAY':
    case 'WEEK':
    case 'MONTH':
    case 'QUARTER':
    case 'YEAR':
      cursor.next()
      return word
    default:
      if (/^[A-Z]+_[A-Z]+$/.test(word)) throw unsupported(`INTERVAL … ${word}`)
      throw cursor.syntaxError()
  }
}

/** Does a query begin here? */
export function startsQuery(cursor: TokenCursor): boolean {
  if (cursor.isWord('SELECT', 'WITH')) return true
  let ahead = 0
  while (cursor.peek(ahead).text === '(' && cursor.peek(ahead).kind === 'operator') ahead++
  const token = cursor.peek(ahead)
  return ahead > 0 && token.kind === 'word' && token.text === 'SELECT'
}
