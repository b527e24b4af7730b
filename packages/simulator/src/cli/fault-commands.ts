import { Argument, type Command, Option } from 'commander'
import type { Fault, FaultType } from '../cluster/fault.js'
import { type FaultField, faultTable, faultTypes } from '../faults/fault-table.js'
import { controlOption, fieldParser } from './arguments.js'
import { ControlClient } from './control-client.js'
import type { Output } from './output.js'

/** Faults that people do, rather than suffer, have the name of the deed; the other name works too. */
const verbs: Partial<Record<FaultType, string>> = {
  'demote-in-place': 'demote',
  'reader-added': 'add-reader',
  'reader-removed': 'remove-reader',
}

/** Adds a command per fault, its options made from the table of faults. */
export function addFaultCommands(program: Command, output: Output): void {
  for (const type of faultTypes) addFaultCommand(program, type, output)
}

function addFaultCommand(program: Command, type: FaultType, output: Output): void {
  const { summary, fields } = faultTable[type]
  const verb = verbs[type]
  const command = program.command(verb ?? type).description(summary)
  if (verb) command.alias(type)
  const { instance, ...others } = fields
  if (instance) command.addArgument(instanceArgument(instance))
  for (const [name, field] of Object.entries(others)) command.addOption(fieldOption(name, field))
  command.addOption(controlOption())
  command.action(async (...given: unknown[]) => {
    const { control, ...options } = command.opts<{ control: string }>()
    const about = instance && given[0] !== undefined ? { instance: given[0] } : {}
    const fault = { type, ...about, ...options } as unknown as Fault
    const client = new ControlClient(control)
    const injected = await client.inject(fault)
    const { faults, instances } = await client.state()
    const writer = instances.find((each) => each.role === 'writer')?.id
    const told = [injected.id, injected.instance, type === 'failover' && `${writer} is the writer`]
    const isInForce = faults.some((each) => each.id === injected.id)
    if (isInForce) told.push(`undo: aurora-simulator heal ${injected.id}`)
    output.line(told.filter(Boolean).join('  '))
  })
}

function instanceArgument(field: FaultField): Argument {
  const name = field.default === undefined ? '<instance>' : '[instance]'
  const argument = new Argument(name, described(field)).argParser(fieldParser('instance', field))
  return argument
}

function fieldOption(name: string, field: FaultField): Option {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  if (field.kind === 'flag') return flagOption(flag, field)
  const placeholder = field.kind === 'duration' ? 'ms' : field.kind
  const option = new Option(`--${flag} <${placeholder}>`, described(field))
  if (field.default === undefined) option.makeOptionMandatory()
  return option.argParser(fieldParser(name, field))
}

/** What holds without being said can only be switched off. */
function flagOption(flag: string, field: FaultField): Option {
  if (field.default !== 'true') return new Option(`--${flag}`, described(field))
  return new Option(`--no-${flag}`, `not: ${field.summary}`)
}

function described(field: FaultField): string {
  const choices = field.kind === 'choice' ? ` (${field.choices.join(', ')})` : ''
  const never = field.kind === 'duration' && field.canBeNever ? ', or never' : ''
  const otherwise = field.default === undefined ? '' : `; default: ${field.default}`
  return `${field.summary}${choices}${never}${otherwise}`
}
