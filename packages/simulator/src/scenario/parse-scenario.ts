import type { Node, YAMLMap } from 'yaml'
import type { Fault } from '../cluster/fault.js'
import { checkFault, FaultError } from '../faults/check-fault.js'

/** One fault at its time. */
export interface ScenarioStep {
  /** Since the scenario's start. */
  readonly atMs: number
  readonly fault: Fault
  /** The fault is undone this long after it came into force; none: it stays. */
  readonly healAfterMs?: number
}

/** A timeline of faults, in order of time. */
export interface Scenario {
  readonly name?: string
  readonly steps: readonly ScenarioStep[]
}

/** Says what is wrong with a scenario, and in which line. */
export class ScenarioError extends Error {
  /** Counted from 1. */
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.name = 'ScenarioError'
    this.line = line
  }
}

const stepKeys = ['atMs', 'fault', 'healAfterMs']

/**
 * Reads a scenario from YAML (or JSON, which is YAML): `steps`, a list of `atMs`, `fault` and, if it is to be undone,
 * `healAfterMs`. Rejects with a `ScenarioError` that names the line, what is wrong and what was expected.
 */
export async function parseScenario(text: string): Promise<Scenario> {
  // Loaded when it is needed: most programs that start a cluster play no scenario.
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const reader: Reader = {
    isMap: yaml.isMap,
    lineOf(node) {
      const offset = yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0
      return Math.max(1, lines.linePos(offset).line)
    },
  }
  const { isMap, lineOf } = reader
  const [broken] = document.errors
  if (broken) throw new ScenarioError(lines.linePos(broken.pos[0]).line, oneLine(broken.message))
  const { contents } = document
  if (!isMap(contents)) throw new ScenarioError(1, 'expected a map with steps')
  onlyKeys(contents, ['name', 'steps'], reader)
  const steps = contents.get('steps', true) as Node | undefined
  if (!yaml.isSeq(steps) || steps.items.length === 0) {
    throw new ScenarioError(
      lineOf(steps ?? contents),
      'steps: expected a list of at least one step',
    )
  }
  const name = contents.get('name')
  const read = steps.items.map((item) => readStep(item, reader))
  return {
    ...(name === undefined ? {} : { name: String(name) }),
    steps: read.toSorted((a, b) => a.atMs - b.atMs),
  }
}

/** What is needed of the YAML library to look at its nodes. */
interface Reader {
  isMap(node: unknown): node is YAMLMap
  /** Counted from 1. */
  lineOf(node: unknown): number
}

function readStep(item: unknown, reader: Reader): ScenarioStep {
  const { isMap, lineOf } = reader
  if (!isMap(item))
    throw new ScenarioError(lineOf(item), `expected a map of ${stepKeys.join(', ')}`)
  onlyKeys(item, stepKeys, reader)
  const atMs = duration(item, 'atMs', reader)
  if (atMs === undefined) {
    throw new ScenarioError(lineOf(item), 'a step needs atMs: expected a number of milliseconds')
  }
  const healAfterMs = duration(item, 'healAfterMs', reader)
  const fault = readFault(item, reader)
  return { atMs, fault, ...(healAfterMs === undefined ? {} : { healAfterMs }) }
}

function duration(step: YAMLMap, key: string, { lineOf }: Reader): number | undefined {
  const value = step.get(key)
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31) return value
  const message = `${key}: expected a number of milliseconds; got ${JSON.stringify(value)}`
  throw new ScenarioError(lineOf(step.get(key, true)), message)
}

/** A fault with no fields to say may be its name alone. */
function readFault(step: YAMLMap, { isMap, lineOf }: Reader): Fault {
  const node = step.get('fault', true) as Node | undefined
  if (!node) throw new ScenarioError(lineOf(step), 'a step needs fault: expected a map with a type')
  const plain: unknown = isMap(node) ? node.toJSON() : { type: step.get('fault') }
  try {
    return checkFault(plain)
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    const field = isMap(node) ? node.get(error.field, true) : undefined
    throw new ScenarioError(lineOf(field ?? node), error.message)
  }
}

function onlyKeys(map: YAMLMap, known: readonly string[], { lineOf }: Reader): void {
  for (const { key } of map.items) {
    const name = String(key)
    if (known.includes(name)) continue
    throw new ScenarioError(lineOf(key), `unknown key ${name}: expected ${known.join(', ')}`)
  }
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, ' ')
}
