import type { ResultColumn } from '../compile/compile-query.js'
import type { EngineRow } from '../engine/engine-handle.js'
import { showValue } from '../values/show-value.js'
import type { EngineValue, SqlType } from '../values/sql-type.js'
import { PayloadWriter } from './payload-writer.js'

const NULL_MARK = 0xfb

/** A row of the text protocol. */
export function textRow(columns: readonly ResultColumn[], row: EngineRow): Buffer {
  const writer = new PayloadWriter()
  columns.forEach((column, index) => {
    const value = row[index] ?? null
    if (value === null) writer.uint8(NULL_MARK)
    else if (typeof value === 'object') writer.lengthBytes(value)
    else writer.lengthString(showValue(value, column.type))
  })
  return writer.finish()
}

/** A row of the binary protocol, for prepared statements. */
export function binaryRow(columns: readonly ResultColumn[], row: EngineRow): Buffer {
  const writer = new PayloadWriter().uint8(0)
  const bitmapAt = writer.length
  writer.zeros((columns.length + 9) >> 3)
  columns.forEach((column, index) => {
    const value = row[index] ?? null
    // The first two bits of the bitmap are not used.
    if (value === null) writer.setBit(bitmapAt + ((index + 2) >> 3), (index + 2) & 7)
    else binaryValue(writer, value, column.type)
  })
  return writer.finish()
}

function binaryValue(
  writer: PayloadWriter,
  value: Exclude<EngineValue, null>,
  type: SqlType,
): void {
  if (typeof value === 'object') {
    writer.lengthBytes(value)
    return
  }
  switch (type.kind) {
    case 'int':
      return binaryInteger(writer, BigInt(value), type.bits)
    case 'year':
      writer.uint16(Number(value))
      return
    case 'double':
      if (type.single) writer.float(Number(value))
      else writer.double(Number(value))
      return
    case 'date':
    case 'datetime':
      return binaryDateTime(writer, value as string)
    case 'time':
      return binaryTime(writer, BigInt(value))
    default:
      writer.lengthString(showValue(value, type))
  }
}

function binaryInteger(writer: PayloadWriter, value: bigint, bits: number): void {
  const size = { 8: 1, 16: 2, 24: 4, 32: 4, 64: 8 }[bits]
  const unsigned = BigInt.asUintN((size ?? 8) * 8, value)
  if (size === 1) writer.uint8(Number(unsigned))
  else if (size === 2) writer.uint16(Number(unsigned))
  else if (size === 4) writer.uint32(Number(unsigned))
  else writer.int64(value)
}

function binaryDateTime(writer: PayloadWriter, stored: string): void {
  const part = (from: number, to: number): number => Number(stored.slice(from, to) || '0')
  const micros = part(20, 26)
  const hasTime = stored.length > 10 && stored.slice(11) !== '00:00:00.000000'
  writer.uint8(!hasTime ? 4 : micros ? 11 : 7)
  writer.uint16(part(0, 4)).uint8(part(5, 7)).uint8(part(8, 10))
  if (!hasTime) return
  writer.uint8(part(11, 13)).uint8(part(14, 16)).uint8(part(17, 19))
  if (micros) writer.uint32(micros)
}

function binaryTime(writer: PayloadWriter, micros: bigint): void {
  if (micros === 0n) {
    writer.uint8(0)
    return
  }
  const size = micros < 0n ? -micros : micros
  const seconds = Number(size / 1_000_000n)
  const fraction = Number(size % 1_000_000n)
  writer
    .uint8(fraction ? 12 : 8)
    .uint8(micros < 0n ? 1 : 0)
    .uint32(Math.floor(seconds / 86400))
    .uint8(Math.floor(seconds / 3600) % 24)
    .uint8(Math.floor(seconds / 60) % 60)
    .uint8(seconds % 60)
  if (fraction) writer.uint32(fraction)
}
