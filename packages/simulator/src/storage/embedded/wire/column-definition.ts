import type { ResultColumn } from '../compile/compile-query.js'
import { maxChars, type SqlType } from '../values/sql-type.js'
import { PayloadWriter } from './payload-writer.js'
import { CHARSET_BINARY, CHARSET_UTF8, FIELD_FLAG, FIELD_TYPE } from './protocol.js'

/** Bytes that a character may take in utf8mb4: lengths of strings are told in bytes. */
const BYTES_PER_CHAR = 4

/** The type byte by which clients know how to read a value. */
function fieldType(type: SqlType): number {
  switch (type.kind) {
    case 'null':
      return FIELD_TYPE.NULL
    case 'int':
      return {
        8: FIELD_TYPE.TINY,
        16: FIELD_TYPE.SHORT,
        24: FIELD_TYPE.INT24,
        32: FIELD_TYPE.LONG,
        64: FIELD_TYPE.LONGLONG,
      }[type.bits]
    case 'decimal':
      return FIELD_TYPE.NEWDECIMAL
    case 'double':
      return type.single ? FIELD_TYPE.FLOAT : FIELD_TYPE.DOUBLE
    case 'string':
      if (type.form === 'TEXT') return FIELD_TYPE.BLOB
      return type.form === 'VARCHAR' ? FIELD_TYPE.VAR_STRING : FIELD_TYPE.STRING
    case 'bytes':
      if (type.form === 'BLOB') return FIELD_TYPE.BLOB
      return type.form === 'VARBINARY' ? FIELD_TYPE.VAR_STRING : FIELD_TYPE.STRING
    case 'json':
      return FIELD_TYPE.JSON
    case 'date':
      return FIELD_TYPE.DATE
    case 'datetime':
      return type.timestamp ? FIELD_TYPE.TIMESTAMP : FIELD_TYPE.DATETIME
    case 'time':
      return FIELD_TYPE.TIME
    case 'year':
      return FIELD_TYPE.YEAR
  }
}

function flagsOf(column: ResultColumn): number {
  const { type, origin } = column
  let flags = column.nullable ? 0 : FIELD_FLAG.NOT_NULL
  if ('unsigned' in type && type.unsigned) flags |= FIELD_FLAG.UNSIGNED
  if (type.kind === 'year') flags |= FIELD_FLAG.UNSIGNED
  if (isBinary(type)) flags |= FIELD_FLAG.BINARY
  if (fieldType(type) === FIELD_TYPE.BLOB || type.kind === 'json') flags |= FIELD_FLAG.BLOB
  if (type.kind === 'string' && type.members) flags |= FIELD_FLAG.ENUM
  if (type.kind === 'datetime' && type.timestamp) flags |= FIELD_FLAG.TIMESTAMP
  if (origin?.autoIncrement) flags |= FIELD_FLAG.AUTO_INCREMENT
  if (origin?.key === 'primary') flags |= FIELD_FLAG.PRIMARY_KEY
  if (origin?.key === 'unique') flags |= FIELD_FLAG.UNIQUE_KEY
  if (origin?.key === 'index') flags |= FIELD_FLAG.MULTIPLE_KEY
  return flags
}

function isBinary(type: SqlType): boolean {
  return type.kind !== 'string' || type.exact
}

function lengthOf(type: SqlType): number {
  if (type.kind !== 'string') return Math.min(maxChars(type), 0xffffffff)
  const size = type.form === 'TEXT' ? type.maxChars : type.maxChars * BYTES_PER_CHAR
  return Math.min(size, 0xffffffff)
}

function decimalsOf(type: SqlType): number {
  if (type.kind === 'decimal') return type.scale
  if (type.kind === 'double') return 31
  return type.kind === 'datetime' || type.kind === 'time' ? type.fsp : 0
}

/** The packet that describes a column of a result. */
export function columnDefinition(column: ResultColumn, database: string): Buffer {
  const { type, origin } = column
  const charset = type.kind === 'string' || type.kind === 'json' ? CHARSET_UTF8 : CHARSET_BINARY
  return new PayloadWriter(128)
    .lengthString('def')
    .lengthString(origin ? database : '')
    .lengthString(origin?.tableAlias ?? '')
    .lengthString(origin?.table ?? '')
    .lengthString(column.name)
    .lengthString(origin?.column ?? '')
    .uint8(0x0c)
    .uint16(charset)
    .uint32(lengthOf(type))
    .uint8(fieldType(type))
    .uint16(flagsOf(column))
    .uint8(decimalsOf(type))
    .uint16(0)
    .finish()
}

/** The packet that describes a parameter: any value will do. */
export function parameterDefinition(): Buffer {
  const type: SqlType = { kind: 'bytes', form: 'VARBINARY', maxBytes: 0 }
  return columnDefinition({ name: '?', sql: '?', type, nullable: true }, '')
}
