import { unsupported } from '../sql-error.js'

const INT64_MAX = 2n ** 63n - 1n
const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?/

/** Ten to the power given. */
export function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

/** Refuses what the engine's 64-bit integers cannot hold, rather than give an inexact answer. */
export function withinInt64(value: bigint): bigint {
  if (value > INT64_MAX || value < -INT64_MAX - 1n) {
    throw unsupported('exact numbers of more than 18 digits')
  }
  return value
}

/** Divides and rounds half away from zero, as MySQL rounds exact numbers. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n
  const size = dividend < 0n ? -dividend : dividend
  const by = divisor < 0n ? -divisor : divisor
  const result = (size + by / 2n) / by
  return negative ? -result : result
}

/** The same number with another scale. */
export function rescale(value: bigint, from: number, to: number): bigint {
  if (to >= from) return value * powerOfTen(to - from)
  return divideRounded(value, powerOfTen(from - to))
}

/** A number at the beginning of a text. */
export interface ParsedNumber {
  readonly digits: bigint
  readonly scale: number
  /** Is the whole text the number, blanks around it aside? */
  readonly complete: boolean
}

/** Reads the number that a text begins with, as MySQL does; zero if there is none. */
export function parseNumber(text: string): ParsedNumber {
  const match = NUMBER.exec(text)
  const [all = '', sign, integer = '', fraction = '', exponent = '0'] = match ?? []
  if (integer === '' && fraction === '') return { digits: 0n, scale: 0, complete: false }
  const size = BigInt(integer + fraction)
  const digits = sign === '-' ? -size : size
  const complete = /^\s*$/.test(text.slice(all.length))
  const power = Math.max(-400, Math.min(400, Number(exponent)))
  const scale = fraction.length - power
  if (scale >= 0) return { digits, scale, complete }
  return { digits: digits * powerOfTen(-scale), scale: 0, complete }
}

/** A text as an exact number of the scale given, rounded. */
export function parseDecimal(text: string, scale: number): bigint {
  const number = parseNumber(text)
  return rescale(number.digits, number.scale, scale)
}

/** A scaled number written out: `1234` of scale 2 is `12.34`. */
export function formatDecimal(value: bigint | number, scale: number): string {
  if (scale === 0) return value.toString()
  const negative = value < 0
  const digits = (negative ? -BigInt(value) : BigInt(value)).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** The number that a text begins with, as a double; 0 if there is none. */
export function textToDouble(text: string): number {
  const match = NUMBER.exec(text)
  if (!match || (match[2] === '' && (match[3] ?? '') === '')) return 0
  return Number(match[0])
}

/** A double written as MySQL writes it: exponents without plus, and only from 15 digits on. */
export function formatDouble(value: number, single: boolean): string {
  if (Object.is(value, -0)) return '-0'
  const shortest = single ? Number(value.toPrecision(6)) : value
  const [mantissa = '', power = '0'] = shortest.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= 15 || exponent < -14) return `${mantissa}e${exponent}`
  const fixed = shortest.toString()
  if (!fixed.includes('e')) return fixed
  const digits = mantissa.replace(/[-.]/g, '')
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(-exponent - 1)}${digits}`
}
