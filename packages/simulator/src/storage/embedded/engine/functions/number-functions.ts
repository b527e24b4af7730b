import { integerArithmetic } from '../../compile/arithmetic.js'
import { outOfRange, SqlError, unsupported } from '../../sql-error.js'
import {
  divideRounded,
  formatDecimal,
  formatDouble,
  parseDecimal,
  parseNumber,
  powerOfTen,
  rescale,
  textToDouble,
  withinInt64,
} from '../../values/decimal.js'
import { formatTime } from '../../values/temporal.js'
import type { FunctionTable } from './function-table.js'

const MAX_BIGINT = 2n ** 63n - 1n

function bits(left: bigint, operator: string, right: bigint): bigint {
  const [a, b] = [BigInt.asUintN(64, left), BigInt.asUintN(64, right)]
  const shift = right > 63n || right < 0n ? 64n : right
  const results: Readonly<Record<string, bigint>> = {
    '|': a | b,
    '&': a & b,
    '^': a ^ b,
    '<<': a << shift,
    '>>': a >> shift,
    '~': ~a,
  }
  const result = BigInt.asUintN(64, results[operator] ?? 0n)
  if (result > MAX_BIGINT) throw unsupported('unsigned numbers above 9223372036854775807')
  return result
}

/** ROUND and TRUNCATE of an exact number to `places` digits after the point; negative ones before it. */
function toPlaces(
  value: bigint,
  scale: bigint,
  places: bigint,
  keep: bigint,
  truncate: boolean,
): bigint {
  const cut = Number(scale - places)
  if (cut <= 0) return rescale(value, Number(scale), Number(keep))
  const unit = powerOfTen(cut)
  const whole = truncate ? value / unit : divideRounded(value, unit)
  return withinInt64(rescale(whole * unit, Number(scale), Number(keep)))
}

function doubleToPlaces(value: number, places: bigint, truncate: boolean): number {
  const factor = 10 ** Math.abs(Number(places))
  const scaled = places >= 0n ? value * factor : value / factor
  if (!Number.isFinite(scaled)) return value
  const whole = truncate ? Math.trunc(scaled) : roundHalfEven(scaled)
  return places >= 0n ? whole / factor : whole * factor
}

/** Doubles round as the platform's rint does: halves to even. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function castInteger(text: string, unsigned: bigint): bigint {
  const digits = /^\s*([+-]?\d+)/.exec(text)?.[1]
  const value = digits ? BigInt(digits) : 0n
  const max = unsigned ? 2n ** 64n - 1n : MAX_BIGINT
  const clipped = value > max ? max : value < -MAX_BIGINT - 1n ? -MAX_BIGINT - 1n : value
  const result = unsigned ? BigInt.asUintN(64, clipped) : clipped
  if (result > MAX_BIGINT) throw unsupported('unsigned numbers above 9223372036854775807')
  return result
}

function truncated(type: string, text: string): SqlError {
  return new SqlError(1292, '22007', `Truncated incorrect ${type} value: '${text}'`)
}

/** Conversions and arithmetic that the engine would do otherwise than MySQL. */
export const NUMBER_FUNCTIONS: FunctionTable = {
  m_number: (text: string) => textToDouble(text),
  m_number_strict: (text: string) => {
    if (!parseNumber(text).complete) throw truncated('DOUBLE', text)
    return textToDouble(text)
  },
  m_divisor: (value: bigint | number) => {
    if (Number(value) === 0) throw new SqlError(1365, '22012', 'Division by 0')
    return value
  },
  m_limit: (count: bigint) => {
    if (count < 0n) throw new SqlError(1210, 'HY000', 'Incorrect arguments to LIMIT')
    return count
  },
  m_rescale: (value: bigint, from: bigint, to: bigint) =>
    withinInt64(rescale(value, Number(from), Number(to))),
  m_decimal_text: (value: bigint, scale: bigint) => formatDecimal(value, Number(scale)),
  m_decimal_of: (text: string, scale: bigint) => withinInt64(parseDecimal(text, Number(scale))),
  m_double_text: (value: number, single: bigint) => formatDouble(value, single === 1n),
  m_time_text: (value: bigint, fsp: bigint) => formatTime(value, Number(fsp)),
  m_round_to_int: (value: number) => withinInt64(BigInt(roundHalfEven(value))),
  m_truncate_to_int: (value: number) => withinInt64(BigInt(Math.trunc(value))),
  m_bits: bits,
  m_finite: (value: number) => {
    if (!Number.isFinite(value)) throw outOfRange('DOUBLE', String(value))
    return Number(value)
  },
  m_int: (left: bigint, operator: string, right: bigint, unsigned: bigint) =>
    integerArithmetic(left, operator, right, unsigned === 1n),
  m_decimal: (left: bigint, operator: string, right: bigint) =>
    withinInt64(operator === '+' ? left + right : operator === '-' ? left - right : left * right),
  m_divide: (a: bigint, scaleA: bigint, b: bigint, scaleB: bigint, scale: bigint) =>
    b === 0n ? null : withinInt64((a * powerOfTen(Number(scale - scaleA + scaleB))) / b),
  m_remainder: (left: number, right: number) => (right === 0 ? null : left % right),
  m_cast_int: castInteger,
  m_cast_int_strict: (text: string, unsigned: bigint) => {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw truncated('INTEGER', text)
    return castInteger(text, unsigned)
  },
  m_clip: (value: bigint, precision: bigint) => {
    const limit = powerOfTen(Number(precision)) - 1n
    return value > limit ? limit : value < -limit ? -limit : value
  },
  m_whole: (value: bigint, scale: bigint, direction: string) => {
    const unit = powerOfTen(Number(scale))
    const rest = ((value % unit) + unit) % unit
    const floor = (value - rest) / unit
    return direction === 'ceil' && rest > 0n ? floor + 1n : floor
  },
  m_round: (value: bigint, scale: bigint, places: bigint, keep: bigint) =>
    toPlaces(value, scale, places, keep, false),
  m_truncate: (value: bigint, scale: bigint, places: bigint, keep: bigint) =>
    toPlaces(value, scale, places, keep, true),
  m_round_double: (value: number, places: bigint) => doubleToPlaces(value, places, false),
  m_truncate_double: (value: number, places: bigint) => doubleToPlaces(value, places, true),
  m_sqrt: (value: number) => (value < 0 ? null : Math.sqrt(value)),
  m_random: () => Math.random(),
  m_raise: (errno: bigint) => {
    if (errno === 1242n) throw new SqlError(1242, '21000', 'Subquery returns more than 1 row')
    throw unsupported(`error ${errno}`)
  },
}
