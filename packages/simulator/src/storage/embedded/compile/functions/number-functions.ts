import { unsupported } from '../../sql-error.js'
import {
  BIGINT,
  DOUBLE,
  decimalType,
  exactDigits,
  INT,
  type SqlType,
} from '../../values/sql-type.js'
import { compileArithmetic } from '../arithmetic.js'
import type { Compilation } from '../compilation.js'
import { literalValue, toDouble, toInteger, toNumber } from '../conversion.js'
import { type Emission, emit } from '../emission.js'
import type { SqlFunction } from './compile-call.js'

function one(compile: (compilation: Compilation, number: Emission) => Emission): SqlFunction {
  return {
    min: 1,
    max: 1,
    compile: (compilation, list) =>
      compile(compilation, toNumber(compilation, list[0] as Emission)),
  }
}

function wholeNumber(direction: 'floor' | 'ceil'): SqlFunction {
  return one((compilation, number) => {
    const digits = exactDigits(number.type)
    if (!digits)
      return emit(`${direction}(${toDouble(compilation, number).sql})`, DOUBLE, number.nullable)
    if (digits.scale === 0) return emit(number.sql, BIGINT, number.nullable)
    const sql = `m_whole(${number.sql}, ${digits.scale}, '${direction}')`
    return emit(
      sql,
      digits.integer > 18 ? decimalType(digits.integer + 1, 0) : BIGINT,
      number.nullable,
    )
  })
}

function round(mode: 'round' | 'truncate') {
  return (compilation: Compilation, list: readonly Emission[]): Emission => {
    const number = toNumber(compilation, list[0] as Emission)
    const places = list[1] ? literalValue(list[1]) : 0n
    const digits = exactDigits(number.type)
    if (!digits) {
      const count = list[1] ? toInteger(compilation, list[1]) : '0'
      const type: SqlType = { ...DOUBLE, rounded: true }
      return emit(`m_${mode}_double(${number.sql}, ${count})`, type, number.nullable)
    }
    // The scale of the result depends on the number of places: it must be written in the statement.
    if (typeof places !== 'bigint')
      throw unsupported(`${mode.toUpperCase()} to a number of places that is not a literal`)
    // A DECIMAL gets as many digits as asked for, an integer stays one.
    const wanted = number.type.kind === 'decimal' ? Math.min(30, Number(places)) : 0
    const scale = Math.max(0, wanted)
    const sql = `m_${mode}(${number.sql}, ${digits.scale}, ${places}, ${scale})`
    if (number.type.kind !== 'decimal') return emit(sql, BIGINT, number.nullable)
    return emit(sql, decimalType(digits.integer + scale + 1, scale), number.nullable)
  }
}

function realFunction(sql: (argument: string) => string): SqlFunction {
  return one((compilation, number) => emit(sql(toDouble(compilation, number).sql), DOUBLE, true))
}

const power: SqlFunction = {
  min: 2,
  max: 2,
  compile(compilation, list) {
    const [base, exponent] = list.map((part) => toDouble(compilation, part).sql)
    return emit(`m_finite(pow(${base}, ${exponent}))`, DOUBLE, true)
  },
}

/** Functions of numbers. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  ABS: one((_, number) =>
    emit(`abs(${number.sql})`, number.type.kind === 'int' ? BIGINT : number.type, number.nullable),
  ),
  SIGN: one((_, number) => emit(`sign(${number.sql})`, INT, number.nullable)),
  FLOOR: wholeNumber('floor'),
  CEIL: wholeNumber('ceil'),
  CEILING: wholeNumber('ceil'),
  ROUND: { min: 1, max: 2, compile: round('round') },
  TRUNCATE: { min: 2, max: 2, compile: round('truncate') },
  MOD: {
    min: 2,
    max: 2,
    compile: (compilation, list) =>
      compileArithmetic(compilation, '%', list[0] as Emission, list[1] as Emission),
  },
  POW: power,
  POWER: power,
  SQRT: realFunction((argument) => `m_sqrt(${argument})`),
  RAND: {
    min: 0,
    max: 0,
    compile: () => emit('m_random()', DOUBLE, false),
  },
}
