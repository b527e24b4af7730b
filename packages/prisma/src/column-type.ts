import { type ColumnType, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import type { FieldPacket } from 'mysql2/promise'

/** Column types of the protocol. Source: MySQL's `field_types.h`, `enum_field_types`. */
const TYPE = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  bit: 16,
  vector: 242,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  geometry: 255,
} as const

/** Flags of a column. Source: MySQL's `mysql_com.h`. */
const FLAG = { unsigned: 1 << 5, enum: 1 << 8, set: 1 << 11 } as const

/** The character set of what is no text. */
const BINARY_CHARSET = 63

/** What Prisma is told about a column of a result. Texts and bytes have the same types in the protocol: the character set tells. */
export function columnTypeOf(field: FieldPacket): ColumnType {
  const flags = typeof field.flags === 'number' ? field.flags : 0
  switch (field.columnType) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.int24:
    case TYPE.year:
    case TYPE.null:
      return ColumnTypeEnum.Int32
    case TYPE.long:
      return flags & FLAG.unsigned ? ColumnTypeEnum.Int64 : ColumnTypeEnum.Int32
    case TYPE.longlong:
      return ColumnTypeEnum.Int64
    case TYPE.float:
      return ColumnTypeEnum.Float
    case TYPE.double:
      return ColumnTypeEnum.Double
    case TYPE.decimal:
    case TYPE.newdecimal:
      return ColumnTypeEnum.Numeric
    case TYPE.timestamp:
    case TYPE.datetime:
      return ColumnTypeEnum.DateTime
    case TYPE.date:
    case TYPE.newdate:
      return ColumnTypeEnum.Date
    case TYPE.time:
      return ColumnTypeEnum.Time
    case TYPE.json:
      return ColumnTypeEnum.Json
    case TYPE.bit:
    case TYPE.vector:
    case TYPE.geometry:
      return ColumnTypeEnum.Bytes
    case TYPE.enum:
      return ColumnTypeEnum.Enum
    case TYPE.set:
      return ColumnTypeEnum.Set
    default:
      return textTypeOf(field, flags)
  }
}

function textTypeOf(field: FieldPacket, flags: number): ColumnType {
  // MariaDB's JSON is a LONGTEXT that says so.
  if (field.extendedFormat === 'json') return ColumnTypeEnum.Json
  if (flags & FLAG.enum) return ColumnTypeEnum.Enum
  if (flags & FLAG.set) return ColumnTypeEnum.Set
  return field.characterSet === BINARY_CHARSET ? ColumnTypeEnum.Bytes : ColumnTypeEnum.Text
}
