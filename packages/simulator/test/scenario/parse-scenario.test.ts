import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseScenario, ScenarioError } from '../../src/scenario/parse-scenario.js'
import { packageFolder } from '../build-package.js'

describe('a scenario', () => {
  it('is read in order of time, faults short or long', async () => {
    const scenario = await parseScenario(`
name: two steps
steps:
  - atMs: 500
    fault: dns-down
    healAfterMs: 100
  - atMs: 0
    fault:
      type: failover
      returnMs: never
`)
    expect(scenario).toEqual({
      name: 'two steps',
      steps: [
        { atMs: 0, fault: { type: 'failover', returnMs: Number.POSITIVE_INFINITY } },
        { atMs: 500, fault: { type: 'dns-down' }, healAfterMs: 100 },
      ],
    })
  })

  const step = (...lines: string[]) => ['steps:', ...lines].join('\n')
  const wrong: readonly [string, string, number, string][] = [
    ['no map', '- a\n- b', 1, 'expected a map with steps'],
    ['nothing', '', 1, 'expected a map with steps'],
    ['no steps', 'name: empty', 1, 'steps: expected a list of at least one step'],
    ['a key unknown', 'steps: []\nstep: 1', 2, 'unknown key step: expected name, steps'],
    ['bad YAML', 'steps:\n  - atMs: 1\n fault: x', 3, ''],
    ['a step without its time', step('  - fault: reset'), 2, 'a step needs atMs'],
    ['a step without its fault', step('  - atMs: 1', '    heal: 2'), 3, 'unknown key heal'],
    [
      'a time that is none',
      step('  - atMs: 1s', '    fault: reset'),
      2,
      'atMs: expected a number of milliseconds; got "1s"',
    ],
    [
      'an unknown fault',
      step('  - atMs: 1', '    fault: rest'),
      3,
      'unknown type "rest": expected one of reset',
    ],
    ['a fault that needs more', step('  - atMs: 1', '    fault: slow'), 3, 'slow needs delayMs'],
    [
      'a field mistyped in a later line',
      step('  - atMs: 1', '    fault:', '      type: slow', '      delayMs: long'),
      5,
      'delayMs: expected a number of milliseconds; got "long"',
    ],
    [
      'an unknown field',
      step('  - atMs: 1', '    fault: { type: reset, how: hard }'),
      3,
      'reset has no field how',
    ],
  ]
  it.each(wrong)('with %s is refused, the line named', async (_, text, line, message) => {
    const read = parseScenario(text)
    await expect(read).rejects.toThrow(ScenarioError)
    await expect(read).rejects.toThrow(`line ${line}: ${message}`)
  })

  const samples = join(packageFolder, 'docs', 'scenarios')
  it.each(readdirSync(samples))('of the manual can be read: %s', async (name) => {
    const scenario = await parseScenario(readFileSync(join(samples, name), 'utf8'))
    expect(scenario.steps.length).toBeGreaterThan(1)
  })
})
