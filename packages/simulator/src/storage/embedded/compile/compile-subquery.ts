import type { Expression, Query } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import { TRUTH } from '../values/sql-type.js'
import { comparable, compare } from './comparison.js'
import { compileExpression } from './compile-expression.js'
import { compileQuery } from './compile-query.js'
import { type Emission, emit } from './emission.js'
import type { Scope } from './scope.js'

/** `operand IN (…)`. */
export function compileInList(
  scope: Scope,
  expression: Extract<Expression, { kind: 'inList' }>,
): Emission {
  const { compilation } = scope
  const operands = expression.operand.map((operand) => compileExpression(scope, operand))
  const rows = expression.list.map((row) => row.map((item) => compileExpression(scope, item)))
  const nullable = [...operands, ...rows.flat()].some((part) => part.nullable)
  const not = expression.negated ? 'NOT ' : ''
  const [operand] = operands
  if (operands.length === 1 && operand) {
    const pairs = rows.map((row) => comparable(compilation, operand, row[0] as Emission))
    const left = (pairs[0] as (typeof pairs)[number]).left
    if (pairs.every((pair) => pair.left === left)) {
      const list = pairs.map((pair) => pair.right).join(', ')
      return emit(`(${left} ${not}IN (${list}))`, TRUTH, nullable)
    }
  }
  const alternatives = rows.map((row) => {
    const parts = row.map(
      (item, index) => compare(compilation, '=', operands[index] as Emission, item).sql,
    )
    return `(${parts.join(' AND ')})`
  })
  return emit(`(${not}(${alternatives.join(' OR ')}))`, TRUTH, nullable)
}

/** `operand IN (SELECT …)`. */
export function compileInQuery(
  scope: Scope,
  expression: Extract<Expression, { kind: 'inQuery' }>,
): Emission {
  const { compilation } = scope
  if (expression.query.limit) {
    throw unsupported('LIMIT & IN/ALL/ANY/SOME subquery')
  }
  const operands = expression.operand.map((operand) => compileExpression(scope, operand))
  const query = compileQuery(compilation, expression.query, scope)
  if (query.columns.length !== operands.length) throw operandCount(operands.length)
  const table = compilation.alias()
  const pairs = operands.map((operand, index) => {
    const column = query.columns[index] as (typeof query.columns)[number]
    return comparable(compilation, operand, { ...column, sql: `${table}.${column.sql}` })
  })
  const left = pairs.map((pair) => pair.left).join(', ')
  const right = pairs.map((pair) => pair.right).join(', ')
  const not = expression.negated ? 'NOT ' : ''
  const sql = `((${left}) ${not}IN (SELECT ${right} FROM (${query.sql}) AS ${table}))`
  return emit(sql, TRUTH, true)
}

/** A query as a value: more than one row is MySQL's 1242, where the engine would take the first. */
export function compileScalarQuery(scope: Scope, query: Query): Emission {
  const { compilation } = scope
  const compiled = compileQuery(compilation, query, scope)
  const [column] = compiled.columns
  if (compiled.columns.length !== 1 || !column) throw operandCount(1)
  if (compiled.atMostOneRow) return emit(`(${compiled.sql})`, column.type, true)
  const table = compilation.alias()
  const sql = `(SELECT CASE WHEN count(*) > 1 THEN m_raise(1242) ELSE max(${table}.${column.sql}) END FROM (SELECT * FROM (${compiled.sql}) LIMIT 2) AS ${table})`
  return emit(sql, column.type, true)
}

function operandCount(count: number): SqlError {
  return new SqlError(1241, '21000', `Operand should contain ${count} column(s)`)
}
