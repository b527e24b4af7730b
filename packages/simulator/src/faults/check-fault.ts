import type { Fault, FaultType } from '../cluster/fault.js'
import { type FaultField, faultTable, faultTypes } from './fault-table.js'
import { nearestNames } from './nearest-names.js'

/** Says what is wrong with a fault, and at which of its fields. */
export class FaultError extends TypeError {
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.name = 'FaultError'
    this.field = field
  }
}

/** An id, as Aurora allows it. */
const idPattern = /^[a-z][a-z0-9-]{0,62}$/i

/**
 * Makes a fault of plain data, such as JSON or YAML, where the word `never` stands for a time without end.
 * Throws a `FaultError` that names what is wrong and what was expected.
 *
 * @param instances the ids that there are; undefined: not known, any will do
 */
export function checkFault(data: unknown, instances?: readonly string[]): Fault {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new FaultError('type', `expected an object with a type; got ${shown(data)}`)
  }
  const { type, ...given } = data as Record<string, unknown>
  if (!isFaultType(type)) throw new FaultError('type', unknownType(type))
  const { fields } = faultTable[type]
  const checked: Record<string, unknown> = { type }
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!field) throw new FaultError(name, unknownField(type, name))
    checked[name] = checkField(name, field, value, instances)
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field.default !== undefined || name in checked) continue
    throw new FaultError(name, `${type} needs ${name}: expected ${expectation(field, instances)}`)
  }
  return checked as unknown as Fault
}

/** What a field takes, in words. */
export function expectation(field: FaultField, instances?: readonly string[]): string {
  switch (field.kind) {
    case 'duration':
      return `a number of milliseconds${field.canBeNever ? ' or never' : ''}`
    case 'count':
      return field.max === undefined
        ? `a whole number from ${field.min} up`
        : `a whole number from ${field.min} to ${field.max}`
    case 'instance':
      return instances ? `one of ${instances.join(', ')}` : 'the id of an instance'
    case 'id':
      return 'a letter, then letters, digits and hyphens'
    case 'choice':
      return `one of ${field.choices.join(', ')}`
    case 'flag':
      return 'true or false'
    default: {
      const unknown: never = field
      throw new TypeError(`field: unknown kind in ${JSON.stringify(unknown)}`)
    }
  }
}

function isFaultType(type: unknown): type is FaultType {
  return typeof type === 'string' && Object.hasOwn(faultTable, type)
}

function unknownType(type: unknown): string {
  if (type === undefined) return `type is missing: expected one of ${faultTypes.join(', ')}`
  const near = typeof type === 'string' ? nearestNames(type, faultTypes) : []
  const expected = near.length > 0 ? near.join(', ') : faultTypes.join(', ')
  return `unknown type ${shown(type)}: expected one of ${expected}`
}

function unknownField(type: FaultType, name: string): string {
  const known = Object.keys(faultTable[type].fields)
  if (known.length === 0) return `${type} has no field ${name}: expected none`
  return `${type} has no field ${name}: expected one of ${known.join(', ')}`
}

/** Makes the value of one field of plain data; throws a `FaultError`. */
export function checkField(
  name: string,
  field: FaultField,
  value: unknown,
  instances?: readonly string[],
): unknown {
  if (field.kind === 'duration' && field.canBeNever && value === 'never') {
    return Number.POSITIVE_INFINITY
  }
  if (fits(field, value, instances)) return value
  const expected = expectation(field, instances)
  throw new FaultError(name, `${name}: expected ${expected}; got ${shown(value)}`)
}

function fits(
  field: FaultField,
  value: unknown,
  instances: readonly string[] | undefined,
): boolean {
  switch (field.kind) {
    case 'duration':
      // A timer of Node's cannot wait longer.
      return typeof value === 'number' && value >= 0 && value < 2 ** 31
    case 'count':
      return (
        Number.isInteger(value) &&
        (value as number) >= field.min &&
        (value as number) <= (field.max ?? Number.MAX_SAFE_INTEGER)
      )
    case 'instance':
      return typeof value === 'string' && (instances?.includes(value) ?? idPattern.test(value))
    case 'id':
      return typeof value === 'string' && idPattern.test(value)
    case 'choice':
      return field.choices.some((choice) => choice === value)
    case 'flag':
      return typeof value === 'boolean'
    default: {
      const unknown: never = field
      throw new TypeError(`field: unknown kind in ${JSON.stringify(unknown)}`)
    }
  }
}

/** Short, on one line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
