import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Cluster } from '../cluster/cluster.js'
import type { ClusterEvent } from '../cluster/cluster-event.js'
import { startCluster } from '../cluster/start-cluster.js'
import { type Control, startControl } from '../control/control.js'
import { type NameServer, startNameServer } from '../names/name-server.js'
import { CommandError } from './command-error.js'
import { connectionLines } from './connection-lines.js'
import { formatTable } from './format-table.js'
import type { Output } from './output.js'
import { addStartOptions, clusterOptions, type StartOptions } from './start-options.js'

/** Adds `start`. */
export function addStartCommand(program: Command, output: Output): void {
  const command = program.command('start').description('start a cluster and serve it until Ctrl-C')
  addStartOptions(command).action((options: StartOptions) => serve(options, output))
}

/** Ends one of the things that were opened. */
type Closer = () => Promise<void>

interface Running {
  readonly cluster: Cluster
  readonly control: Control
  readonly names: NameServer | undefined
  /** Path of the authority's certificate. */
  readonly ca: string | undefined
}

async function serve(options: StartOptions, output: Output): Promise<void> {
  // Whoever is impatient before everything is up is heard as well.
  const stopped = untilStopped()
  const closers: Closer[] = []
  try {
    const startedAtMs = performance.now()
    const running = await open(options, closers)
    const tookMs = performance.now() - startedAtMs
    output.line(describe(running, tookMs))
    if (options.events) running.cluster.on((event) => showEvent(event, output))
    if (options.open) openInBrowser(running.control.url)
    await stopped
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

async function open(options: StartOptions, closers: Closer[]): Promise<Running> {
  const cluster = await startCluster(clusterOptions(options)).catch((error) => {
    throw portError(error, options.port, '--port')
  })
  closers.push(() => cluster.close())
  const control = await startControl({ cluster, port: options.control }).catch((error) => {
    throw portError(error, options.control, '--control')
  })
  closers.push(() => control.close())
  const names = options.dns === undefined ? undefined : await openNames(cluster, options.dns)
  if (names) closers.push(() => names.close())
  const ca = cluster.ca === undefined ? undefined : await writeCa(cluster.ca, closers)
  return { cluster, control, names, ca }
}

function openNames(cluster: Cluster, port: number): Promise<NameServer> {
  return startNameServer({ cluster, port }).catch((error) => {
    throw portError(error, port, '--dns')
  })
}

async function writeCa(pem: string, closers: Closer[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aurora-simulator-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'ca.pem')
  await writeFile(path, pem)
  return path
}

function portError(error: unknown, port: number, option: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new CommandError(`port ${port} is in use: choose another with ${option}, or 0 for any`)
  }
  if (code === 'EACCES') {
    return new CommandError(
      `port ${port} is not for everybody: choose one above 1023 with ${option}`,
    )
  }
  return error
}

/** Resolves at Ctrl-C and its like; a second one ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(130)
        isStopping = true
        resolve()
      })
    }
  })
}

function describe({ cluster, control, names, ca }: Running, tookMs: number): string {
  const { storage, instances, localPorts, name } = cluster
  const shared = [
    ['writer', `127.0.0.1:${localPorts?.writer}`, cluster.writerEndpoint],
    ['reader', `127.0.0.1:${localPorts?.reader}`, cluster.readerEndpoint],
  ]
  const own = instances.map(({ id, address, port, endpoint }) => [
    id,
    `${address}:${port}`,
    endpoint,
  ])
  const services = [['page', `${control.url}/`]]
  if (names) services.push(['DNS', `${names.host}:${names.port}`])
  if (ca !== undefined) services.push(['CA', ca])
  const lines = connectionLines(cluster).map(({ client, line }) => [client, line])
  const seconds = (tookMs / 1000).toFixed(1)
  return [
    `Cluster ${name}: ${instances.length} instances on ${storage}, up in ${seconds} s`,
    indented(block([...shared, ...own])),
    indented(block(services)),
    indented(block(lines)),
    `Break it: aurora-simulator failover${controlHint(control)}   End it: Ctrl-C`,
  ].join('\n\n')
}

function controlHint({ port }: Control): string {
  return port === 9306 ? '' : ` --control ${port}`
}

function block(rows: readonly (readonly string[])[]): string {
  return formatTable(
    (rows[0] ?? []).map(() => ({ title: '' })),
    rows,
  )
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

/** Connections and questions come by the thousand. */
function showEvent({ type, atMs, instance = '', ...details }: ClusterEvent, output: Output): void {
  if (/^(connection|statement|topology)-/.test(type)) return
  const about = 'id' in details ? details.id : instance
  output.line(`${(atMs / 1000).toFixed(1).padStart(8)} s  ${type.padEnd(16)}  ${about}`)
}

function openInBrowser(url: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  // No browser, no page: its address has been printed.
  child.on('error', () => undefined)
  child.unref()
}
