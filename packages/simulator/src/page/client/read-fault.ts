import type { FaultType } from '../../cluster/fault.js'
import { type FaultField, faultTable } from '../../faults/fault-table.js'

/**
 * A fault as the form has it, for the control interface. What is left empty is left out; what is not a number where
 * one belongs goes as it is, so that the interface says what it expected.
 */
export function readFault(type: FaultType, form: FormData): Readonly<Record<string, unknown>> {
  const given = Object.entries(faultTable[type].fields)
    .map(([name, field]) => [name, fieldValue(field, String(form.get(name) ?? '').trim())] as const)
    .filter(([, value]) => value !== '')
  return { type, ...Object.fromEntries(given) }
}

function fieldValue(field: FaultField, text: string): unknown {
  if (text === '') return ''
  switch (field.kind) {
    case 'duration':
    case 'count':
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
    case 'flag':
      return text === 'true'
    case 'choice':
      return field.choices.find((each) => String(each) === text) ?? text
    case 'instance':
    case 'id':
      return text
    default: {
      const unknown: never = field
      throw new TypeError(`field: unknown kind in ${JSON.stringify(unknown)}`)
    }
  }
}
