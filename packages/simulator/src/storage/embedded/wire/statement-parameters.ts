import type { TypedValue } from '../compile/emission.js'
import { SqlError } from '../sql-error.js'
import { parseNumber } from '../values/decimal.js'
import {
  BIGINT,
  BLOB,
  DOUBLE,
  datetimeType,
  decimalType,
  NULL_TYPE,
  stringType,
  UNSIGNED_BIGINT,
} from '../values/sql-type.js'
import type { PayloadReader } from './payload-reader.js'
import { FIELD_TYPE } from './protocol.js'

/** The type of a parameter as the client declared it. */
export interface DeclaredType {
  readonly type: number
  readonly unsigned: boolean
}

/** Strings of all lengths share a type, so that a statement is compiled once for all of them. */
const TEXT_PARAMETER = stringType(65535)

/** Reads the parameters of COM_STMT_EXECUTE from the bitmap of NULLs on. */
export function readParameters(
  reader: PayloadReader,
  count: number,
  known: readonly DeclaredType[] | undefined,
  longData: ReadonlyMap<number, Buffer>,
): { readonly values: readonly TypedValue[]; readonly types: readonly DeclaredType[] } {
  const bitmap = reader.bytes((count + 7) >> 3)
  let types = known
  if (reader.uint8() === 1) {
    types = Array.from({ length: count }, () => {
      const type = reader.uint8()
      return { type, unsigned: (reader.uint8() & 0x80) !== 0 }
    })
  }
  if (!types) throw new SqlError(1210, 'HY000', 'Incorrect arguments to mysqld_stmt_execute')
  const values = types.map((declared, index): TypedValue => {
    const long = longData.get(index)
    if (long) return textOrBytes(declared.type, long)
    const isNull = ((bitmap[index >> 3] as number) >> (index & 7)) & 1
    return isNull ? { type: NULL_TYPE, value: null } : readValue(reader, declared)
  })
  return { values, types }
}

function integer(value: number | bigint, unsigned: boolean): TypedValue {
  return { type: unsigned ? UNSIGNED_BIGINT : BIGINT, value: BigInt(value) }
}

function readValue(reader: PayloadReader, { type, unsigned }: DeclaredType): TypedValue {
  switch (type) {
    case FIELD_TYPE.NULL:
      return { type: NULL_TYPE, value: null }
    case FIELD_TYPE.TINY:
      return integer(unsigned ? reader.uint8() : reader.int8(), unsigned)
    case FIELD_TYPE.SHORT:
    case FIELD_TYPE.YEAR:
      return integer(unsigned ? reader.uint16() : reader.int16(), unsigned)
    case FIELD_TYPE.LONG:
    case FIELD_TYPE.INT24:
      return integer(unsigned ? reader.uint32() : reader.int32(), unsigned)
    case FIELD_TYPE.LONGLONG:
      return integer(unsigned ? reader.uint64() : reader.int64(), unsigned)
    case FIELD_TYPE.FLOAT:
      return { type: DOUBLE, value: reader.float() }
    case FIELD_TYPE.DOUBLE:
      return { type: DOUBLE, value: reader.double() }
    case FIELD_TYPE.DATE:
    case FIELD_TYPE.DATETIME:
    case FIELD_TYPE.TIMESTAMP:
      return readDateTime(reader)
    case FIELD_TYPE.TIME:
      return readTime(reader)
    case FIELD_TYPE.DECIMAL:
    case FIELD_TYPE.NEWDECIMAL: {
      const { digits, scale } = parseNumber(reader.lengthBytes().toString())
      return { type: decimalType(18, scale), value: digits }
    }
    default:
      return textOrBytes(type, reader.lengthBytes())
  }
}

function textOrBytes(type: number, bytes: Buffer): TypedValue {
  const isBytes = type >= 0xf9 && type <= FIELD_TYPE.BLOB
  if (isBytes) return { type: BLOB, value: new Uint8Array(bytes) }
  return { type: TEXT_PARAMETER, value: bytes.toString('utf8') }
}

function readDateTime(reader: PayloadReader): TypedValue {
  const length = reader.uint8()
  const pad = (part: number, width = 2): string => part.toString().padStart(width, '0')
  const date =
    length >= 4
      ? [pad(reader.uint16(), 4), pad(reader.uint8()), pad(reader.uint8())]
      : ['0000', '00', '00']
  const time =
    length >= 7
      ? [pad(reader.uint8()), pad(reader.uint8()), pad(reader.uint8())]
      : ['00', '00', '00']
  const micros = length >= 11 ? reader.uint32() : 0
  const value = `${date.join('-')} ${time.join(':')}.${pad(micros, 6)}`
  return { type: datetimeType(6), value }
}

function readTime(reader: PayloadReader): TypedValue {
  const length = reader.uint8()
  if (length === 0) return { type: { kind: 'time', fsp: 6 }, value: 0n }
  const isNegative = reader.uint8() === 1
  const days = reader.uint32()
  const seconds = ((days * 24 + reader.uint8()) * 60 + reader.uint8()) * 60 + reader.uint8()
  const micros = BigInt(seconds) * 1_000_000n + BigInt(length >= 12 ? reader.uint32() : 0)
  return { type: { kind: 'time', fsp: 6 }, value: isNegative ? -micros : micros }
}
