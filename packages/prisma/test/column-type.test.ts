import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import mysql, { type FieldPacket } from 'mysql2'
import { expect, test } from 'vitest'
import { columnTypeOf } from '../src/column-type.js'

const UNSIGNED = 32
const ENUM = 256
const SET = 2048
const UTF8 = 255
const BINARY = 63

type Kind = keyof typeof ColumnTypeEnum

// With the numbers of mysql2's own list of types.
test.each<[type: keyof typeof mysql.Types, flags: number, characterSet: number, kind: Kind]>([
  ['TINY', 0, BINARY, 'Int32'],
  ['SHORT', UNSIGNED, BINARY, 'Int32'],
  ['INT24', UNSIGNED, BINARY, 'Int32'],
  ['YEAR', UNSIGNED, BINARY, 'Int32'],
  ['LONG', 0, BINARY, 'Int32'],
  ['LONG', UNSIGNED, BINARY, 'Int64'],
  ['LONGLONG', 0, BINARY, 'Int64'],
  ['LONGLONG', UNSIGNED, BINARY, 'Int64'],
  ['FLOAT', 0, BINARY, 'Float'],
  ['DOUBLE', 0, BINARY, 'Double'],
  ['DECIMAL', 0, BINARY, 'Numeric'],
  ['NEWDECIMAL', 0, BINARY, 'Numeric'],
  ['TIMESTAMP', 0, BINARY, 'DateTime'],
  ['DATETIME', 0, BINARY, 'DateTime'],
  ['DATE', 0, BINARY, 'Date'],
  ['NEWDATE', 0, BINARY, 'Date'],
  ['TIME', 0, BINARY, 'Time'],
  ['JSON', 0, BINARY, 'Json'],
  ['BIT', UNSIGNED, BINARY, 'Bytes'],
  ['GEOMETRY', 0, BINARY, 'Bytes'],
  ['NULL', 0, BINARY, 'Int32'],
  ['VAR_STRING', 0, UTF8, 'Text'],
  ['VAR_STRING', 0, BINARY, 'Bytes'],
  ['STRING', 0, UTF8, 'Text'],
  ['STRING', 0, BINARY, 'Bytes'],
  ['STRING', ENUM, UTF8, 'Enum'],
  ['STRING', SET, UTF8, 'Set'],
  ['BLOB', 0, UTF8, 'Text'],
  ['BLOB', 0, BINARY, 'Bytes'],
  ['LONG_BLOB', 0, BINARY, 'Bytes'],
])('%s with flags %i and character set %i is %s', (type, flags, characterSet, kind) => {
  const field = { columnType: mysql.Types[type], flags, characterSet } as unknown as FieldPacket
  expect(columnTypeOf(field)).toBe(ColumnTypeEnum[kind])
})

test('MariaDB’s JSON, a text by its type, is JSON', () => {
  const field = {
    columnType: mysql.Types.BLOB,
    characterSet: UTF8,
    flags: 0,
    extendedFormat: 'json',
  }
  expect(columnTypeOf(field as unknown as FieldPacket)).toBe(ColumnTypeEnum.Json)
})
