import type { AuroraEventMap, AuroraEventName, AuroraOptions, AuroraPool } from 'aurora-mysql2'
import type { Cluster, ClusterOptions } from 'aurora-mysql2-simulator'
import { afterEach, beforeAll } from 'vitest'
import {
  eventually,
  nothingIsLeft,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { EVENTS } from '../../packages/driver/test/watch-pool.js'
import { type Audit, Ledger, NOTHING_AMISS } from './ledger.js'
import { createTables, MixedLoad, type ReadFailure, type Workers } from './mixed-load.js'

const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')

/** Whether the cases that cost many seconds are run too. */
export const IS_FULL_LENGTH = SCALE >= 1

/** The product's own delays, scaled like everything else: at scale 1 it is tested as it is installed. */
export const AT_SCALE = {
  refreshIntervalMs: 2_000 * SCALE,
  urgentIntervalMs: 100 * SCALE,
  urgentForMs: 15_000 * SCALE,
  failoverTimeoutMs: 60_000 * SCALE,
  suspectAfterMs: 500 * SCALE,
  questionTimeoutMs: 300 * SCALE,
  condemnAfterMs: 4_000 * SCALE,
  overloadWaitMs: 2_000 * SCALE,
  checkIdleAfterMs: 30_000 * SCALE,
} as const

/** One event of a pool, and when it was heard. */
export type Heard = {
  [Name in AuroraEventName]: {
    readonly name: Name
    readonly payload: AuroraEventMap[Name]
    readonly atMs: number
  }
}[AuroraEventName]

/** How a scenario is set up; the cluster is its file's. */
export interface ScenarioOptions {
  readonly aurora?: AuroraOptions
  /** @default 16 */
  readonly connectionLimit?: number
  /** Further options of mysql2. */
  readonly mysql?: {
    readonly multipleStatements?: boolean
    readonly maxPreparedStatements?: number
    readonly connectTimeout?: number
  }
  /** How many workers of each kind; `false`: no load. @default one of each */
  readonly workers?: Workers | false
}

/** Everything that a promise says must not be. Equal to `NOTHING_WRONG`, or a promise is broken. */
export interface Verdict extends Audit {
  /** Failed writes whose error does not say whether they took effect. */
  readonly unmarked: readonly string[]
  /** Failed reads, except those whose rows had begun to reach the caller. */
  readonly failedReads: readonly string[]
}

/** The verdict on a scenario in which every promise was kept. */
export const NOTHING_WRONG: Verdict = {
  ...NOTHING_AMISS,
  unmarked: [],
  failedReads: [],
}

/** One pool under a mixed load on the cluster of its file, with everything that it said and a ledger of what was written. */
export class Scenario {
  readonly cluster: Cluster
  /** The callback API; `.promise()` is the same pool. */
  readonly pool: AuroraPool
  readonly ledger: Ledger
  readonly load: MixedLoad
  readonly heard: Heard[] = []
  readonly #sockets: { readonly destroyed: boolean }[] = []
  #ending: Promise<void> | undefined

  constructor(simulation: Simulation, ledger: Ledger, options: ScenarioOptions) {
    this.cluster = simulation.cluster
    this.ledger = ledger
    this.pool = simulation.callbackPool({
      connectionLimit: options.connectionLimit ?? 16,
      ...options.mysql,
      aurora: { ...AT_SCALE, ...options.aurora },
    })
    this.load = new MixedLoad(ledger, this.pool)
    for (const name of EVENTS) {
      this.pool.aurora.on(name, (payload) => {
        this.heard.push({ name, payload, atMs: performance.now() } as Heard)
      })
    }
    this.pool.on('connection', (connection) => {
      this.#sockets.push((connection as unknown as { stream: { destroyed: boolean } }).stream)
    })
  }

  /** What was heard under one name, in order. */
  events<Name extends AuroraEventName>(name: Name): Extract<Heard, { readonly name: Name }>[] {
    return this.heard.filter(
      (entry): entry is Extract<Heard, { readonly name: Name }> => entry.name === name,
    )
  }

  /** When the pool knew that the writer was gone, in the episode that ended with the last promotion: what is called from then on waits. */
  get knownAtMs(): number {
    const promotedAtMs = this.events('writerPromoted').at(-1)?.atMs ?? Number.NaN
    const started = this.events('failoverStarted').filter(({ atMs }) => atMs <= promotedAtMs)
    return started.at(-1)?.atMs ?? promotedAtMs
  }

  /** Resolves when an event has been heard more often than `count` times; by default once, before or after the call. */
  async hears(name: AuroraEventName, count = 0): Promise<void> {
    await eventually(`${name} is heard`, () => this.events(name).length > count)
  }

  /** Ends the load, waits until nothing is under way, closes the pool, and compares. */
  async verdict(): Promise<Verdict> {
    await this.end()
    const unmarked = this.ledger.unmarked.map(({ id, error }) => `${id}: ${error.stack}`)
    const failedReads = this.load.readFailures
      .filter(({ hasDelivered }) => !hasDelivered)
      .map(describeRead)
    return { ...(await this.ledger.audit(this.cluster)), unmarked, failedReads }
  }

  /** Ends the load and the pool; rejects when either leaves anything behind. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    const stopping = this.load.stop().then(() => true)
    let isStopped = false
    stopping.then(() => {
      isStopped = true
    })
    await eventually('every request has ended', () => isStopped)
    await eventually('nothing is under way', () => nothingIsLeft(this.pool))
    await this.pool.promise().end()
    await eventually('all sockets are closed', () =>
      this.#sockets.every(({ destroyed }) => destroyed),
    )
  }
}

/** The scenarios of one test file: one cluster, and one pool after the other. */
export interface Scenarios {
  readonly simulation: Simulation
  readonly cluster: Cluster
  /** A pool that knows the cluster, under load; ended when the test is over. */
  open(options?: ScenarioOptions): Promise<Scenario>
}

/**
 * Starts a cluster for the scenarios of a file or of a `describe`. After each test its pools are closed, and instances that are
 * still away are brought back.
 */
export function useScenarios(options: ClusterOptions = {}): Scenarios {
  let simulation: Simulation
  const loads = new Set<MixedLoad>()
  let count = 0
  beforeAll(async () => {
    simulation = await simulate(options)
    await createTables(simulation.cluster)
  })
  afterEach(async () => {
    // A test that failed has not stopped its load; its requests end with its pool.
    for (const load of loads) void load.stop()
    loads.clear()
    await simulation.closePools()
    await bringBack(simulation.cluster)
  })
  return {
    get simulation() {
      return simulation
    },
    get cluster() {
      return simulation.cluster
    },
    async open(given = {}) {
      count += 1
      const ledger = await Ledger.open(simulation.cluster, `ledger_${count}`)
      const scenario = new Scenario(simulation, ledger, given)
      loads.add(scenario.load)
      await scenario.pool.aurora.ready()
      if (given.workers !== false) {
        scenario.load.start(given.workers)
        await scenario.load.serve(2)
      }
      return scenario
    },
  }
}

/** Makes this instance the writer again, for a file whose scenarios begin with it. */
export async function makeWriter(cluster: Cluster, id: string): Promise<void> {
  const areUp = () => cluster.instances.every(({ state }) => state === 'up')
  // One that is still away cannot be promoted.
  await eventually('all instances are up', areUp)
  if (cluster.writer.id !== id)
    await cluster.failover({ to: id, promoteMs: 20, detectMs: 10, returnMs: 10, dnsMs: 20 })
  await eventually('it is the writer again', () => cluster.writer.id === id && areUp())
}

/** Brings back whatever is away, so that the next scenario finds every instance. */
export async function bringBack(cluster: Cluster): Promise<void> {
  for (const { id, state } of cluster.instances) {
    if (state === 'down' || state === 'hung') await cluster.restart(id)
  }
}

function describeRead({ kind, error }: ReadFailure): string {
  return `${kind}: ${error instanceof Error ? error.stack : String(error)}`
}
