import type { ComparisonOperator } from '../sql/ast.js'
import { unsupported } from '../sql-error.js'
import { exactDigits, isNumeric, isTemporal, type SqlType, TRUTH } from '../values/sql-type.js'
import { parseDateTime, parseTime } from '../values/temporal.js'
import type { Compilation } from './compilation.js'
import {
  checkTemporalLiteral,
  INSENSITIVE,
  literalValue,
  toDateTime,
  toDouble,
  toScaled,
  toText,
} from './conversion.js'
import { type Emission, emit } from './emission.js'

/** Two operands made comparable by the engine; the collation, if any, stands on the left one. */
export interface Comparable {
  readonly left: string
  readonly right: string
}

/** `left operator right` as MySQL compares values of these types. */
export function compare(
  compilation: Compilation,
  operator: ComparisonOperator,
  left: Emission,
  right: Emission,
): Emission {
  const operands = comparable(compilation, left, right)
  const nullable = operator !== '<=>' && (left.nullable || right.nullable)
  const engineOperator = operator === '<=>' ? 'IS' : operator
  return emit(`(${operands.left} ${engineOperator} ${operands.right})`, TRUTH, nullable)
}

/** Converts two operands to what MySQL compares: exact numbers, doubles, times, strings or bytes. */
export function comparable(compilation: Compilation, left: Emission, right: Emission): Comparable {
  const [a, b] = [left.type, right.type]
  if (a.kind === 'null' || b.kind === 'null') return { left: left.sql, right: right.sql }
  if (a.kind === 'json' || b.kind === 'json') throw unsupported('comparison of JSON')
  if (isTemporal(a) || isTemporal(b)) return comparableTimes(compilation, left, right)
  if (isNumeric(a) || isNumeric(b)) return comparableNumbers(compilation, left, right)
  if (a.kind === 'bytes' || b.kind === 'bytes') {
    return { left: asBytes(compilation, left), right: asBytes(compilation, right) }
  }
  return { left: collated(left, [a, b]), right: right.sql }
}

/** A string with the collation that decides between the types given. */
export function collated(emission: Emission, types: readonly SqlType[]): string {
  const exact = types.some((type) => type.kind === 'string' && type.exact)
  return `${emission.sql} COLLATE ${exact ? 'BINARY' : INSENSITIVE}`
}

function asBytes(compilation: Compilation, emission: Emission): string {
  if (emission.type.kind === 'bytes') return emission.sql
  return `CAST(${toText(compilation, emission).sql} AS BLOB)`
}

function comparableNumbers(compilation: Compilation, left: Emission, right: Emission): Comparable {
  for (const { type } of [left, right]) {
    if (type.kind === 'string' && type.members) throw unsupported('ENUM compared with a number')
  }
  const leftDigits = exactDigits(left.type)
  const rightDigits = exactDigits(right.type)
  if (!leftDigits || !rightDigits) {
    // The engine compares integers with doubles exactly: an untouched column can use its index.
    const asDouble = (emission: Emission): string =>
      emission.type.kind === 'int' ? emission.sql : toDouble(compilation, emission).sql
    return { left: asDouble(left), right: asDouble(right) }
  }
  const scale = Math.max(leftDigits.scale, rightDigits.scale)
  return { left: toScaled(compilation, left, scale), right: toScaled(compilation, right, scale) }
}

function comparableTimes(compilation: Compilation, left: Emission, right: Emission): Comparable {
  const [a, b] = [left.type, right.type]
  if (a.kind === 'time' || b.kind === 'time') return comparableSpans(compilation, left, right)
  if (a.kind === 'date' && b.kind === 'date') return { left: left.sql, right: right.sql }
  for (const [one, other] of [[left, b] as const, [right, a] as const]) {
    if (one.type.kind === 'string' && (other.kind === 'date' || other.kind === 'datetime')) {
      checkTemporalLiteral(one, other.kind)
    }
  }
  const leftDate = dateLiteral(compilation, left)
  const rightDate = dateLiteral(compilation, right)
  if (a.kind === 'date' && rightDate) return { left: left.sql, right: rightDate }
  if (b.kind === 'date' && leftDate) return { left: leftDate, right: right.sql }
  return { left: toDateTime(compilation, left).sql, right: toDateTime(compilation, right).sql }
}

/** A string literal that is a date alone, in the engine's form: a date column keeps its index. */
function dateLiteral(compilation: Compilation, emission: Emission): string | undefined {
  const literal = literalValue(emission)
  if (emission.type.kind !== 'string' || typeof literal !== 'string') return undefined
  const parsed = parseDateTime(literal)
  if (!parsed || parsed.hasTime) return undefined
  const converted = toDateTime(compilation, emission)
  const value = literalValue(converted)
  return typeof value === 'string'
    ? compilation.constant(value.slice(0, 10), { kind: 'date' }).sql
    : undefined
}

function comparableSpans(compilation: Compilation, left: Emission, right: Emission): Comparable {
  const span = (emission: Emission): string => {
    if (emission.type.kind === 'time') return emission.sql
    const literal = literalValue(emission)
    if (emission.type.kind !== 'string') {
      throw unsupported(`TIME compared with values of type ${emission.type.kind}`)
    }
    if (typeof literal !== 'string') return `m_time(${emission.sql})`
    const micros = parseTime(literal)
    if (micros === undefined) throw unsupported('TIME compared with other than a time')
    return compilation.constant(micros, { kind: 'time', fsp: 6 }).sql
  }
  return { left: span(left), right: span(right) }
}
