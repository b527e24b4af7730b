import { formatDecimal, formatDouble } from './decimal.js'
import type { EngineValue, SqlType } from './sql-type.js'
import { formatTime, showDateTime } from './temporal.js'

/** A value as MySQL writes it, for the text protocol and for messages. */
export function showValue(value: Exclude<EngineValue, null | Uint8Array>, type: SqlType): string {
  switch (type.kind) {
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'double':
      return formatDouble(Number(value), type.single)
    case 'datetime':
      return showDateTime(value as string, type.fsp)
    case 'time':
      return formatTime(value as bigint, type.fsp)
    default:
      return value.toString()
  }
}

/** A value inside an error message. */
export function showInMessage(value: EngineValue, type: SqlType): string {
  if (value === null) return 'NULL'
  if (typeof value === 'object') {
    return [...value]
      .map((byte) =>
        byte > 31 && byte < 127
          ? String.fromCharCode(byte)
          : `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`,
      )
      .join('')
  }
  return showValue(value, type)
}
