import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parseScenario, ScenarioError } from '../scenario/parse-scenario.js'
import { playScenario } from '../scenario/play-scenario.js'
import { controlOption } from './arguments.js'
import { ControlClient } from './control-client.js'
import type { Output } from './output.js'
import { UsageError } from './usage-error.js'

/** Adds `run`. */
export function addRunCommand(program: Command, output: Output): void {
  program
    .command('run')
    .description('play a timeline of faults')
    .argument('<scenario.yaml>', 'steps of atMs, fault and healAfterMs; see the manual')
    .addOption(controlOption())
    .action(async (path: string, { control }: { control: string }) => {
      const scenario = await readScenario(path)
      const client = new ControlClient(control)
      const interrupted = new AbortController()
      const interrupt = () => interrupted.abort()
      process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
      try {
        await playScenario(scenario, {
          inject: (fault) => client.inject(fault),
          heal: (id) => client.heal(id),
          onStep: ({ atMs, id, what }) => {
            output.line(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${what.padEnd(8)}  ${id}`)
          },
          signal: interrupted.signal,
        })
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      }
      const { faults } = await client.state()
      const ids = faults.map((each) => each.id).join(', ')
      if (ids) output.line(`Still in force: ${ids}`)
    })
}

async function readScenario(path: string) {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path}: cannot be read (${error.code}): expected a file of YAML`)
  })
  try {
    return await parseScenario(text)
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(`${path}, ${error.message}`)
    throw error
  }
}
