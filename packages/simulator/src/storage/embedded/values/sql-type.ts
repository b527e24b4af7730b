/**
 * What a MySQL expression or column holds. Every expression has one before anything runs: the emitted SQL
 * depends on it, because the engine's own types are looser than MySQL's.
 *
 * How the engine stores each kind: `int` as INTEGER; `decimal` as INTEGER, scaled by 10^scale (exact, ordered);
 * `double` as REAL; `string` as TEXT; `bytes` as BLOB; `date` as TEXT `YYYY-MM-DD`; `datetime` as TEXT with six
 * digits of fraction whatever the declared precision, so that texts order as times do; `time` as INTEGER
 * microseconds.
 */
export type SqlType =
  | { readonly kind: 'null' }
  | {
      readonly kind: 'int'
      readonly bits: 8 | 16 | 24 | 32 | 64
      readonly unsigned: boolean
      /** How many digits and signs a client should make room for; 1 marks BOOLEAN. */
      readonly width: number
    }
  | {
      readonly kind: 'decimal'
      readonly precision: number
      /** Digits of fraction that are kept. */
      readonly scale: number
      /** Digits of fraction that are shown: a quotient keeps more, until it is stored or shown. */
      readonly shown: number
      /** A quotient of which MySQL would keep more digits than are kept here. */
      readonly cut?: true
      readonly unsigned: boolean
    }
  | {
      readonly kind: 'double'
      readonly single: boolean
      readonly unsigned: boolean
      /** Given by ROUND or TRUNCATE: MySQL shows it with as many digits as it was rounded to. */
      readonly rounded?: true
    }
  | {
      readonly kind: 'string'
      readonly form: 'CHAR' | 'VARCHAR' | 'TEXT' | 'ENUM'
      readonly maxChars: number
      /** Compared byte by byte, as under a `_bin` collation. */
      readonly exact: boolean
      /** Of an ENUM. */
      readonly members: readonly string[] | undefined
    }
  | { readonly kind: 'json' }
  | {
      readonly kind: 'bytes'
      readonly form: 'BINARY' | 'VARBINARY' | 'BLOB'
      readonly maxBytes: number
    }
  | { readonly kind: 'date' }
  | { readonly kind: 'datetime'; readonly fsp: number; readonly timestamp: boolean }
  | { readonly kind: 'time'; readonly fsp: number }
  | { readonly kind: 'year' }

/** The integer types of MySQL. */
export type IntegerType = Extract<SqlType, { kind: 'int' }>

/** The exact numbers with a fraction. */
export type DecimalType = Extract<SqlType, { kind: 'decimal' }>

/** A value as the engine holds it; which of them it is follows from the static type. */
export type EngineValue = null | number | bigint | string | Uint8Array

export const NULL_TYPE: SqlType = { kind: 'null' }
export const BIGINT: IntegerType = { kind: 'int', bits: 64, unsigned: false, width: 20 }
export const UNSIGNED_BIGINT: IntegerType = { kind: 'int', bits: 64, unsigned: true, width: 20 }
export const INT: IntegerType = { kind: 'int', bits: 32, unsigned: false, width: 11 }
/** What comparisons give: 1, 0 or NULL. */
export const TRUTH: IntegerType = { kind: 'int', bits: 32, unsigned: false, width: 1 }
export const DOUBLE: Extract<SqlType, { kind: 'double' }> = {
  kind: 'double',
  single: false,
  unsigned: false,
}
export const DATE: SqlType = { kind: 'date' }
export const BLOB: SqlType = { kind: 'bytes', form: 'VARBINARY', maxBytes: 65535 }

/** A string of at most so many characters. */
export function stringType(maxChars: number): SqlType {
  return { kind: 'string', form: 'VARCHAR', maxChars, exact: false, members: undefined }
}

export function decimalType(precision: number, scale: number, shown = scale): DecimalType {
  const kept = Math.min(scale, 30)
  return {
    kind: 'decimal',
    precision: Math.min(65, Math.max(precision, kept)),
    scale: kept,
    shown: Math.min(shown, kept),
    unsigned: false,
  }
}

export function datetimeType(fsp: number): SqlType {
  return { kind: 'datetime', fsp, timestamp: false }
}

/** Digits before and after the point that a number of this type may have; undefined for what is not exact. */
export function exactDigits(
  type: SqlType,
): { readonly integer: number; readonly scale: number; readonly shown: number } | undefined {
  if (type.kind === 'decimal') {
    const { precision, scale, shown } = type
    return { integer: precision - scale, scale, shown }
  }
  if (type.kind === 'year') return { integer: 4, scale: 0, shown: 0 }
  if (type.kind !== 'int') return undefined
  const digits = { 8: 3, 16: 5, 24: 8, 32: 10, 64: type.unsigned ? 20 : 19 }[type.bits]
  return { integer: digits, scale: 0, shown: 0 }
}

/** Is it a number without conversion? */
export function isNumeric(type: SqlType): boolean {
  return ['int', 'decimal', 'double', 'year'].includes(type.kind)
}

export function isTemporal(type: SqlType): boolean {
  return type.kind === 'date' || type.kind === 'datetime' || type.kind === 'time'
}

/** The bounds of an integer type; unsigned 64-bit values above 2^63 - 1 are outside the subset. */
export function integerBounds(type: IntegerType): {
  readonly min: bigint
  readonly max: bigint
} {
  const bits = BigInt(type.bits)
  if (type.unsigned) return { min: 0n, max: (1n << bits) - 1n }
  return { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
}

/** The type that can hold the values of both, as for UNION, CASE and COALESCE. */
export function commonType(left: SqlType, right: SqlType): SqlType {
  if (left.kind === 'null') return right
  if (right.kind === 'null') return left
  if (left.kind === 'year' && right.kind === 'year') return left
  if (isNumeric(left) && isNumeric(right)) return commonNumber(left, right)
  if (left.kind === 'date' && right.kind === 'date') return left
  if (left.kind === 'time' && right.kind === 'time') return left.fsp >= right.fsp ? left : right
  if (isTemporal(left) && isTemporal(right))
    return datetimeType(Math.max(fspOf(left), fspOf(right)))
  if (left.kind === 'json' && right.kind === 'json') return left
  if (left.kind === 'bytes' || right.kind === 'bytes') {
    return { kind: 'bytes', form: 'VARBINARY', maxBytes: Math.max(maxChars(left), maxChars(right)) }
  }
  const chars = Math.max(maxChars(left), maxChars(right))
  const exact = [left, right].some((type) => type.kind === 'string' && type.exact)
  const form = [left, right].some((type) => type.kind === 'string' && type.form === 'TEXT')
  return {
    kind: 'string',
    form: form ? 'TEXT' : 'VARCHAR',
    maxChars: chars,
    exact,
    members: undefined,
  }
}

function commonNumber(left: SqlType, right: SqlType): SqlType {
  const leftDigits = exactDigits(left)
  const rightDigits = exactDigits(right)
  if (!leftDigits || !rightDigits) return DOUBLE
  if (left.kind === 'int' && right.kind === 'int' && left.unsigned === right.unsigned) {
    return left.bits >= right.bits ? left : right
  }
  if (left.kind !== 'decimal' && right.kind !== 'decimal') {
    const hasBigUnsigned = [left, right].some(
      (type) => type.kind === 'int' && type.unsigned && type.bits === 64,
    )
    return hasBigUnsigned ? decimalType(20, 0) : BIGINT
  }
  const scale = Math.max(leftDigits.scale, rightDigits.scale)
  const shown = Math.max(leftDigits.shown, rightDigits.shown)
  return decimalType(Math.max(leftDigits.integer, rightDigits.integer) + scale, scale, shown)
}

/** Digits of fraction of a time; 0 for what has none. */
export function fspOf(type: SqlType): number {
  return type.kind === 'datetime' || type.kind === 'time' ? type.fsp : 0
}

/** The most characters that a value takes when written out. */
export function maxChars(type: SqlType): number {
  switch (type.kind) {
    case 'null':
      return 0
    case 'int':
      return type.width
    case 'decimal':
      return (
        type.precision -
        (type.scale - type.shown) +
        (type.shown > 0 ? 1 : 0) +
        (type.unsigned ? 0 : 1)
      )
    case 'double':
      return type.single ? 12 : 22
    case 'string':
      return type.maxChars
    case 'bytes':
      return type.maxBytes
    case 'json':
      return 4294967295
    case 'date':
      return 10
    case 'datetime':
      return 19 + (type.fsp > 0 ? type.fsp + 1 : 0)
    case 'time':
      return 10 + (type.fsp > 0 ? type.fsp + 1 : 0)
    case 'year':
      return 4
  }
}
