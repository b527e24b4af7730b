import type { Expression } from '../sql/ast.js'
import { SqlError, unsupported } from '../sql-error.js'
import {
  BLOB,
  commonType,
  isNumeric,
  NULL_TYPE,
  type SqlType,
  stringType,
  TRUTH,
  UNSIGNED_BIGINT,
} from '../values/sql-type.js'
import { formatDateTime, parseDateTime, parseTime } from '../values/temporal.js'
import { compileArithmetic, negate } from './arithmetic.js'
import { compare } from './comparison.js'
import { compileCast } from './compile-cast.js'
import { compileQuery } from './compile-query.js'
import { compileInList, compileInQuery, compileScalarQuery } from './compile-subquery.js'
import { compileExtract, compileInterval, compileTimestampDiff } from './compile-temporal.js'
import { numberLiteral, toCommonType, toInteger, toNumber, toText, toTruth } from './conversion.js'
import { type Emission, emit } from './emission.js'
import { compileCall } from './functions/compile-call.js'
import { resolveColumn, type Scope } from './scope.js'

/** Compiles one expression to the engine's SQL, typed as MySQL types it. */
export function compileExpression(scope: Scope, expression: Expression): Emission {
  const { compilation } = scope
  const compile = (part: Expression): Emission => compileExpression(scope, part)
  switch (expression.kind) {
    case 'null':
      return { ...compilation.constant(null, NULL_TYPE), sql: 'NULL' }
    case 'boolean':
      return compilation.constant(expression.value ? 1n : 0n, TRUTH)
    case 'number':
      return numberLiteral(compilation, expression.text)
    case 'string':
      return compilation.constant(expression.value, stringType([...expression.value].length))
    case 'bytes':
      return compilation.constant(expression.value, {
        ...BLOB,
        maxBytes: expression.value.length,
      } as SqlType)
    case 'temporal':
      return compileTemporalLiteral(scope, expression)
    case 'parameter':
      return compilation.parameter(expression.index)
    case 'column':
      return resolveColumn(scope, expression)
    case 'userVariable':
      return compilation.sessionValue(compilation.session.userVariable(expression.name))
    case 'systemVariable':
      return compilation.sessionValue(
        compilation.session.systemVariable(expression.scope, expression.name),
      )
    case 'negate':
      return negate(compilation, compile(expression.operand))
    case 'invert': {
      const operand = compile(expression.operand)
      return emit(
        `m_bits(${toInteger(compilation, operand)}, '~', 0)`,
        UNSIGNED_BIGINT,
        operand.nullable,
      )
    }
    case 'not': {
      const operand = compile(expression.operand)
      return emit(`(NOT ${toTruth(compilation, operand)})`, TRUTH, operand.nullable)
    }
    case 'arithmetic':
      return compileArithmetic(
        compilation,
        expression.operator,
        compile(expression.left),
        compile(expression.right),
      )
    case 'comparison':
      return compare(
        compilation,
        expression.operator,
        compile(expression.left),
        compile(expression.right),
      )
    case 'logical':
      return compileLogical(scope, expression)
    case 'between':
      return compileBetween(scope, expression)
    case 'inList':
      return compileInList(scope, expression)
    case 'inQuery':
      return compileInQuery(scope, expression)
    case 'like':
      return compileLike(scope, expression)
    case 'isTest':
      return compileIsTest(scope, expression)
    case 'case':
      return compileCase(scope, expression)
    case 'cast':
      return compileCast(compilation, compile(expression.operand), expression.type)
    case 'collate':
      return compileCollate(compile(expression.operand), expression.collation)
    case 'call':
      return compileCall(scope, expression)
    case 'addInterval':
      return compileInterval(scope, expression)
    case 'timestampDiff':
      return compileTimestampDiff(scope, expression)
    case 'extract':
      return compileExtract(compilation, expression.unit, compile(expression.operand))
    case 'trim':
      return compileTrim(scope, expression)
    case 'scalarQuery':
      return compileScalarQuery(scope, expression.query)
    case 'exists': {
      const query = compileQuery(compilation, expression.query, scope)
      return emit(`EXISTS (${query.sql})`, TRUTH, false)
    }
    case 'insertedValue': {
      if (!scope.insertedValue) throw unsupported('VALUES() outside ON DUPLICATE KEY UPDATE')
      return scope.insertedValue(expression.column)
    }
    case 'default':
      throw unsupported('DEFAULT inside an expression')
  }
}

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

function compileTemporalLiteral(scope: Scope, literal: Of<'temporal'>): Emission {
  const { compilation } = scope
  const fsp = Math.min(6, /\.(\d+)\s*$/.exec(literal.text)?.[1]?.length ?? 0)
  if (literal.type === 'TIME') {
    const micros = parseTime(literal.text)
    if (micros !== undefined) return compilation.constant(micros, { kind: 'time', fsp })
  } else {
    const parsed = parseDateTime(literal.text)
    if (parsed && literal.type === 'DATE' && !parsed.hasTime) {
      return compilation.constant(formatDateTime(parsed.micros).slice(0, 10), { kind: 'date' })
    }
    if (parsed && literal.type === 'DATETIME') {
      const type: SqlType = { kind: 'datetime', fsp, timestamp: false }
      return compilation.constant(formatDateTime(parsed.micros), type)
    }
  }
  throw new SqlError(1525, 'HY000', `Incorrect ${literal.type} value: '${literal.text}'`)
}

function compileLogical(scope: Scope, expression: Of<'logical'>): Emission {
  const { compilation } = scope
  const left = compileExpression(scope, expression.left)
  const right = compileExpression(scope, expression.right)
  const [a, b] = [toTruth(compilation, left), toTruth(compilation, right)]
  const nullable = left.nullable || right.nullable
  if (expression.operator === 'XOR') return emit(`((${a} <> 0) <> (${b} <> 0))`, TRUTH, nullable)
  return emit(`(${a} ${expression.operator} ${b})`, TRUTH, nullable)
}

function compileBetween(scope: Scope, expression: Of<'between'>): Emission {
  const { compilation } = scope
  const parts = [expression.operand, expression.low, expression.high]
  const compiled = parts.map((part) => compileExpression(scope, part))
  // All three are compared as one type: a number among texts makes them all numbers.
  const hasNumber = compiled.some((part) => isNumeric(part.type))
  const [operand, lowest, highest] = compiled.map((part) =>
    hasNumber && part.type.kind === 'string' ? toNumber(compilation, part) : part,
  ) as [Emission, Emission, Emission]
  const low = compare(compilation, '>=', operand, lowest)
  const high = compare(compilation, '<=', operand, highest)
  const sql = `(${low.sql} AND ${high.sql})`
  return emit(expression.negated ? `(NOT ${sql})` : sql, TRUTH, low.nullable || high.nullable)
}

function compileLike(scope: Scope, expression: Of<'like'>): Emission {
  const { compilation } = scope
  const operand = toText(compilation, compileExpression(scope, expression.operand))
  const pattern = toText(compilation, compileExpression(scope, expression.pattern))
  const exact = [operand.type, pattern.type].some((type) => type.kind === 'string' && type.exact)
  const escapeChar = compilation.constant(expression.escape, stringType(1)).sql
  const sql = `m_like(${operand.sql}, ${pattern.sql}, ${escapeChar}, ${exact ? 1 : 0})`
  const nullable = operand.nullable || pattern.nullable
  return emit(expression.negated ? `(NOT ${sql})` : sql, TRUTH, nullable)
}

function compileIsTest(scope: Scope, expression: Of<'isTest'>): Emission {
  const operand = compileExpression(scope, expression.operand)
  const not = expression.negated ? 'NOT ' : ''
  if (expression.test === 'NULL') return emit(`(${operand.sql} IS ${not}NULL)`, TRUTH, false)
  const truth = toTruth(scope.compilation, operand)
  const wanted = expression.test === 'TRUE' ? 1 : 0
  return emit(`((${truth} <> 0) IS ${not}${wanted})`, TRUTH, false)
}

function compileCase(scope: Scope, expression: Of<'case'>): Emission {
  const { compilation } = scope
  const operand = expression.operand && compileExpression(scope, expression.operand)
  const results = expression.branches.map((branch) => compileExpression(scope, branch.result))
  const otherwise = expression.otherwise && compileExpression(scope, expression.otherwise)
  const all = otherwise ? [...results, otherwise] : results
  const type = all.map((result) => result.type).reduce(commonType)
  const whens = expression.branches.map((branch, index) => {
    const when = compileExpression(scope, branch.when)
    const condition = operand
      ? compare(compilation, '=', operand, when).sql
      : toTruth(compilation, when)
    const result = toCommonType(compilation, results[index] as Emission, type)
    return `WHEN ${condition} THEN ${result.sql}`
  })
  const last = otherwise ? ` ELSE ${toCommonType(compilation, otherwise, type).sql}` : ''
  const nullable = !otherwise || all.some((result) => result.nullable)
  return emit(`CASE ${whens.join(' ')}${last} END`, type, nullable)
}

function compileCollate(operand: Emission, collation: string): Emission {
  if (operand.type.kind !== 'string') throw unsupported(`COLLATE of ${operand.type.kind} values`)
  const isBinary = collation.endsWith('_bin')
  if (!isBinary && !/^utf8(mb[34])?_.*_ci$/.test(collation))
    throw unsupported(`COLLATE ${collation}`)
  return { ...operand, type: { ...operand.type, exact: isBinary } }
}

function compileTrim(scope: Scope, expression: Of<'trim'>): Emission {
  const { compilation } = scope
  const operand = toText(compilation, compileExpression(scope, expression.operand))
  const what = expression.what
    ? toText(compilation, compileExpression(scope, expression.what))
    : compilation.constant(' ', stringType(1))
  const sql = `m_trim(${operand.sql}, ${what.sql}, '${expression.side}')`
  return emit(sql, operand.type, operand.nullable || what.nullable)
}

/** Where an expression must be a whole number known to the statement, as for LIMIT. */
export function compileCount(scope: Scope, expression: Expression): string {
  const count = toInteger(scope.compilation, compileExpression(scope, expression))
  return expression.kind === 'number' ? count : `m_limit(coalesce(${count}, 0))`
}
