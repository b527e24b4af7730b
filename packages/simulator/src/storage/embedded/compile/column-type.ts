import type { ColumnDefinition, ColumnType } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import { decimalType, integerBounds, type SqlType } from '../values/sql-type.js'

const INTEGERS: Readonly<Record<string, readonly [bits: 8 | 16 | 24 | 32 | 64, width: number]>> = {
  TINYINT: [8, 4],
  SMALLINT: [16, 6],
  MEDIUMINT: [24, 9],
  INT: [32, 11],
  BIGINT: [64, 20],
}

/** Bytes that the text and blob types hold. */
const SIZES: Readonly<Record<string, number>> = {
  TINY: 255,
  '': 65535,
  MEDIUM: 16777215,
  LONG: 4294967295,
}

/** The type of a column as declared. */
export function columnType(definition: ColumnDefinition): SqlType {
  const { type } = definition
  const exact = definition.collation?.endsWith('_bin') ?? false
  const [first, second] = type.arguments
  const integer = INTEGERS[type.name]
  if (integer) {
    const [bits, width] = integer
    const isBoolean = type.name === 'TINYINT' && first === 1
    const shown = isBoolean ? 1 : width - (type.unsigned && bits !== 64 ? 1 : 0)
    return { kind: 'int', bits, unsigned: type.unsigned, width: shown }
  }
  switch (type.name) {
    case 'BOOLEAN':
      return { kind: 'int', bits: 8, unsigned: false, width: 1 }
    case 'DECIMAL': {
      const [precision, scale] = [first ?? 10, second ?? 0]
      if (precision > 65 || scale > 30 || scale > precision)
        throw badPrecision(definition.name, precision, scale)
      return { ...decimalType(precision, scale), unsigned: type.unsigned }
    }
    case 'FLOAT':
    case 'DOUBLE':
      if (type.arguments.length > 1) throw unsupported(`${type.name}(m, d)`)
      return {
        kind: 'double',
        single: type.name === 'FLOAT' && (first ?? 0) <= 24,
        unsigned: type.unsigned,
      }
    case 'CHAR':
    case 'VARCHAR':
      return { kind: 'string', form: type.name, maxChars: first ?? 1, exact, members: undefined }
    case 'BINARY':
    case 'VARBINARY':
      return { kind: 'bytes', form: type.name, maxBytes: first ?? 1 }
    case 'DATE':
      return { kind: 'date' }
    case 'DATETIME':
    case 'TIMESTAMP':
      return {
        kind: 'datetime',
        fsp: checkFsp(definition.name, first),
        timestamp: type.name === 'TIMESTAMP',
      }
    case 'TIME':
      return { kind: 'time', fsp: checkFsp(definition.name, first) }
    case 'YEAR':
      return { kind: 'year' }
    case 'JSON':
      return { kind: 'json' }
    case 'ENUM': {
      const maxChars = Math.max(...type.values.map((value) => [...value].length))
      return { kind: 'string', form: 'ENUM', maxChars, exact, members: type.values }
    }
    default:
      return sizedType(type, exact)
  }
}

function sizedType(type: ColumnType, exact: boolean): SqlType {
  const [, size = '', form] = /^(TINY|MEDIUM|LONG)?(TEXT|BLOB)$/.exec(type.name) ?? []
  if (!form) throw unsupported(`columns of type ${type.name}`)
  const bytes = SIZES[size] ?? 65535
  if (form === 'BLOB') return { kind: 'bytes', form, maxBytes: bytes }
  return { kind: 'string', form: 'TEXT', maxChars: bytes, exact, members: undefined }
}

function checkFsp(column: string, fsp = 0): number {
  if (fsp <= 6) return fsp
  throw new SqlError(
    1426,
    '42000',
    `Too-big precision ${fsp} specified for '${column}'. Maximum is 6.`,
  )
}

function badPrecision(column: string, precision: number, scale: number): SqlError {
  if (scale > precision) {
    return new SqlError(
      1427,
      '42000',
      `For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '${column}').`,
    )
  }
  return new SqlError(
    1426,
    '42000',
    `Too-big precision ${precision} specified for '${column}'. Maximum is 65.`,
  )
}

/** The engine's declaration of a column: only its affinity and collation matter. */
export function engineType(type: SqlType): string {
  switch (type.kind) {
    case 'double':
      return 'REAL'
    case 'int':
    case 'decimal':
    case 'time':
    case 'year':
      return 'INTEGER'
    case 'bytes':
      return 'BLOB'
    case 'string':
      return type.exact ? 'TEXT' : 'TEXT COLLATE mysql_ci'
    default:
      return 'TEXT'
  }
}

/** The type as DESCRIBE shows it. */
export function declaredType(type: SqlType): string {
  const fraction = (fsp: number): string => (fsp > 0 ? `(${fsp})` : '')
  switch (type.kind) {
    case 'int': {
      const name = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' }[
        type.bits
      ]
      return `${name}${type.width === 1 ? '(1)' : ''}${type.unsigned ? ' unsigned' : ''}`
    }
    case 'decimal':
      return `decimal(${type.precision},${type.scale})${type.unsigned ? ' unsigned' : ''}`
    case 'double':
      return `${type.single ? 'float' : 'double'}${type.unsigned ? ' unsigned' : ''}`
    case 'string':
      if (type.members)
        return `enum(${type.members.map((name) => `'${name.replaceAll("'", "''")}'`).join(',')})`
      return type.form === 'TEXT'
        ? sizeName(type.maxChars, 'text')
        : `${type.form.toLowerCase()}(${type.maxChars})`
    case 'bytes':
      return type.form === 'BLOB'
        ? sizeName(type.maxBytes, 'blob')
        : `${type.form.toLowerCase()}(${type.maxBytes})`
    case 'datetime':
      return `${type.timestamp ? 'timestamp' : 'datetime'}${fraction(type.fsp)}`
    case 'time':
      return `time${fraction(type.fsp)}`
    default:
      return type.kind
  }
}

function sizeName(size: number, name: string): string {
  const prefix = Object.entries(SIZES).find(([, bytes]) => bytes === size)?.[0] ?? ''
  return prefix.toLowerCase() + name
}

/** Can the type count up by itself? */
export function canAutoIncrement(type: SqlType): boolean {
  return type.kind === 'int' && integerBounds(type).max > 0n
}
