import type { ArgType } from '@prisma/driver-adapter-utils'
import { AuroraAdapterError } from './adapter-error.js'
import { temporalText } from './temporal-text.js'

const INTEGER = /^-?\d+$/
const DECIMAL = /^[+-]?\d+(\.\d+)?$/
const SCIENTIFIC = /^([+-]?)(\d+)(?:\.(\d+))?e([+-]?\d+)$/i

/** More than MySQL's DECIMAL holds: such a number stays in its scientific form. */
const MAX_DIGITS = 100

/**
 * A value as it is written in a statement. What is a number for Prisma is one for the server too, so that decimals and 64-bit integers
 * are compared exactly and not as floating-point numbers.
 *
 * @throws AuroraAdapterError `InvalidInputValue` for a value that SQL has no word for (NaN, an invalid date)
 */
export function literalOf(value: unknown, type: ArgType | undefined): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return literalOfText(value, type)
  if (typeof value === 'number') return literalOfNumber(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return literalOfDate(value, type)
  if (ArrayBuffer.isView(value)) {
    return literalOfBytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  }
  // A placeholder stands for one value: never for a list, nor for assignments.
  return quote(JSON.stringify(value))
}

function literalOfText(text: string, type: ArgType | undefined): string {
  switch (type?.scalarType) {
    case 'bigint':
    case 'int':
      return INTEGER.test(text) ? text : quote(text)
    case 'decimal':
    case 'float':
      return DECIMAL.test(text) ? text : literalOfScientific(text)
    case 'datetime':
      return quote(temporalText(text, type.dbType))
    case 'bytes':
      return literalOfBytes(Buffer.from(text, 'base64'))
    default:
      return quote(text)
  }
}

/** JavaScript's numbers are doubles: `0.5` alone would be a DECIMAL in SQL, and so would what is computed from it. */
function literalOfNumber(value: number): string {
  if (!Number.isFinite(value)) throw invalid('A number that is not finite has no form in SQL')
  const text = String(value)
  return Number.isInteger(value) || text.includes('e') ? text : `${text}e0`
}

/** `1.5e+3` is a DOUBLE to the server; the digits written out are a DECIMAL, without loss. */
function literalOfScientific(text: string): string {
  const match = SCIENTIFIC.exec(text)
  if (match === null) return quote(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const point = whole.length + Number(exponent)
  const digits = whole + fraction
  if (Math.abs(point) > MAX_DIGITS) return text
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits.padEnd(point, '0')
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

function literalOfDate(value: Date, type: ArgType | undefined): string {
  if (Number.isNaN(value.getTime())) throw invalid('An invalid date has no form in SQL')
  return quote(temporalText(value.toISOString(), type?.dbType))
}

function literalOfBytes(bytes: Buffer): string {
  return `X'${bytes.toString('hex')}'`
}

/** A doubled quote ends no string, whatever `sql_mode` says; `\'` would where NO_BACKSLASH_ESCAPES is on. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function invalid(message: string): AuroraAdapterError {
  return new AuroraAdapterError({ kind: 'InvalidInputValue', message }, undefined)
}
