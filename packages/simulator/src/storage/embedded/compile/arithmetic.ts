import type { ArithmeticOperator } from '../sql/ast.js'
import { outOfRange, unsupported } from '../sql-error.js'
import {
  BIGINT,
  type DecimalType,
  DOUBLE,
  decimalType,
  exactDigits,
  type SqlType,
  UNSIGNED_BIGINT,
} from '../values/sql-type.js'
import type { Compilation } from './compilation.js'
import { toDouble, toInteger, toNumber, toScaled } from './conversion.js'
import { type Emission, emit } from './emission.js'

/** Digits that MySQL adds to the scale of a quotient (`div_precision_increment`). */
const DIVISION_DIGITS = 4
/** Decimal digits of a word of MySQL's exact numbers. */
const WORD_DIGITS = 9

/** `left operator right` on numbers: exact where MySQL is exact, with its errors where a type is left. */
export function compileArithmetic(
  compilation: Compilation,
  operator: ArithmeticOperator,
  leftOperand: Emission,
  rightOperand: Emission,
): Emission {
  const left = toNumber(compilation, leftOperand)
  const right = toNumber(compilation, rightOperand)
  if (left.type.kind === 'null' || right.type.kind === 'null') return emit('NULL', DOUBLE, true)
  refuseCut(left, right)
  switch (operator) {
    case '|':
    case '&':
    case '<<':
    case '>>':
    case '^':
      return compileBits(compilation, operator, left, right)
    case '/':
      return divide(compilation, left, right)
    case 'DIV':
      return divideWhole(compilation, left, right)
    case '%':
      return remainder(compilation, left, right)
    default:
      return addOrMultiply(compilation, operator, left, right)
  }
}

/** Refuses to go on computing with a quotient that has fewer digits than MySQL's. */
export function refuseCut(...operands: readonly Emission[]): void {
  const isCut = operands.some(({ type }) => type.kind === 'decimal' && type.cut)
  if (isCut) throw unsupported('a quotient of two DECIMALs inside a computation')
}

/** Bits are unsigned 64-bit numbers in MySQL; what would set the highest bit is outside the subset. */
function compileBits(
  compilation: Compilation,
  operator: '|' | '&' | '<<' | '>>' | '^',
  left: Emission,
  right: Emission,
): Emission {
  const [a, b] = [toInteger(compilation, left), toInteger(compilation, right)]
  const sql = `m_bits(${a}, '${operator}', ${b})`
  return emit(sql, UNSIGNED_BIGINT, left.nullable || right.nullable)
}

function addOrMultiply(
  compilation: Compilation,
  operator: '+' | '-' | '*',
  left: Emission,
  right: Emission,
): Emission {
  const nullable = left.nullable || right.nullable
  const [a, b] = [exactDigits(left.type), exactDigits(right.type)]
  if (!a || !b) {
    const sql = `${toDouble(compilation, left).sql} ${operator} ${toDouble(compilation, right).sql}`
    return emit(`m_finite(${sql})`, DOUBLE, nullable)
  }
  if (left.type.kind !== 'decimal' && right.type.kind !== 'decimal') {
    const unsigned = isUnsigned(left.type) || isUnsigned(right.type)
    const type = unsigned ? UNSIGNED_BIGINT : BIGINT
    const digits = operator === '*' ? a.integer + b.integer : Math.max(a.integer, b.integer) + 1
    if (digits <= 18 && !unsigned)
      return emit(`(${left.sql} ${operator} ${right.sql})`, type, nullable)
    return emit(
      `m_int(${left.sql}, '${operator}', ${right.sql}, ${unsigned ? 1 : 0})`,
      type,
      nullable,
    )
  }
  if (operator === '*') {
    const scale = a.scale + b.scale
    const type = decimalType(a.integer + b.integer + scale, scale, a.shown + b.shown)
    return emit(`m_decimal(${left.sql}, '*', ${right.sql})`, type, nullable)
  }
  const scale = Math.max(a.scale, b.scale)
  const digits = Math.max(a.integer, b.integer) + scale + 1
  const type = decimalType(digits, scale, Math.max(a.shown, b.shown))
  const [x, y] = [toScaled(compilation, left, scale), toScaled(compilation, right, scale)]
  return emit(`m_decimal(${x}, '${operator}', ${y})`, type, nullable)
}

function isUnsigned(type: SqlType): boolean {
  return type.kind === 'int' && type.unsigned
}

function divide(compilation: Compilation, left: Emission, right: Emission): Emission {
  const [a, b] = [exactDigits(left.type), exactDigits(right.type)]
  if (!a || !b) {
    const [x, y] = [toDouble(compilation, left).sql, toDouble(compilation, right).sql]
    return emit(`m_finite(${x} / nullif(${compilation.divisor(y)}, 0.0))`, DOUBLE, true)
  }
  const { type, scale } = quotientType(a, b)
  const divisor = compilation.divisor(right.sql)
  const sql = `m_divide(${left.sql}, ${a.scale}, ${divisor}, ${b.scale}, ${scale})`
  return emit(sql, type, true)
}

type Digits = NonNullable<ReturnType<typeof exactDigits>>

/**
 * The type of an exact quotient. MySQL works in words of nine digits and cuts, not rounds, what does not fit: hence
 * 1/3*3 is 1.0000. One word of fraction is kept here; where MySQL has more, the quotient can be shown or rounded only.
 */
export function quotientType(
  a: Digits,
  b: Digits,
): { readonly type: DecimalType; readonly scale: number } {
  const word = (digits: number): number => Math.ceil(digits / WORD_DIGITS) * WORD_DIGITS
  const more = DIVISION_DIGITS - (word(a.scale) - a.scale + word(b.scale) - b.scale)
  const wanted = word(word(a.scale) + word(b.scale) + Math.max(0, more))
  const shown = a.shown + DIVISION_DIGITS
  const scale = Math.max(Math.min(wanted, WORD_DIGITS), shown)
  const type = decimalType(a.integer + b.scale + scale, scale, shown)
  return { type: wanted > scale ? { ...type, cut: true } : type, scale }
}

function divideWhole(compilation: Compilation, left: Emission, right: Emission): Emission {
  const [a, b] = [exactDigits(left.type), exactDigits(right.type)]
  if (!a || !b) {
    const [x, y] = [toDouble(compilation, left).sql, toDouble(compilation, right).sql]
    return emit(`m_truncate_to_int(${x} / nullif(${compilation.divisor(y)}, 0.0))`, BIGINT, true)
  }
  const scale = Math.max(a.scale, b.scale)
  const [x, y] = [toScaled(compilation, left, scale), toScaled(compilation, right, scale)]
  // The engine divides integers without a fraction, as DIV does; by zero both give NULL.
  return emit(
    `(${x} / ${compilation.divisor(y)})`,
    isUnsigned(left.type) ? UNSIGNED_BIGINT : BIGINT,
    true,
  )
}

function remainder(compilation: Compilation, left: Emission, right: Emission): Emission {
  const [a, b] = [exactDigits(left.type), exactDigits(right.type)]
  if (!a || !b) {
    const [x, y] = [toDouble(compilation, left).sql, toDouble(compilation, right).sql]
    return emit(`m_remainder(${x}, ${compilation.divisor(y)})`, DOUBLE, true)
  }
  const scale = Math.max(a.scale, b.scale)
  const [x, y] = [toScaled(compilation, left, scale), toScaled(compilation, right, scale)]
  if (scale === 0)
    return emit(
      `(${x} % ${compilation.divisor(y)})`,
      isUnsigned(left.type) ? UNSIGNED_BIGINT : BIGINT,
      true,
    )
  return emit(
    `(${x} % ${compilation.divisor(y)})`,
    decimalType(Math.max(a.integer, b.integer) + scale, scale, Math.max(a.shown, b.shown)),
    true,
  )
}

/** `-operand`. */
export function negate(compilation: Compilation, operand: Emission): Emission {
  const number = toNumber(compilation, operand)
  if (number.type.kind === 'null') return number
  if (number.type.kind === 'int' || number.type.kind === 'year') {
    return emit(`m_int(0, '-', ${number.sql}, 0)`, BIGINT, number.nullable)
  }
  const type = 'unsigned' in number.type ? { ...number.type, unsigned: false } : number.type
  return emit(`(-${number.sql})`, type, number.nullable)
}

/** Integer arithmetic with MySQL's range errors; called by the engine for operands that may leave the range. */
export function integerArithmetic(
  left: bigint,
  operator: string,
  right: bigint,
  unsigned: boolean,
): bigint {
  const result = operator === '+' ? left + right : operator === '-' ? left - right : left * right
  const name = unsigned ? 'BIGINT UNSIGNED' : 'BIGINT'
  const min = unsigned ? 0n : -(2n ** 63n)
  const max = unsigned ? 2n ** 64n - 1n : 2n ** 63n - 1n
  if (result < min || result > max) throw outOfRange(name, `(${left} ${operator} ${right})`)
  if (result > 2n ** 63n - 1n) throw unsupported('unsigned numbers above 9223372036854775807')
  return result
}
