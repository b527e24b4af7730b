import type { Command } from 'commander'
import { controlOption } from './arguments.js'
import { CommandError } from './command-error.js'
import { ControlClient } from './control-client.js'
import type { Output } from './output.js'

/** Adds `heal`. */
export function addHealCommand(program: Command, output: Output): void {
  program
    .command('heal')
    .description('undo a fault in force')
    .argument('<fault>', "its id, as status shows it; a type, for all of that type; or 'all'")
    .addOption(controlOption())
    .action(async (wanted: string, { control }: { control: string }) => {
      const client = new ControlClient(control)
      const { faults } = await client.state()
      const isWanted = (id: string, type: string) => [id, type, 'all'].includes(wanted)
      const found = faults.filter(({ id, type }) => isWanted(id, type))
      if (found.length === 0 && wanted !== 'all') {
        const known = faults.map((each) => each.id).join(', ')
        const inForce = known ? `expected one of ${known}` : 'none is'
        throw new CommandError(`no fault '${wanted}' is in force: ${inForce}`)
      }
      // The newest first: what came later may stand on what came before.
      for (const { id } of found.toReversed()) {
        await client.heal(id)
        output.line(`${id}  healed`)
      }
    })
}
