import { unsupported } from '../../sql-error.js'
import { BIGINT, INT, maxChars, type SqlType, stringType } from '../../values/sql-type.js'
import type { Compilation } from '../compilation.js'
import { toInteger, toText } from '../conversion.js'
import { type Emission, emit } from '../emission.js'
import type { SqlFunction } from './compile-call.js'

/** A function of texts: the arguments arrive converted, the result is NULL if any of them is. */
function ofTexts(
  min: number,
  max: number,
  sql: (texts: readonly string[]) => string,
  type: (types: readonly SqlType[]) => SqlType,
): SqlFunction {
  return {
    min,
    max,
    compile(compilation, list) {
      const texts = list.map((part) => toText(compilation, part))
      const nullable = list.some((part) => part.nullable)
      return emit(
        sql(texts.map((text) => text.sql)),
        type(texts.map((text) => text.type)),
        nullable,
      )
    },
  }
}

const sameType = (types: readonly SqlType[]): SqlType => {
  const [first] = types
  return first?.kind === 'string'
    ? { ...first, form: 'VARCHAR', members: undefined }
    : stringType(0)
}
const joinedType = (types: readonly SqlType[]): SqlType => {
  const exact = types.some((type) => type.kind === 'string' && type.exact)
  const chars = types.reduce((sum, type) => sum + maxChars(type), 0)
  return { kind: 'string', form: 'VARCHAR', maxChars: chars, exact, members: undefined }
}
const integerType = (): SqlType => INT

/** A part of a text, with the positions as whole numbers. */
function part(
  min: number,
  max: number,
  sql: (text: string, numbers: readonly string[]) => string,
): SqlFunction {
  return {
    min,
    max,
    compile(compilation: Compilation, list: readonly Emission[]) {
      const [first, ...rest] = list as [Emission, ...Emission[]]
      const text = toText(compilation, first)
      const numbers = rest.map((argument) => toInteger(compilation, argument))
      return emit(
        sql(text.sql, numbers),
        sameType([text.type]),
        list.some((argument) => argument.nullable),
      )
    },
  }
}

function pad(side: 'left' | 'right'): SqlFunction {
  return {
    min: 3,
    max: 3,
    compile(compilation, list) {
      const [text, length, filler] = list as [Emission, Emission, Emission]
      const [a, b] = [toText(compilation, text).sql, toText(compilation, filler).sql]
      return emit(
        `m_pad(${a}, ${toInteger(compilation, length)}, ${b}, '${side}')`,
        stringType(255),
        true,
      )
    },
  }
}

/** Length in bytes, or of binary strings. */
function byteLength(factor: number): SqlFunction {
  return {
    min: 1,
    max: 1,
    compile(compilation, list) {
      const [argument] = list as [Emission]
      const operand =
        argument.type.kind === 'bytes'
          ? argument.sql
          : `CAST(${toText(compilation, argument).sql} AS BLOB)`
      return emit(`(length(${operand}) * ${factor})`, BIGINT, argument.nullable)
    },
  }
}

/** Functions of strings; lengths and positions count characters, as in MySQL. */
export const TEXT_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  CONCAT: ofTexts(1, 100, (texts) => `(${texts.join(' || ')})`, joinedType),
  CONCAT_WS: {
    min: 2,
    max: 100,
    compile(compilation, list) {
      const texts = list.map((argument) => toText(compilation, argument).sql)
      return emit(
        `concat_ws(${texts.join(', ')})`,
        stringType(65535),
        (list[0] as Emission).nullable,
      )
    },
  },
  LENGTH: byteLength(1),
  OCTET_LENGTH: byteLength(1),
  BIT_LENGTH: byteLength(8),
  CHAR_LENGTH: ofTexts(1, 1, ([text]) => `length(${text})`, integerType),
  CHARACTER_LENGTH: ofTexts(1, 1, ([text]) => `length(${text})`, integerType),
  UPPER: ofTexts(1, 1, ([text]) => `m_upper(${text})`, sameType),
  UCASE: ofTexts(1, 1, ([text]) => `m_upper(${text})`, sameType),
  LOWER: ofTexts(1, 1, ([text]) => `m_lower(${text})`, sameType),
  LCASE: ofTexts(1, 1, ([text]) => `m_lower(${text})`, sameType),
  LTRIM: ofTexts(1, 1, ([text]) => `ltrim(${text}, ' ')`, sameType),
  RTRIM: ofTexts(1, 1, ([text]) => `rtrim(${text}, ' ')`, sameType),
  REVERSE: ofTexts(1, 1, ([text]) => `m_reverse(${text})`, sameType),
  REPLACE: ofTexts(
    3,
    3,
    (texts) => `m_replace(${texts.join(', ')})`,
    () => stringType(65535),
  ),
  LOCATE: {
    min: 2,
    max: 3,
    compile(compilation, list) {
      const [what, text, from] = list as [Emission, Emission, Emission?]
      const start = from ? toInteger(compilation, from) : '1'
      const sql = `m_locate(${toText(compilation, what).sql}, ${toText(compilation, text).sql}, ${start})`
      return emit(sql, INT, what.nullable || text.nullable)
    },
  },
  INSTR: ofTexts(2, 2, ([text, what]) => `m_locate(${what}, ${text}, 1)`, integerType),
  LEFT: part(2, 2, (text, [count]) => `m_substring(${text}, 1, ${count})`),
  RIGHT: part(2, 2, (text, [count]) => `m_right(${text}, ${count})`),
  SUBSTRING: part(2, 3, (text, numbers) => `m_substring(${text}, ${numbers.join(', ')})`),
  REPEAT: {
    min: 2,
    max: 2,
    compile(compilation, list) {
      const [text, count] = list as [Emission, Emission]
      const sql = `m_repeat(${toText(compilation, text).sql}, ${toInteger(compilation, count)})`
      return emit(sql, stringType(65535), text.nullable || count.nullable)
    },
  },
  SPACE: {
    min: 1,
    max: 1,
    compile: (compilation, list) =>
      emit(
        `m_repeat(' ', ${toInteger(compilation, list[0] as Emission)})`,
        stringType(65535),
        true,
      ),
  },
  LPAD: pad('left'),
  RPAD: pad('right'),
  STRCMP: ofTexts(2, 2, ([a, b]) => `m_strcmp(${a}, ${b})`, integerType),
  HEX: {
    min: 1,
    max: 1,
    compile(_, list) {
      const [argument] = list as [Emission]
      if (argument.type.kind === 'int') {
        return emit(`upper(printf('%x', ${argument.sql}))`, stringType(16), argument.nullable)
      }
      if (argument.type.kind === 'bytes') {
        return emit(
          `hex(${argument.sql})`,
          stringType(argument.type.maxBytes * 2),
          argument.nullable,
        )
      }
      if (argument.type.kind === 'null') return emit('NULL', stringType(0), true)
      if (argument.type.kind !== 'string') throw unsupported(`HEX of ${argument.type.kind} values`)
      return emit(
        `hex(${argument.sql})`,
        stringType(maxChars(argument.type) * 8),
        argument.nullable,
      )
    },
  },
  UNHEX: ofTexts(
    1,
    1,
    ([text]) => `unhex(${text})`,
    (types) => ({
      kind: 'bytes',
      form: 'VARBINARY',
      maxBytes: maxChars(types[0] ?? { kind: 'null' }),
    }),
  ),
  MD5: ofTexts(
    1,
    1,
    ([text]) => `m_digest(${text}, 'md5')`,
    () => stringType(32),
  ),
  SHA1: ofTexts(
    1,
    1,
    ([text]) => `m_digest(${text}, 'sha1')`,
    () => stringType(40),
  ),
  UUID: { min: 0, max: 0, compile: () => emit('m_uuid()', stringType(36), false) },
}
