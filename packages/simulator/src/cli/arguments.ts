import { InvalidArgumentError, Option } from 'commander'
import { checkField, expectation, FaultError } from '../faults/check-fault.js'
import type { FaultField } from '../faults/fault-table.js'

/** Where `start` serves its control interface, and where other commands look for it. */
export const defaultControlPort = 9306

/** The option that names the simulator to talk to. */
export function controlOption(): Option {
  return new Option('--control <host:port>', 'the control interface of the running simulator')
    .default(`127.0.0.1:${defaultControlPort}`)
    .env('AURORA_SIMULATOR_CONTROL')
    .argParser(parseTarget)
}

/** `9306`, `localhost:9306`, `http://127.0.0.1:9306/`. */
export function parseTarget(text: string): string {
  const bare = text.replace(/^http:\/\//, '').replace(/\/$/, '')
  const target = /^\d+$/.test(bare) ? `127.0.0.1:${bare}` : bare
  const port = Number(/^[^\s/]+:(\d+)$/.exec(target)?.[1])
  if (port >= 1 && port <= 65_535) return target
  throw new InvalidArgumentError('Expected host:port.')
}

/** A TCP port; 0: any free one. */
export function parsePort(text: string): number {
  return wholeNumber(text, 0, 65_535, 'a port, 0 to 65535')
}

/** How many instances a cluster has. */
export function parseInstances(text: string): number {
  return wholeNumber(text, 1, 16, 'a number from 1 to 16, as Aurora allows')
}

/** A number of milliseconds. */
export function parseDuration(text: string): number {
  return wholeNumber(text, 0, 2 ** 31 - 1, 'a number of milliseconds')
}

/** Makes the parser of a fault's field. */
export function fieldParser(name: string, field: FaultField): (text: string) => unknown {
  return (text) => {
    const isNumber = text.trim() !== '' && Number.isFinite(Number(text))
    const isText = field.kind === 'instance' || field.kind === 'id'
    try {
      return checkField(name, field, isNumber && !isText ? Number(text) : text)
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      throw new InvalidArgumentError(`Expected ${expectation(field)}.`)
    }
  }
}

function wholeNumber(text: string, min: number, max: number, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new InvalidArgumentError(`Expected ${expected}.`)
}
