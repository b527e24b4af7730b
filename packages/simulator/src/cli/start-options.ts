import { type Command, Option } from 'commander'
import { type ClusterOptions, defaultTimings, type Timings } from '../cluster/options.js'
import { defaultControlPort, parseDuration, parseInstances, parsePort } from './arguments.js'

/** What `start` may be told. */
export interface StartOptions extends Timings {
  readonly instances: number
  readonly storage?: 'mysqld' | 'embedded'
  readonly port: number
  readonly control: number
  readonly dns?: number
  readonly tls?: true
  readonly user?: string
  readonly password?: string
  readonly database?: string
  readonly name?: string
  readonly auroraVersion?: string
  readonly addresses?: 'distinct' | 'ports'
  readonly events?: true
  readonly open?: true
}

/** What each delay is, by its name in `timings`. */
const timingSummaries: Readonly<Record<keyof Timings, string>> = {
  refreshMs: 'how often instances report and refresh their copy of the topology',
  lagMs: 'lag that readers report',
  detectMs: 'Aurora notices a failure this long after it',
  promoteMs: 'a reader is promoted this long after the failure',
  dnsMs: 'names follow a change this much later',
  staleMs: 'copies of the topology elsewhere follow this much later',
  returnMs: 'a failed writer is back this long after the promotion',
}

/** Adds the options of `start` to its command. */
export function addStartOptions(command: Command): Command {
  command
    .option('--instances <number>', 'how many; the first is the writer', parseInstances, 3)
    .addOption(
      new Option(
        '--storage <kind>',
        'mysqld: a server found on PATH; embedded: nothing to install; default: mysqld when there is one',
      ).choices(['mysqld', 'embedded']),
    )
    .option(
      '--port <port>',
      'of the cluster endpoint and of all instances; 0: any',
      parsePort,
      3306,
    )
    .option(
      '--control <port>',
      'of the page and the control interface; 0: any',
      parsePort,
      defaultControlPort,
    )
    .option('--dns <port>', 'serve the names over DNS, UDP and TCP; 0: any', parsePort)
    .option('--tls', 'offer TLS; the authority to trust is printed')
    .option('--user <name>', "the application's user; default: app")
    .option('--password <text>', 'its password; default: app-password')
    .option('--database <name>', 'its schema; default: app')
    .option('--name <name>', 'of the cluster, part of all names; default: sim1')
    .option('--aurora-version <version>', 'what aurora_version() says; default: 3.10.0')
    .addOption(
      new Option(
        '--addresses <kind>',
        'distinct: a loopback address per instance; ports: 127.0.0.1, a port per instance',
      ).choices(['distinct', 'ports']),
    )
    .option('--events', 'print what happens')
    .option('--open', 'open the page in a browser')
  for (const [name, summary] of Object.entries(timingSummaries)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const usual = defaultTimings[name as keyof Timings]
    command.option(`--${flag} <ms>`, `${summary}; default: ${usual}`, parseDuration)
  }
  return command
}

/** The options of the cluster that `start` makes. */
export function clusterOptions(options: StartOptions): ClusterOptions {
  const { instances, port, storage, tls, user, password, database, addresses } = options
  const { name: clusterName, auroraVersion } = options
  const { refreshMs, lagMs, detectMs, promoteMs, dnsMs, staleMs, returnMs } = options
  const timings = { refreshMs, lagMs, detectMs, promoteMs, dnsMs, staleMs, returnMs }
  const optional = { storage, tls, user, password, database, addresses, clusterName, auroraVersion }
  return {
    instances,
    port,
    localEndpoints: true,
    ...definedOnly(optional),
    timings: definedOnly(timings),
  }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function definedOnly<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
