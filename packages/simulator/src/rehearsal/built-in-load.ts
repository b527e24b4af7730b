import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import { errorCode, LoadRecorder } from './load-recorder.js'
import type { RunningLoad } from './running-load.js'

/** What the built-in load needs of a pool: mysql2's promise API, or a part of it. */
export interface LoadPool {
  query(sql: string, values?: unknown[]): Promise<unknown>
  end(): Promise<void>
}

/** A pool, and how the load uses it. */
export interface OpenedPool {
  readonly pool: LoadPool
  /** Runs one request of a user. Default: nothing around it. */
  readonly inRequest?: (work: () => Promise<void>) => Promise<void>
}

/** A load of reads and writes on a pool of the caller's choice. */
export interface BuiltInLoad {
  /** Heads its column in the report. */
  readonly name: string
  /** Makes the pool, from `cluster.plainConnection` or `cluster.connection`. */
  open(cluster: Cluster): OpenedPool | Promise<OpenedPool>
}

const workers = [
  { kind: 'read', count: 8 },
  { kind: 'write', count: 4 },
] as const

/** A pool may need this long until it has answered a read and a write. */
const startLimitMs = 30_000

/** The mean pause of a worker between two requests. */
const pauseMs = 20

/** How long a request that is under way at the end may still take. */
const patienceMs = 5000

const table = 'rehearsal_orders'

/** Starts the load. Its table has no unique key: a statement that runs twice leaves two rows. */
export async function startBuiltInLoad(
  { name, open }: BuiltInLoad,
  cluster: Cluster,
): Promise<RunningLoad> {
  await cluster.query(
    `CREATE TABLE ${table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL)`,
  )
  const { pool, inRequest = (work) => work() } = await open(cluster)
  const recorder = new LoadRecorder(name)
  const acknowledged = new Set<string>()
  let isStopping = false
  let lastError: unknown
  const answered = new Set<string>()
  let begin: () => void = () => undefined
  const began = new Promise<void>((resolve) => {
    begin = resolve
  })

  const request = async (kind: 'read' | 'write', token: string) => {
    if (kind === 'read') {
      await recorder.run(kind, () =>
        pool.query(`SELECT id, token FROM ${table} ORDER BY id DESC LIMIT 5`),
      )
      return
    }
    await recorder.run(kind, () => pool.query(`INSERT INTO ${table} (token) VALUES (?)`, [token]))
    acknowledged.add(token)
  }
  const work = async (kind: 'read' | 'write', worker: string) => {
    for (let number = 1; !isStopping; number += 1) {
      try {
        await inRequest(() => request(kind, `${worker}-${number}`))
        if (answered.size < workers.length && answered.add(kind).size === workers.length) begin()
      } catch (error) {
        lastError = error
      }
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }
  const working = Promise.all(
    workers.flatMap(({ kind, count }) =>
      Array.from({ length: count }, (_, index) => work(kind, `${kind}-${index}`)),
    ),
  )
  const stop = async (zeroMs: number) => {
    isStopping = true
    await atMost(patienceMs, working)
    const record = recorder.record(zeroMs)
    const facts = await audit(cluster, acknowledged)
    // What still waits for a silent instance ends with the cluster.
    await atMost(patienceMs, pool.end())
    return { loads: [{ ...record, facts }] }
  }
  let stopping: ReturnType<typeof stop> | undefined
  return {
    began: withinLimit(began, () => lastError),
    ended: new Promise(() => undefined),
    stop(zeroMs) {
      stopping ??= stop(zeroMs)
      return stopping
    },
  }
}

/** Compares what the client was told with what is on the volume. */
async function audit(cluster: Cluster, acknowledged: ReadonlySet<string>) {
  const rows = new Map<string, number>()
  for (const row of await cluster.query(`SELECT token FROM ${table}`)) {
    const token = String(row.token)
    rows.set(token, (rows.get(token) ?? 0) + 1)
  }
  const lost = [...acknowledged].filter((token) => !rows.has(token)).length
  const doubled = [...rows.values()].filter((count) => count > 1).length
  return [
    { title: 'Acknowledged writes lost', value: String(lost) },
    { title: 'Writes doubled', value: String(doubled) },
  ]
}

/** Rejects when nothing was answered in time, with the last error as the cause. */
async function withinLimit(began: Promise<void>, lastError: () => unknown): Promise<void> {
  const limit = new AbortController()
  const late = sleep(startLimitMs, true, { signal: limit.signal, ref: false }).catch(() => false)
  const isLate = await Promise.race([late, began.then(() => false)])
  limit.abort()
  if (!isLate) return
  const error = lastError()
  throw new Error(
    `The load got no answer to a read and a write within ${startLimitMs / 1000} s${error ? `: ${errorCode(error)}` : ''}`,
    { cause: error },
  )
}

async function atMost(limitMs: number, promise: Promise<unknown>): Promise<void> {
  const limit = new AbortController()
  await Promise.race([
    promise.catch(() => undefined),
    sleep(limitMs, undefined, { signal: limit.signal }).catch(() => undefined),
  ])
  limit.abort()
}
