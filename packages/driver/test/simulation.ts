import type { AuroraPool, AuroraPoolOptions, ClusterStats } from 'aurora-mysql2'
import { createAuroraPool } from 'aurora-mysql2'
import {
  type AuroraPool as AuroraPromisePool,
  createAuroraPool as createPromisePool,
} from 'aurora-mysql2/promise'
import { type Cluster, type ClusterOptions, startCluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterAll } from 'vitest'

/** Every delay of a scenario is multiplied by this; limits that say "it hangs" are not. */
const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')

/** How long anything may take before it counts as never. */
const NEVER_MS = 20_000

/** A delay of a scenario, scaled. */
export function scaled(ms: number): number {
  return Math.max(1, Math.round(ms * SCALE))
}

/** Our own delays, short: what they are is the business of the tests that name them. */
export const QUICK = {
  refreshIntervalMs: 50,
  urgentIntervalMs: 20,
  suspectAfterMs: 100,
  questionTimeoutMs: 60,
  condemnAfterMs: 600,
  failoverTimeoutMs: 20_000,
} as const

/** A simulated cluster and the pools that a test file opens on it; all of them are closed when the file is done. */
export class Simulation {
  readonly cluster: Cluster
  readonly #pools = new Set<AuroraPool>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** A pool on the cluster endpoint, in the callback API. */
  callbackPool(options: AuroraPoolOptions = {}): AuroraPool {
    const { connection } = this.cluster
    const pool = createAuroraPool({
      ...connection,
      ...options,
      aurora: { ...connection.aurora, ...QUICK, ...options.aurora },
    })
    this.#pools.add(pool)
    return pool
  }

  /** A pool on the cluster endpoint, in the promise API. */
  pool(options: AuroraPoolOptions = {}): AuroraPromisePool {
    const { connection } = this.cluster
    const pool = createPromisePool({
      ...connection,
      ...options,
      aurora: { ...connection.aurora, ...QUICK, ...options.aurora },
    })
    this.#pools.add((pool as unknown as { readonly pool: AuroraPool }).pool)
    return pool
  }

  /** The same, once it knows the cluster and no connection is left that was opened by the cluster's name. */
  async readyPool(options: AuroraPoolOptions = {}): Promise<AuroraPromisePool> {
    const pool = this.pool(options)
    await pool.aurora.ready()
    return pool
  }

  async closePools(): Promise<void> {
    const pools = [...this.#pools]
    this.#pools.clear()
    await Promise.all(
      pools.map((pool) => new Promise<void>((resolve) => pool.end(() => resolve()))),
    )
  }

  /** What the instances counted since, by id. */
  countsSince(before: Counts): Counts {
    const now = countsOf(this.cluster)
    const counts: Counts = {}
    for (const [id, { statements, reads, writes, topologyQuestions }] of Object.entries(now)) {
      const earlier = before[id]
      counts[id] = {
        statements: statements - (earlier?.statements ?? 0),
        reads: reads - (earlier?.reads ?? 0),
        writes: writes - (earlier?.writes ?? 0),
        topologyQuestions: topologyQuestions - (earlier?.topologyQuestions ?? 0),
      }
    }
    return counts
  }

  counts(): Counts {
    return countsOf(this.cluster)
  }
}

export type Counts = Record<
  string,
  { statements: number; reads: number; writes: number; topologyQuestions: number }
>

function countsOf(cluster: Cluster): Counts {
  return Object.fromEntries(
    cluster.instances.map(({ id, counters }) => {
      const { statements, reads, writes, topologyQuestions } = counters
      return [id, { statements, reads, writes, topologyQuestions }]
    }),
  )
}

/** Starts a cluster for a test file; it is closed, with its pools, when the file is done. */
export async function simulate(options: ClusterOptions = {}): Promise<Simulation> {
  const simulation = new Simulation(
    await startCluster({
      storage: 'mysqld',
      ...options,
      timings: {
        refreshMs: scaled(100),
        lagMs: 5,
        detectMs: scaled(300),
        promoteMs: scaled(1000),
        dnsMs: scaled(4000),
        staleMs: scaled(300),
        returnMs: scaled(3000),
        ...options.timings,
      },
    }),
  )
  afterAll(async () => {
    await simulation.closePools()
    await simulation.cluster.close()
  })
  return simulation
}

/** Resolves as soon as it holds; rejects, saying what was waited for, when it never does. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = NEVER_MS,
): Promise<void> {
  const untilMs = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`Never happened: ${what}`)
    await pause(5)
  }
}

/** Whether a pool lends nothing, runs nothing, waits for nothing and opens nothing. */
export function nothingIsLeft(pool: { readonly aurora: { stats(): ClusterStats } }): boolean {
  const { active, waiting, instances } = pool.aurora.stats()
  const isQuiet = instances.every(
    (each) => each.underWay + each.waiting + each.connecting === 0 && each.open === each.idle,
  )
  return active === 0 && waiting === 0 && isQuiet
}

/** Lets time pass, for scenarios in which something must go on meanwhile. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Which instance a statement ran on. */
export const WHERE = 'SELECT @@aurora_server_id AS id'

/** Which instance answers a read of this pool or session. */
export async function whereIs(
  pool: {
    query(options: { sql: string; aurora?: object }): Promise<[unknown, unknown]>
  },
  aurora?: object,
): Promise<string> {
  const [rows] = await pool.query({ sql: WHERE, ...(aurora === undefined ? {} : { aurora }) })
  return String((rows as RowDataPacket[])[0]?.id)
}

/** The error that something rejects with; fails when it does not. */
export async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof Error) return outcome as Error & Record<string, unknown>
  throw new Error('It was meant to fail, and did not')
}
