import { Command, CommanderError } from 'commander'
import { CommandError } from './command-error.js'
import { addFaultCommands } from './fault-commands.js'
import { addHealCommand } from './heal.js'
import type { Output } from './output.js'
import { addRehearseCommand } from './rehearse.js'
import { addRunCommand } from './run-scenario.js'
import { addStartCommand } from './start.js'
import { addStatusCommand } from './status.js'
import { UsageError } from './usage-error.js'

const manual = `
Example:
  aurora-simulator start --instances 3
  aurora-simulator failover            in another terminal
  aurora-simulator status`

/** Where a run of the program writes to. */
export interface ProgramOutput {
  readonly out: Output
  readonly error: Output
}

/** Runs the command line and resolves with the exit code: 0, 1 when something failed, 2 for bad arguments. */
export async function runProgram(
  args: readonly string[],
  { out, error }: ProgramOutput,
): Promise<number> {
  const program = createProgram(out)
  let complaint = ''
  configure(program, out, (text) => {
    complaint += text
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (caught) {
    if (caught instanceof CommanderError) {
      if (caught.exitCode === 0) return 0
      error.line(
        caught.code === 'commander.help'
          ? complaint.trimEnd()
          : `aurora-simulator: ${oneLine(complaint)}`,
      )
      return 2
    }
    const isKnown = caught instanceof CommandError || caught instanceof UsageError
    const message = caught instanceof Error ? caught.message : String(caught)
    error.line(`aurora-simulator: ${isKnown ? message : oneLine(message)}`)
    return caught instanceof UsageError || caught instanceof TypeError ? 2 : 1
  }
}

function createProgram(output: Output): Command {
  const program = new Command('aurora-simulator')
    .description('A local Amazon Aurora MySQL cluster, to rehearse failovers with')
    .addHelpText('after', manual)
    .showSuggestionAfterError()
  program.commandsGroup('Commands:')
  addStartCommand(program, output)
  addStatusCommand(program, output)
  addRunCommand(program, output)
  addRehearseCommand(program, output)
  addHealCommand(program, output)
  program.commandsGroup('Faults:')
  addFaultCommands(program, output)
  return program
}

/** Nothing ends the process or writes by itself, in any command. */
function configure(command: Command, out: Output, complain: (text: string) => void): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => out.line(text.trimEnd()),
    writeErr: complain,
  })
  for (const each of command.commands) configure(each, out, complain)
}

function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s+/g, ' ')
}
