import { SqlError, unsupported } from '../sql-error.js'
import { parseNumber, powerOfTen, rescale, withinInt64 } from './decimal.js'
import { normaliseJson } from './json-text.js'
import { showInMessage } from './show-value.js'
import { type EngineValue, exactDigits, integerBounds, type SqlType } from './sql-type.js'
import {
  formatDateTime,
  isWithinCalendar,
  microsOf,
  parseDateTime,
  parseTime,
  roundMicros,
} from './temporal.js'

/** Where a value is to be stored, for the message if it does not fit. */
export interface Destination {
  readonly column: string
  readonly type: SqlType
  readonly row: number
}

/** Converts a value to a column's type as strict SQL mode does: what does not fit is an error. */
export function storeValue(value: EngineValue, from: SqlType, to: Destination): EngineValue {
  if (value === null) return null
  const { type } = to
  switch (type.kind) {
    case 'int':
      return storeInteger(value, from, to, type)
    case 'decimal':
      return storeDecimal(value, from, to, type)
    case 'double': {
      const number = numberOf(value, from, to)
      if (type.unsigned && number < 0) throw outOfRange(to)
      if (!Number.isFinite(type.single ? Math.fround(number) : number)) throw outOfRange(to)
      return type.single ? Math.fround(number) : number
    }
    case 'string':
      return storeString(value, from, to, type)
    case 'bytes':
      return storeBytes(value, from, to, type)
    case 'json': {
      const text = normaliseJson(textOf(value, from, to))
      if (text !== undefined) return text
      throw new SqlError(
        3140,
        '22032',
        `Invalid JSON text: "Invalid value." at position 0 in value for column '${to.column}'.`,
      )
    }
    case 'date':
    case 'datetime':
      return storeDateTime(value, from, to, type)
    case 'time':
      return storeTime(value, from, to, type)
    case 'year': {
      const number = Number(exactOf(value, from, to, 0))
      if (number < 1901 || number > 2155) throw outOfRange(to)
      return BigInt(number)
    }
    case 'null':
      return null
  }
}

function storeInteger(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'int' }>,
): bigint {
  const number = exactOf(value, from, to, 0)
  const { min, max } = integerBounds(type)
  if (number < min || number > max) throw outOfRange(to)
  if (number >= 2n ** 63n) throw unsupported('unsigned numbers above 9223372036854775807')
  return number
}

function storeDecimal(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'decimal' }>,
): bigint {
  const number = exactOf(value, from, to, type.scale)
  const limit = powerOfTen(type.precision)
  if (number >= limit || number <= -limit || (type.unsigned && number < 0n)) throw outOfRange(to)
  return withinInt64(number)
}

/** The value as an exact number of the scale given, rounded half away from zero. */
function exactOf(value: EngineValue, from: SqlType, to: Destination, scale: number): bigint {
  const digits = exactDigits(from)
  if (digits) return rescale(BigInt(value as bigint), digits.scale, scale)
  if (from.kind === 'double') {
    const number = Number(value)
    if (!Number.isFinite(number)) throw outOfRange(to)
    const parsed = parseNumber(String(number))
    return rescale(parsed.digits, parsed.scale, scale)
  }
  const text = textOf(value, from, to)
  const parsed = parseNumber(text)
  if (!parsed.complete) throw notANumber(text, to)
  return rescale(parsed.digits, parsed.scale, scale)
}

function numberOf(value: EngineValue, from: SqlType, to: Destination): number {
  if (from.kind === 'double') return Number(value)
  const digits = exactDigits(from)
  if (digits) return Number(value) / Number(powerOfTen(digits.scale))
  const text = textOf(value, from, to)
  if (!parseNumber(text).complete) throw notANumber(text, to)
  return Number(text)
}

/** MySQL tells apart texts without a number and texts with something after one. */
function notANumber(text: string, to: Destination): SqlError {
  const isInteger = to.type.kind === 'int'
  const name = isInteger ? 'integer' : to.type.kind === 'decimal' ? 'decimal' : to.type.kind
  if (/^\s*[+-]?\.?\d/.test(text)) {
    return new SqlError(1265, '01000', `Data truncated for column '${to.column}' at row ${to.row}`)
  }
  return new SqlError(
    1366,
    'HY000',
    `Incorrect ${name} value: '${text}' for column '${to.column}' at row ${to.row}`,
  )
}

function textOf(value: EngineValue, from: SqlType, to: Destination): string {
  if (value instanceof Uint8Array) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
    } catch {
      const shown = showInMessage(value, from)
      throw new SqlError(
        1366,
        'HY000',
        `Incorrect string value: '${shown}' for column '${to.column}' at row ${to.row}`,
      )
    }
  }
  return showInMessage(value, from)
}

function storeString(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'string' }>,
): string {
  const text = textOf(value, from, to)
  if (type.members) {
    const member = type.members.find((name) => name.toLowerCase() === text.toLowerCase())
    if (member !== undefined) return member
    throw new SqlError(1265, '01000', `Data truncated for column '${to.column}' at row ${to.row}`)
  }
  const isText = type.form === 'TEXT'
  const stored = type.form === 'CHAR' ? text.replace(/ +$/, '') : text
  const size = isText ? Buffer.byteLength(stored) : charCount(stored)
  if (size <= type.maxChars) return stored
  // Blanks at the end are cut without an error, as for every non-binary string.
  const trimmed = stored.replace(/ +$/, '')
  if (!isText && charCount(trimmed) <= type.maxChars)
    return [...stored].slice(0, type.maxChars).join('')
  throw tooLong(to)
}

function charCount(text: string): number {
  let count = text.length
  for (const char of text) count -= char.length - 1
  return count
}

function storeBytes(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'bytes' }>,
): Uint8Array {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(value, from, to))
  if (bytes.length > type.maxBytes) throw tooLong(to)
  if (type.form !== 'BINARY' || bytes.length === type.maxBytes) return bytes
  const padded = new Uint8Array(type.maxBytes)
  padded.set(bytes)
  return padded
}

function storeDateTime(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'date' | 'datetime' }>,
): string {
  if (from.kind === 'date')
    return type.kind === 'date' ? (value as string) : `${value} 00:00:00.000000`
  const text = from.kind === 'datetime' ? (value as string) : textOf(value, from, to)
  const micros = from.kind === 'datetime' ? microsOf(text) : parseDateTime(text)?.micros
  if (from.kind === 'time') throw unsupported('TIME stored as a date')
  if (micros === undefined) {
    const name = type.kind === 'date' ? 'date' : 'datetime'
    throw new SqlError(
      1292,
      '22007',
      `Incorrect ${name} value: '${text}' for column '${to.column}' at row ${to.row}`,
    )
  }
  if (type.kind === 'date') return formatDateTime(micros).slice(0, 10)
  const rounded = roundMicros(micros, type.fsp)
  if (!isWithinCalendar(rounded) || (type.timestamp && !isWithinTimestamps(rounded))) {
    throw new SqlError(
      1292,
      '22007',
      `Incorrect datetime value: '${text}' for column '${to.column}' at row ${to.row}`,
    )
  }
  return formatDateTime(rounded)
}

/** TIMESTAMP reaches from 1970-01-01 00:00:01 to 2038-01-19 03:14:07.499999. */
function isWithinTimestamps(micros: bigint): boolean {
  return micros >= 1_000_000n && micros < 2_147_483_648_000_000n
}

function storeTime(
  value: EngineValue,
  from: SqlType,
  to: Destination,
  type: Extract<SqlType, { kind: 'time' }>,
): bigint {
  if (from.kind === 'time') return roundMicros(BigInt(value as bigint), type.fsp)
  if (from.kind !== 'string') throw unsupported(`values of type ${from.kind} stored as TIME`)
  const micros = parseTime(value as string)
  if (micros !== undefined) return roundMicros(micros, type.fsp)
  throw new SqlError(
    1292,
    '22007',
    `Incorrect time value: '${value}' for column '${to.column}' at row ${to.row}`,
  )
}

function outOfRange(to: Destination): SqlError {
  return new SqlError(
    1264,
    '22003',
    `Out of range value for column '${to.column}' at row ${to.row}`,
  )
}

function tooLong(to: Destination): SqlError {
  return new SqlError(1406, '22001', `Data too long for column '${to.column}' at row ${to.row}`)
}
