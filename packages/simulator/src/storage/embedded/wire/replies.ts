import type { SqlError } from '../sql-error.js'
import { PayloadWriter } from './payload-writer.js'

/** OK: what a statement without rows did. */
export function okPayload(reply: {
  readonly affectedRows: bigint
  readonly insertId: bigint
  readonly status: number
  readonly warnings: number
  readonly info: string
  /** 0xfe where an OK packet stands in for the EOF after the rows. */
  readonly header?: 0x00 | 0xfe
}): Buffer {
  const writer = new PayloadWriter(64)
    .uint8(reply.header ?? 0)
    .lengthInteger(reply.affectedRows)
    .lengthInteger(reply.insertId)
    .uint16(reply.status)
    .uint16(reply.warnings)
  if (reply.info) writer.lengthString(reply.info)
  return writer.finish()
}

export function eofPayload(status: number): Buffer {
  return new PayloadWriter(8).uint8(0xfe).uint16(0).uint16(status).finish()
}

export function errorPayload(error: SqlError): Buffer {
  return new PayloadWriter()
    .uint8(0xff)
    .uint16(error.errno)
    .bytes(Buffer.from(`#${error.sqlState}`))
    .bytes(Buffer.from(error.message))
    .finish()
}

/** The answer to PREPARE, before the definitions of parameters and columns. */
export function preparedPayload(id: number, columnCount: number, parameterCount: number): Buffer {
  return new PayloadWriter(16)
    .uint8(0)
    .uint32(id)
    .uint16(columnCount)
    .uint16(parameterCount)
    .uint8(0)
    .uint16(0)
    .finish()
}
