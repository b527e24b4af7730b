import type { Expression, FunctionCall } from '../../sql/ast.js'
import { SqlError, unsupported } from '../../sql-error.js'
import {
  BIGINT,
  DOUBLE,
  decimalType,
  exactDigits,
  type SqlType,
  stringType,
} from '../../values/sql-type.js'
import { quotientType, refuseCut } from '../arithmetic.js'
import { collated } from '../comparison.js'
import { compileExpression } from '../compile-expression.js'
import { orderTerm } from '../compile-query.js'
import { toDouble, toText } from '../conversion.js'
import { type Emission, emit } from '../emission.js'
import type { Scope } from '../scope.js'

/** The aggregates of the subset. */
export const AGGREGATES: ReadonlySet<string> = new Set([
  'COUNT',
  'SUM',
  'AVG',
  'MIN',
  'MAX',
  'GROUP_CONCAT',
  'ANY_VALUE',
])

/** Does an expression aggregate at its own level, queries inside it aside? */
export function containsAggregate(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsAggregate)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if ('body' in value) return false
  const node = value as Partial<Expression>
  if (node.kind === 'call' && node.name && AGGREGATES.has(node.name)) return true
  return Object.values(value).some(containsAggregate)
}

/** Compiles COUNT, SUM and the like. */
export function compileAggregate(scope: Scope, call: FunctionCall): Emission {
  if (scope.aggregates === 'no') throw new SqlError(1111, 'HY000', 'Invalid use of group function')
  const { onBareColumn: _, ...rest } = scope
  const inner: Scope = { ...rest, aggregates: 'no' }
  const list = call.arguments.map((argument) => compileExpression(inner, argument))
  if (call.star) return emit('count(*)', BIGINT, false)
  const [argument] = list
  if (!argument) throw new SqlError(1064, '42000', `${call.name} needs an argument`)
  if (list.length > 1 && call.name !== 'GROUP_CONCAT') {
    throw unsupported(`${call.name} of several arguments`)
  }
  const distinct = call.distinct ? 'DISTINCT ' : ''
  const { type } = argument
  const operand = type.kind === 'string' ? collated(argument, [type]) : argument.sql
  switch (call.name) {
    case 'COUNT':
      return emit(`count(${distinct}${operand})`, BIGINT, false)
    case 'MIN':
    case 'MAX':
      if (type.kind === 'json') throw unsupported(`${call.name} of JSON`)
      // ENUMs are compared as strings here, not by their position.
      return emit(`${call.name.toLowerCase()}(${operand})`, withoutMembers(type), true)
    case 'ANY_VALUE':
      return emit(`max(${operand})`, type, true)
    case 'GROUP_CONCAT':
      return groupConcat(inner, call, list)
    default:
      return sumOrAverage(scope, call.name, argument, distinct)
  }
}

function withoutMembers(type: SqlType): SqlType {
  return type.kind === 'string' ? { ...type, form: 'VARCHAR', members: undefined } : type
}

function sumOrAverage(scope: Scope, name: string, argument: Emission, distinct: string): Emission {
  const digits = exactDigits(argument.type)
  if (!digits) {
    if (name === 'AVG' && argument.type.kind === 'double' && argument.type.rounded) {
      throw unsupported('AVG of a rounded DOUBLE')
    }
    const operand = toDouble(scope.compilation, argument).sql
    return emit(`${name.toLowerCase()}(${distinct}${operand})`, DOUBLE, true)
  }
  refuseCut(argument)
  const sum = `sum(${distinct}${argument.sql})`
  if (name === 'SUM') {
    const type = decimalType(digits.integer + digits.scale + 22, digits.scale, digits.shown)
    return emit(sum, type, true)
  }
  const { type, scale } = quotientType(digits, { integer: 19, scale: 0, shown: 0 })
  const count = `count(${distinct}${argument.sql})`
  return emit(`m_divide(${sum}, ${digits.scale}, ${count}, 0, ${scale})`, type, true)
}

function groupConcat(scope: Scope, call: FunctionCall, list: readonly Emission[]): Emission {
  const { compilation } = scope
  const text = list.map((part) => toText(compilation, part).sql).join(' || ')
  const separator = compilation.constant(call.separator ?? ',', stringType(1)).sql
  const order = call.orderBy.map((item) =>
    orderTerm(compileExpression(scope, item.expression), item.descending),
  )
  const ordered = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''
  if (call.distinct) throw unsupported('GROUP_CONCAT(DISTINCT …)')
  const longest = compilation.session.systemVariable('session', 'group_concat_max_len')
  const length = compilation.sessionValue(longest).sql
  const sql = `substr(group_concat(${text}, ${separator}${ordered}), 1, ${length})`
  return emit(sql, stringType(Number(longest.value)), true)
}
