import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import type { ClusterEventType } from '../cluster/cluster-event.js'
import type { Fault } from '../cluster/fault.js'
import type { ClusterOptions } from '../cluster/options.js'
import { startCluster } from '../cluster/start-cluster.js'
import { describeEvent } from '../page/describe-event.js'
import { type BuiltInLoad, startBuiltInLoad } from './built-in-load.js'
import { startCommandLoad } from './command-load.js'
import type { ConnectionHosts } from './connection-environment.js'
import { type ClusterRecording, recordCluster, sampleEveryMs } from './record-cluster.js'
import type { RehearsalRecord, RunRecord } from './records.js'
import { rehearsedFault } from './rehearsed-fault.js'
import type { RunningLoad } from './running-load.js'

/** What `rehearse` takes: a command or loads, and what is done to them. */
export interface RehearsalOptions {
  /** The user's own command and its arguments. It finds the cluster by its environment. */
  readonly command?: readonly string[]
  /** The built-in load, on each of these pools in turn, each time on a new cluster. */
  readonly loads?: readonly BuiltInLoad[]
  /** Default: a failover after a crash of the writer. */
  readonly fault?: Fault
  /** How a command is told where the cluster is. @default 'names' */
  readonly hosts?: ConnectionHosts
  /** Undisturbed, from the first statement to the fault. @default 5000 */
  readonly calmMs?: number
  /** A fault that does not end by itself is healed after this time. @default 5000 */
  readonly faultMs?: number
  /** From the moment when everything is back, and written to again, to the end. @default 5000 */
  readonly afterMs?: number
  readonly cluster?: ClusterOptions
  /** Hears what happens, a line at a time. */
  readonly tell?: (line: string) => void
  /** Ends the rehearsal early: command and clusters are ended, and it rejects. */
  readonly signal?: AbortSignal
}

const toldTypes: readonly ClusterEventType[] = [
  'fault-injected',
  'promoted',
  'dns-updated',
  'instance-up',
]

/** A failover whose end does not come is left at that. */
const failoverLimitMs = 60_000

/** A load that does not write again is given up on. */
const recoveryLimitMs = 30_000

/** Runs a command or loads on a simulated cluster, breaks it, waits until it is whole again, and says what was seen. */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalRecord> {
  const { command, loads = [], fault = rehearsedFault('crash') } = options
  if ((command === undefined) === (loads.length === 0)) {
    throw new TypeError('rehearse: expected either a command or loads')
  }
  const startedAt = new Date()
  const runs: RunRecord[] = []
  if (command) {
    const start = (cluster: Cluster) => startCommandLoad(command, cluster, options.hosts ?? 'names')
    runs.push(await runOnce(command.join(' '), options, fault, start))
  }
  for (const load of loads) {
    runs.push(
      await runOnce(load.name, options, fault, (cluster) => startBuiltInLoad(load, cluster)),
    )
  }
  return { title: titleOf(fault), startedAt, runs }
}

async function runOnce(
  name: string,
  options: RehearsalOptions,
  fault: Fault,
  start: (cluster: Cluster) => Promise<RunningLoad>,
): Promise<RunRecord> {
  const { tell = () => undefined, signal } = options
  signal?.throwIfAborted()
  const cluster = await startCluster({
    localEndpoints: options.hosts === 'addresses',
    ...options.cluster,
  })
  const isOver = new AbortController()
  const end = () => isOver.abort()
  signal?.addEventListener('abort', end)
  cluster.on((event) => {
    if (toldTypes.includes(event.type)) tell(describeEvent(event))
  })
  let load: RunningLoad | undefined
  let recording: ClusterRecording | undefined
  try {
    tell(`${name} starts`)
    load = await start(cluster)
    await Promise.race([load.began, aborted(isOver.signal)])
    signal?.throwIfAborted()
    load.ended.then(end, end)
    recording = recordCluster(cluster)
    await disturb(cluster, fault, options, isOver.signal)
    signal?.throwIfAborted()
    const record = recording.stop()
    return { name, cluster: record, ...(await load.stop(recording.startedAtMs)) }
  } finally {
    signal?.removeEventListener('abort', end)
    end()
    recording?.stop()
    await load?.stop(0)
    await cluster.close()
  }
}

/** Breaks the cluster and lets it heal; `isOver` ends every wait at once. */
async function disturb(
  cluster: Cluster,
  fault: Fault,
  { calmMs = 5000, faultMs = 5000, afterMs = 5000 }: RehearsalOptions,
  isOver: AbortSignal,
): Promise<void> {
  const pause = (ms: number) => sleep(ms, undefined, { signal: isOver }).catch(() => undefined)
  await pause(calmMs)
  if (isOver.aborted) return
  const hasWritten = writesOf(cluster) > 0
  const heal = await cluster.inject(fault)
  const writes = writesOf(cluster)
  // A failover comes to its end by itself; a fault of a moment is over by now.
  if (fault.type === 'failover') {
    await Promise.race([hasHealed(cluster, heal.id), pause(failoverLimitMs)])
  } else if (isInForce(cluster, heal.id)) await pause(faultMs)
  if (isOver.aborted) return
  if (fault.type !== 'failover') await heal()
  const limitMs = performance.now() + recoveryLimitMs
  const isWaiting = () => !isOver.aborted && performance.now() < limitMs
  while (hasWritten && writesOf(cluster) === writes && isWaiting()) await pause(sampleEveryMs)
  await pause(afterMs)
}

function writesOf({ instances }: Cluster): number {
  return instances.reduce((sum, { counters }) => sum + counters.writes, 0)
}

function isInForce({ faults }: Cluster, id: string): boolean {
  return faults.some((each) => each.id === id)
}

async function hasHealed(cluster: Cluster, id: string): Promise<void> {
  if (!isInForce(cluster, id)) return
  await new Promise<void>((resolve) => {
    const stop = cluster.on((event) => {
      if (event.type !== 'fault-healed' || event.id !== id) return
      stop()
      resolve()
    })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve())
  })
}

function titleOf(fault: Fault): string {
  if (fault.type !== 'failover') return `Fault: ${fault.type}`
  const ways = { crash: 'the writer crashes', hang: 'the writer falls silent', planned: 'planned' }
  return `Failover: ${ways[fault.how ?? 'crash']}`
}
