import type { Command } from 'commander'
import type { ClusterState } from '../control/cluster-state.js'
import { controlOption } from './arguments.js'
import { ControlClient } from './control-client.js'
import { formatTable } from './format-table.js'
import type { Output } from './output.js'

/** Adds `status`. */
export function addStatusCommand(program: Command, output: Output): void {
  program
    .command('status')
    .description('show the instances, the names and the faults in force')
    .option('--json', 'as JSON, with everything that there is to see')
    .addOption(controlOption())
    .action(async ({ control, json }: { control: string; json?: true }) => {
      const state = await new ControlClient(control).state()
      output.line(json ? JSON.stringify(state, undefined, 2) : describeState(state))
    })
}

/** A cluster in a few aligned tables. */
export function describeState(state: ClusterState): string {
  const parts = [instanceTable(state), nameTable(state)]
  if (state.faults.length > 0) parts.push(faultTable(state))
  return parts.join('\n\n')
}

function instanceTable({ instances }: ClusterState): string {
  const rows = instances.map((each) => {
    const { statements, errors } = each.counters
    const address = `${each.address}:${each.port}`
    const believed = newestWriter(each.hostStatus)
    const { id, role, state, connections } = each
    return [id, role, state, address, connections, statements, errors, believed]
  })
  return formatTable(
    [
      { title: 'instance' },
      { title: 'role' },
      { title: 'state' },
      { title: 'address' },
      { title: 'connections', align: 'right' },
      { title: 'statements', align: 'right' },
      { title: 'errors', align: 'right' },
      { title: 'says the writer is' },
    ],
    rows,
  )
}

function newestWriter(rows: ClusterState['instances'][number]['hostStatus']): string {
  const writers = rows.filter((row) => row.sessionId === 'MASTER_SESSION_ID')
  return writers.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs)[0]?.serverId ?? '-'
}

function nameTable({ names, endpoints }: ClusterState): string {
  const shared = Object.values(endpoints)
  const rows = shared.map(({ name, host, port }) => {
    const record = names.find((each) => each.name === name)
    return [name, record?.instance ?? 'unavailable', `${host}:${port}`]
  })
  return formatTable([{ title: 'name' }, { title: 'leads to' }, { title: 'served at' }], rows)
}

function faultTable({ faults, nowMs }: ClusterState): string {
  const rows = faults.map(({ id, instance, sinceMs }) => {
    return [id, instance ?? '-', `${((nowMs - sinceMs) / 1000).toFixed(1)} s`]
  })
  return formatTable([{ title: 'fault' }, { title: 'instance' }, { title: 'for' }], rows)
}
