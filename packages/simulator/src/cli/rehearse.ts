import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Fault } from '../cluster/fault.js'
import type { ClusterOptions } from '../cluster/options.js'
import { FaultError } from '../faults/check-fault.js'
import type { BuiltInLoad } from '../rehearsal/built-in-load.js'
import type { RehearsalOptions } from '../rehearsal/rehearse.js'
import { parseDuration, parseInstances } from './arguments.js'
import { CommandError } from './command-error.js'
import { formatTable } from './format-table.js'
import type { Output } from './output.js'
import { UsageError } from './usage-error.js'

interface RehearseOptions {
  readonly fault: string
  readonly set: readonly string[]
  readonly module: readonly string[]
  readonly report: string
  readonly addresses?: true
  readonly instances: number
  readonly storage?: 'mysqld' | 'embedded'
  readonly calmMs: number
  readonly faultMs: number
  readonly afterMs: number
}

const manual = `
A command finds the cluster in its environment: MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE and
DATABASE_URL; MYSQL_READER_HOST, MYSQL_READER_PORT and DATABASE_READER_URL for the reader endpoint.

Examples:
  aurora-simulator rehearse --fault crash -- npm run my-load
  aurora-simulator rehearse --fault hang --set returnMs=8000 --module mysql2 --module aurora-mysql2/mysql2`

/** Adds `rehearse`. */
export function addRehearseCommand(program: Command, output: Output): void {
  program
    .command('rehearse')
    .description('run a command or a load on a cluster of its own, break it, and write a report')
    .argument('[command...]', 'what to run, after --; it is ended when all is over')
    .option(
      '--module <name>',
      'instead of a command: the built-in load on a module like mysql2; several: one after the other',
      collect,
      [],
    )
    .option(
      '--fault <type>',
      'crash, hang and planned: the writer goes that way and a reader takes over; or any other fault',
      'crash',
    )
    .option('--set <field=value>', 'a field of the fault; may be repeated', collect, [])
    .option('--report <file>', 'where to write the page', 'rehearsal.html')
    .option('--addresses', '127.0.0.1 instead of names, for a command that is not of Node.js')
    .option('--instances <number>', 'how many; the first is the writer', parseInstances, 3)
    .addOption(
      new Option('--storage <kind>', 'default: mysqld when there is one').choices([
        'mysqld',
        'embedded',
      ]),
    )
    .option('--calm-ms <ms>', 'undisturbed, before the fault', parseDuration, 5000)
    .option('--fault-ms <ms>', 'a lasting fault is healed after this', parseDuration, 5000)
    .option('--after-ms <ms>', 'undisturbed, when all is back', parseDuration, 5000)
    .addHelpText('after', manual)
    .action((command: string[], options: RehearseOptions) => act(command, options, output))
}

async function act(words: readonly string[], options: RehearseOptions, output: Output) {
  if ((words.length === 0) === (options.module.length === 0)) {
    throw new UsageError('rehearse: expected a command after --, or --module')
  }
  const path = resolve(options.report)
  // What draws the report is needed by no other command.
  const { figureTable, moduleLoad, rehearse, rehearsedFault, reportHtml } = await import(
    '../rehearsal.js'
  )
  const ids = Array.from({ length: options.instances }, (_, index) => `instance-${index + 1}`)
  const fault = checked(() => rehearsedFault(options.fault, fieldsOf(options.set), ids))
  const loads: BuiltInLoad[] = []
  for (const name of options.module) loads.push(await moduleLoad(name))
  const record = await untilStopped((signal) => {
    const what = words.length > 0 ? { command: words } : { loads }
    return rehearse({ ...what, ...rehearsalOptions(options, fault, output), signal })
  })
  await writeFile(path, reportHtml(record)).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`the report cannot be written to ${path}: ${error.code}`)
  })
  const { columns, rows } = figureTable(record.runs)
  output.line()
  output.line(
    formatTable(
      [{ title: ' ' }, ...columns.map((title) => ({ title, align: 'right' as const }))],
      rows.map(({ title, cells }) => [title, ...cells]),
    ),
  )
  output.line()
  output.line(`Report: ${path}`)
}

function rehearsalOptions(options: RehearseOptions, fault: Fault, output: Output) {
  const { instances, storage, calmMs, faultMs, afterMs } = options
  const cluster: ClusterOptions = { instances, ...(storage ? { storage } : {}) }
  const startedAtMs = performance.now()
  const tell = (line: string) => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6)
    output.line(`${seconds} s  ${line}`)
  }
  const hosts = options.addresses ? 'addresses' : 'names'
  return { fault, cluster, calmMs, faultMs, afterMs, hosts, tell } satisfies RehearsalOptions
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** `returnMs=8000` as data; numbers and truth values are what they look like. */
function fieldsOf(settings: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    settings.map((setting) => {
      const [, name, text] = /^(\w+)=(.+)$/.exec(setting) ?? []
      if (name === undefined || text === undefined) {
        throw new UsageError(`--set: expected field=value; got '${setting}'`)
      }
      const words: Readonly<Record<string, boolean>> = { true: true, false: false }
      return [name, words[text] ?? (Number.isFinite(Number(text)) ? Number(text) : text)]
    }),
  )
}

function checked(make: () => Fault): Fault {
  try {
    return make()
  } catch (error) {
    throw error instanceof FaultError ? new UsageError(`--fault: ${error.message}`) : error
  }
}

/** Ctrl-C ends command and cluster, and then the program. */
async function untilStopped<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const onSignal = () => stop.abort(new CommandError('stopped; no report was written'))
  for (const each of signals) process.on(each, onSignal)
  try {
    return await run(stop.signal)
  } finally {
    for (const each of signals) process.off(each, onSignal)
  }
}
