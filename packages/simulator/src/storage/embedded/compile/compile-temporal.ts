import type { Expression, IntervalUnit } from '../sql/ast.js'
import { unsupported } from '../sql-error.js'
import { BIGINT, exactDigits, fspOf, INT } from '../values/sql-type.js'
import type { Compilation } from './compilation.js'
import { compileExpression } from './compile-expression.js'
import { toDateTime, toDouble, toInteger, toNumber } from './conversion.js'
import { type Emission, emit } from './emission.js'
import type { Scope } from './scope.js'

const DAY_UNITS: readonly IntervalUnit[] = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']

/** `operand + INTERVAL amount unit`. */
export function compileInterval(
  scope: Scope,
  expression: Extract<Expression, { kind: 'addInterval' }>,
): Emission {
  const { compilation } = scope
  const operand = compileExpression(scope, expression.operand)
  const amount = toNumber(compilation, compileExpression(scope, expression.amount))
  const { unit, sign } = expression
  if (operand.type.kind === 'time') throw unsupported('INTERVAL added to TIME')
  const time = toDateTime(compilation, operand)
  const isFractional = unit === 'SECOND' && (exactDigits(amount.type)?.scale ?? 6) > 0
  const count = isFractional ? toDouble(compilation, amount).sql : toInteger(compilation, amount)
  const sql = `m_add_interval(${time.sql}, ${count}, '${unit}', ${sign})`
  if (operand.type.kind === 'date' && DAY_UNITS.includes(unit)) {
    return emit(`substr(${sql}, 1, 10)`, { kind: 'date' }, true)
  }
  if (operand.type.kind === 'string') {
    // MySQL gives text back here, with a time of day only when there is one.
    return emit(
      `m_show_datetime(${sql})`,
      { kind: 'string', form: 'VARCHAR', maxChars: 29, exact: false, members: undefined },
      true,
    )
  }
  const digits = isFractional ? (exactDigits(amount.type)?.scale ?? 6) : 0
  const fsp = unit === 'MICROSECOND' ? 6 : Math.min(6, Math.max(digits, fspOf(time.type)))
  return emit(sql, { kind: 'datetime', fsp, timestamp: false }, true)
}

/** TIMESTAMPDIFF: whole units from one time to another. */
export function compileTimestampDiff(
  scope: Scope,
  expression: Extract<Expression, { kind: 'timestampDiff' }>,
): Emission {
  const { compilation } = scope
  const from = toDateTime(compilation, compileExpression(scope, expression.from))
  const to = toDateTime(compilation, compileExpression(scope, expression.to))
  return emit(`m_timestamp_diff('${expression.unit}', ${from.sql}, ${to.sql})`, BIGINT, true)
}

const EXTRACTS: Partial<Record<IntervalUnit, readonly [start: number, length: number]>> = {
  YEAR: [1, 4],
  MONTH: [6, 2],
  DAY: [9, 2],
  HOUR: [12, 2],
  MINUTE: [15, 2],
  SECOND: [18, 2],
  MICROSECOND: [21, 6],
}

/** EXTRACT and the functions named for a unit. */
export function compileExtract(
  compilation: Compilation,
  unit: IntervalUnit,
  operand: Emission,
): Emission {
  const time = toDateTime(compilation, operand).sql
  if (unit === 'QUARTER') {
    return emit(`((CAST(substr(${time}, 6, 2) AS INTEGER) + 2) / 3)`, INT, true)
  }
  const part = EXTRACTS[unit]
  if (!part) throw unsupported(`EXTRACT(${unit} FROM …)`)
  return emit(`CAST(substr(${time}, ${part[0]}, ${part[1]}) AS INTEGER)`, INT, true)
}
