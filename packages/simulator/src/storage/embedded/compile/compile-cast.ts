import type { CastType } from '../sql/ast.js'
import { unsupported } from '../sql-error.js'
import {
  BIGINT,
  DOUBLE,
  decimalType,
  exactDigits,
  stringType,
  UNSIGNED_BIGINT,
} from '../values/sql-type.js'
import type { Compilation } from './compilation.js'
import { toDateTime, toDouble, toNumber, toScaled, toText } from './conversion.js'
import { type Emission, emit } from './emission.js'

/** CAST and CONVERT. */
export function compileCast(
  compilation: Compilation,
  operand: Emission,
  target: CastType,
): Emission {
  const { nullable } = operand
  switch (target.to) {
    case 'SIGNED':
    case 'UNSIGNED': {
      const type = target.to === 'SIGNED' ? BIGINT : UNSIGNED_BIGINT
      const unsigned = target.to === 'UNSIGNED' ? 1 : 0
      if (operand.type.kind === 'int') {
        if (!unsigned || operand.type.unsigned) return emit(operand.sql, type, nullable)
        return emit(`m_cast_int(CAST(${operand.sql} AS TEXT), 1)`, type, nullable)
      }
      // Texts are cut at the point, numbers are rounded: the function is told which by its argument's form.
      if (operand.type.kind === 'string')
        return emit(
          `${compilation.conversion('m_cast_int')}(${operand.sql}, ${unsigned})`,
          type,
          nullable,
        )
      const number = toNumber(compilation, operand)
      const whole = exactDigits(number.type)
        ? toScaled(compilation, number, 0)
        : `m_round_to_int(${number.sql})`
      return emit(`m_cast_int(CAST(${whole} AS TEXT), ${unsigned})`, type, nullable)
    }
    case 'DOUBLE':
      return emit(toDouble(compilation, operand).sql, DOUBLE, nullable)
    case 'DECIMAL': {
      const type = decimalType(target.precision, target.scale)
      if (exactDigits(operand.type)) {
        const scaled = toScaled(compilation, operand, target.scale)
        return emit(`m_clip(${scaled}, ${target.precision})`, type, nullable)
      }
      const text = toText(compilation, operand).sql
      return emit(
        `m_clip(m_decimal_of(${text}, ${target.scale}), ${target.precision})`,
        type,
        nullable,
      )
    }
    case 'CHAR': {
      if (operand.type.kind === 'bytes') {
        return emit(`m_utf8(${operand.sql})`, stringType(operand.type.maxBytes), nullable)
      }
      const text = toText(compilation, operand)
      if (target.length === undefined) return text
      return emit(`substr(${text.sql}, 1, ${target.length})`, stringType(target.length), nullable)
    }
    case 'BINARY': {
      if (target.length !== undefined) throw unsupported('CAST AS BINARY(n)')
      if (operand.type.kind === 'bytes') return operand
      const text = toText(compilation, operand)
      return emit(
        `CAST(${text.sql} AS BLOB)`,
        { kind: 'bytes', form: 'VARBINARY', maxBytes: 65535 },
        nullable,
      )
    }
    case 'DATE': {
      if (operand.type.kind === 'date') return operand
      return emit(`substr(${toDateTime(compilation, operand).sql}, 1, 10)`, { kind: 'date' }, true)
    }
    case 'DATETIME': {
      const time = toDateTime(compilation, operand)
      const type = { kind: 'datetime', fsp: target.fsp, timestamp: false } as const
      return emit(`m_round_time(${time.sql}, ${target.fsp})`, type, true)
    }
    case 'TIME':
    case 'JSON':
      throw unsupported(`CAST AS ${target.to}`)
  }
}
