import type { ArgType } from '@prisma/driver-adapter-utils'
import { AuroraAdapterError } from './adapter-error.js'
import { temporalText } from './temporal-text.js'

const INTEGER = /^-?\d+$/
const DECIMAL = /^[+-]?\d+(\.\d+)?$/
const SCIENTIFIC = /^([+-]?)(\d+)(?:\.(\d+))?e([+-]?\d+)$/i

/** A DECIMAL of MySQL has so many digits; a literal with more of them is cut off, while a DOUBLE only loses precision. */
const MAX_DIGITS = 65

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
      return literalOfNumeric(text, type.dbType)
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

/** A number in digits is a DECIMAL to the server, and keeps them all; with an exponent it is a DOUBLE. */
function literalOfNumeric(text: string, dbType: string | undefined): string {
  const scientific = SCIENTIFIC.exec(text)
  if (scientific === null && !DECIMAL.test(text)) return quote(text)
  if (dbType === 'DOUBLE' || dbType === 'FLOAT') return literalOfNumber(Number(text))
  const digits = scientific === null ? text : writtenOut(scientific)
  return countOfDigits(digits) > MAX_DIGITS ? literalOfNumber(Number(text)) : digits
}

function writtenOut([text, sign = '', whole = '', fraction = '', exponent = '0']: RegExpExecArray) {
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (Math.abs(point) > MAX_DIGITS) return text
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits.padEnd(point, '0')
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

function countOfDigits(text: string): number {
  return text.replace(/\D/g, '').length
}

function literalOfDate(value: Date, type: ArgType | undefined): string {
  if (Number.isNaN(value.getTime())) throw invalid('An invalid date has no form in SQL')
  return quote(temporalText(value.toISOString(), type?.dbType))
}

/** Beside a BIT this form is a number too, as BIT is; `X'…'` is bytes only, in MariaDB. */
function literalOfBytes(bytes: Buffer): string {
  return bytes.length === 0 ? "X''" : `0x${bytes.toString('hex')}`
}

/** A doubled quote ends no string, whatever `sql_mode` says; `\'` would where NO_BACKSLASH_ESCAPES is on. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function invalid(message: string): AuroraAdapterError {
  return new AuroraAdapterError({ kind: 'InvalidInputValue', message }, undefined)
}
