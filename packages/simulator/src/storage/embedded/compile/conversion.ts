import { SqlError, unsupported } from '../sql-error.js'
import {
  formatDecimal,
  parseNumber,
  powerOfTen,
  rescale,
  textToDouble,
  withinInt64,
} from '../values/decimal.js'
import {
  BIGINT,
  DOUBLE,
  datetimeType,
  decimalType,
  type EngineValue,
  exactDigits,
  INT,
  isNumeric,
  maxChars,
  type SqlType,
  stringType,
} from '../values/sql-type.js'
import { formatDateTime, parseDateTime } from '../values/temporal.js'
import type { Compilation } from './compilation.js'
import { type Emission, emit } from './emission.js'

/** The collation that all strings have unless a `_bin` one was asked for. */
export const INSENSITIVE = 'mysql_ci'

/** The value of a literal; undefined for what is known only when the statement runs. */
export function literalValue(emission: Emission): EngineValue | undefined {
  return emission.constant?.kind === 'value' ? emission.constant.value : undefined
}

/** As a number: exact where MySQL keeps it exact, else a double. */
export function toNumber(compilation: Compilation, emission: Emission): Emission {
  const { type } = emission
  if (isNumeric(type) || type.kind === 'null') return emission
  if (type.kind !== 'string' || type.members) {
    const name = type.kind === 'string' ? 'ENUM' : type.kind.toUpperCase()
    throw unsupported(`${name} values as numbers`)
  }
  const literal = literalValue(emission)
  if (typeof literal === 'string' && !compilation.isWrite) {
    return compilation.constant(textToDouble(literal), DOUBLE)
  }
  return emit(`${compilation.conversion('m_number')}(${emission.sql})`, DOUBLE, emission.nullable)
}

/** As a double. */
export function toDouble(compilation: Compilation, emission: Emission): Emission {
  const number = toNumber(compilation, emission)
  switch (number.type.kind) {
    case 'decimal': {
      const divisor = powerOfTen(number.type.scale)
      return emit(`(CAST(${number.sql} AS REAL) / ${divisor}.0)`, DOUBLE, number.nullable)
    }
    case 'int':
    case 'year':
      return emit(`CAST(${number.sql} AS REAL)`, DOUBLE, number.nullable)
    default:
      return number
  }
}

/** An exact number scaled to `scale` digits. */
export function toScaled(compilation: Compilation, emission: Emission, scale: number): string {
  const digits = exactDigits(emission.type)
  if (!digits) return emission.sql
  const difference = scale - digits.scale
  if (difference === 0) return emission.sql
  const literal = literalValue(emission)
  if (typeof literal === 'bigint' || typeof literal === 'number') {
    const scaled = withinInt64(rescale(BigInt(literal), digits.scale, scale))
    return compilation.constant(scaled, decimalType(18, scale)).sql
  }
  if (difference > 0 && digits.integer + scale <= 18) {
    return `(${emission.sql} * ${powerOfTen(difference)})`
  }
  return `m_rescale(${emission.sql}, ${digits.scale}, ${scale})`
}

/** A quotient cut to the digits that are shown, where it leaves the expression that it is part of. */
export function settle(emission: Emission): Emission {
  const { type, sql } = emission
  if (type.kind !== 'decimal' || type.scale === type.shown) return emission
  const settled = decimalType(type.precision - type.scale + type.shown, type.shown)
  return emit(`m_rescale(${sql}, ${type.scale}, ${type.shown})`, settled, emission.nullable)
}

/** As text, written as MySQL writes it. */
export function toText(compilation: Compilation, emission: Emission): Emission {
  const { type, sql } = emission
  const text = (converted: string): Emission =>
    emit(converted, stringType(maxChars(type)), emission.nullable)
  switch (type.kind) {
    case 'string':
    case 'null':
      return emission
    case 'json':
      return emit(sql, stringType(65535), emission.nullable)
    case 'int':
    case 'year': {
      const literal = literalValue(emission)
      if (typeof literal === 'bigint')
        return compilation.constant(literal.toString(), stringType(maxChars(type)))
      return text(`CAST(${sql} AS TEXT)`)
    }
    case 'decimal': {
      const literal = literalValue(emission)
      if (typeof literal === 'bigint') {
        return compilation.constant(formatDecimal(literal, type.scale), stringType(maxChars(type)))
      }
      return text(`m_decimal_text(${settle(emission).sql}, ${type.shown})`)
    }
    case 'double':
      if (type.rounded) throw unsupported('ROUND of a DOUBLE as text')
      return text(`m_double_text(${sql}, ${type.single ? 1 : 0})`)
    case 'date':
      return text(sql)
    case 'datetime':
      return text(`substr(${sql}, 1, ${maxChars(type)})`)
    case 'time':
      return text(`m_time_text(${sql}, ${type.fsp})`)
    case 'bytes':
      throw unsupported('binary strings among text')
  }
}

/** As a condition. In the engine, as in MySQL, every number but zero is true. */
export function toTruth(compilation: Compilation, emission: Emission): string {
  return emission.type.kind === 'null' ? 'NULL' : toNumber(compilation, emission).sql
}

/** As a date with time, in the engine's text; what is none becomes NULL. */
export function toDateTime(compilation: Compilation, emission: Emission): Emission {
  const { type, sql } = emission
  switch (type.kind) {
    case 'datetime':
    case 'null':
      return emission
    case 'date':
      return emit(`(${sql} || ' 00:00:00.000000')`, datetimeType(0), emission.nullable)
    case 'string': {
      const literal = literalValue(emission)
      if (typeof literal !== 'string')
        return emit(`${compilation.conversion('m_datetime')}(${sql})`, datetimeType(6), true)
      const parsed = parseDateTime(literal)
      if (!parsed) return compilation.constant(null, datetimeType(0))
      const fsp = Math.min(6, /\.(\d+)\s*$/.exec(literal)?.[1]?.length ?? 0)
      return compilation.constant(formatDateTime(parsed.micros), datetimeType(fsp))
    }
    default:
      throw unsupported(`values of type ${type.kind} as dates`)
  }
}

/** A string literal that is to be compared with a time: MySQL's 1525 when it is none. */
export function checkTemporalLiteral(emission: Emission, kind: 'date' | 'datetime'): void {
  const literal = literalValue(emission)
  if (typeof literal !== 'string' || parseDateTime(literal)) return
  throw new SqlError(1525, 'HY000', `Incorrect ${kind.toUpperCase()} value: '${literal}'`)
}

/** As a value of another type, without loss: for branches of CASE, members of UNION and the like. */
export function toCommonType(
  compilation: Compilation,
  emission: Emission,
  type: SqlType,
): Emission {
  const from = emission.type
  if (from.kind === 'null') return emit(emission.sql, type, true)
  const as = (sql: string): Emission => emit(sql, type, emission.nullable)
  switch (type.kind) {
    case 'null':
    case 'date':
    case 'year':
    case 'json':
    case 'time':
      return as(emission.sql)
    case 'int':
      return as(emission.sql)
    case 'decimal':
      return as(toScaled(compilation, emission, type.scale))
    case 'double':
      return as(toDouble(compilation, emission).sql)
    case 'datetime':
      return as(toDateTime(compilation, emission).sql)
    case 'string':
      return as(toText(compilation, emission).sql)
    case 'bytes':
      if (from.kind === 'bytes') return as(emission.sql)
      return as(`CAST(${toText(compilation, emission).sql} AS BLOB)`)
  }
}

/** An integer for arguments such as positions and counts, rounded. */
export function toInteger(compilation: Compilation, emission: Emission): string {
  const number = toNumber(compilation, emission)
  if (number.type.kind === 'decimal') return `m_rescale(${number.sql}, ${number.type.scale}, 0)`
  if (number.type.kind === 'double') return `m_round_to_int(${number.sql})`
  return number.sql
}

/** A literal number as written: an integer, an exact decimal, or a double if it has an exponent. */
export function numberLiteral(compilation: Compilation, text: string): Emission {
  if (/[eE]/.test(text)) return compilation.constant(Number(text), DOUBLE)
  const { digits, scale } = parseNumber(text)
  if (!text.includes('.')) {
    const size = digits < 0n ? -digits : digits
    const width = text.length
    const isSmall = size < 2n ** 31n
    if (size < 2n ** 63n || digits === -(2n ** 63n)) {
      return compilation.constant(digits, isSmall ? { ...INT, width: Math.max(2, width) } : BIGINT)
    }
  }
  const precision = Math.max(scale, digits.toString().replace('-', '').length)
  return compilation.constant(withinInt64(digits), decimalType(precision, scale))
}
