import { unsupported } from '../../sql-error.js'
import { commonType, isNumeric } from '../../values/sql-type.js'
import { compare } from '../comparison.js'
import type { Compilation } from '../compilation.js'
import { toCommonType, toTruth } from '../conversion.js'
import { type Emission, emit } from '../emission.js'
import type { SqlFunction } from './compile-call.js'

function coalesce(compilation: Compilation, list: readonly Emission[]): Emission {
  const type = list.map((part) => part.type).reduce(commonType)
  const parts = list.map((part) => toCommonType(compilation, part, type).sql)
  const nullable = list.every((part) => part.nullable)
  return emit(
    parts.length === 1 ? (parts[0] as string) : `coalesce(${parts.join(', ')})`,
    type,
    nullable,
  )
}

function extremum(name: 'max' | 'min') {
  return (compilation: Compilation, list: readonly Emission[]): Emission => {
    const types = list.map((part) => part.type)
    // Whether texts or numbers decide then differs between versions of MySQL.
    if (types.some(isNumeric) && types.some((type) => type.kind === 'string')) {
      throw unsupported('GREATEST and LEAST of numbers among texts')
    }
    const type = types.reduce(commonType)
    const parts = list.map((part) => toCommonType(compilation, part, type).sql)
    if (type.kind === 'string') parts[0] = `${parts[0]} COLLATE mysql_ci`
    return emit(
      `${name}(${parts.join(', ')})`,
      type,
      list.some((part) => part.nullable),
    )
  }
}

/** Functions that choose between their arguments. */
export const CONTROL_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  COALESCE: { min: 1, max: 100, compile: coalesce },
  IFNULL: { min: 2, max: 2, compile: coalesce },
  IF: {
    min: 3,
    max: 3,
    compile(compilation, list) {
      const [condition, yes, no] = list as [Emission, Emission, Emission]
      const type = commonType(yes.type, no.type)
      const [a, b] = [toCommonType(compilation, yes, type), toCommonType(compilation, no, type)]
      const sql = `CASE WHEN ${toTruth(compilation, condition)} THEN ${a.sql} ELSE ${b.sql} END`
      return emit(sql, type, yes.nullable || no.nullable)
    },
  },
  NULLIF: {
    min: 2,
    max: 2,
    compile(compilation, list) {
      const [value, other] = list as [Emission, Emission]
      const isEqual = compare(compilation, '=', value, other).sql
      return emit(`CASE WHEN ${isEqual} THEN NULL ELSE ${value.sql} END`, value.type, true)
    },
  },
  GREATEST: { min: 2, max: 100, compile: extremum('max') },
  LEAST: { min: 2, max: 100, compile: extremum('min') },
  ISNULL: {
    min: 1,
    max: 1,
    compile: (_, list) =>
      emit(
        `((${(list[0] as Emission).sql}) IS NULL)`,
        { kind: 'int', bits: 32, unsigned: false, width: 1 },
        false,
      ),
  },
}
