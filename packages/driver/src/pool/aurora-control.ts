import type { Cluster } from '../cluster/cluster.js'
import { AuroraError, optionError } from '../contract/errors.js'
import type { Topology } from '../model/topology.js'
import type { EventHub } from './event-hub.js'
import { type ClusterStats, statsOf } from './stats.js'

/** How `drain()` goes about it. */
export interface DrainOptions {
  /** How long what runs may still take, in milliseconds; then it is cut. @default 30000 */
  readonly timeoutMs?: number
}

const DRAIN_WITHIN_MS = 30_000

/** What is drained. */
export interface Drainable {
  readonly isEnded: boolean
  refuseNewWork(): void
  whenReturned(): Promise<void>
  end(done: () => void): void
}

/** `pool.aurora`: everything that mysql2's pool has no name for. */
export class AuroraControl {
  readonly #cluster: Cluster
  readonly #hub: EventHub
  readonly #pool: Drainable

  constructor(cluster: Cluster, hub: EventHub, pool: Drainable) {
    this.#cluster = cluster
    this.#hub = hub
    this.#pool = pool
  }

  /** Listens to an event. Events are listed with `AuroraEventMap`; `error` is not among them. */
  readonly on: EventHub['on'] = (name, listener) => this.#hub.on(name, listener)
  readonly once: EventHub['once'] = (name, listener) => this.#hub.once(name, listener)
  readonly off: EventHub['off'] = (name, listener) => this.#hub.off(name, listener)

  /** The current belief about the cluster: a frozen value, replaced with each change. Undefined until an instance has answered, and where there is nothing to discover. */
  get topology(): Topology | undefined {
    return this.#cluster.topology
  }

  /** Figures of this moment, computed when asked. */
  stats(): ClusterStats {
    return statsOf(this.#cluster)
  }

  /** Asks for the topology now; resolves when it is in force. Rejects with the error of the question. */
  refresh(): Promise<void> {
    return this.#cluster.refresh()
  }

  /**
   * Resolves once an instance has confirmed itself as the writer, or it is known that there is none to look for (a plain server, one
   * endpoint). For readiness probes. Rejects when the pool is ended meanwhile.
   */
  ready(): Promise<void> {
    return this.#cluster.ready()
  }

  /** Runs `work` as one request: it sees what it has written, and its reads do not go back in time. */
  session<T>(work: () => T): T {
    return this.#cluster.consistency.run(work)
  }

  /**
   * Takes no new work, lets what runs end, then ends the pool: for SIGTERM. After `timeoutMs` what still runs is cut.
   * Sessions that are out count as running; statements on them are still taken.
   *
   * @throws AuroraError `ERR_AURORA_OPTION`
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs = DRAIN_WITHIN_MS } = options
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
      throw optionError('timeoutMs', 'a number of milliseconds, at least 0', timeoutMs)
    if (this.#pool.isEnded) return
    this.#pool.refuseNewWork()
    const ended = Promise.all([this.#cluster.whenIdle(), this.#pool.whenReturned()])
    const isInTime = await inTime(ended, timeoutMs)
    if (this.#pool.isEnded) return
    await new Promise<void>((resolve) => {
      this.#pool.end(resolve)
      if (!isInTime) this.#cluster.cutAll()
    })
  }
}

/** What a pool answers while it is being drained. */
export function drainingError(): AuroraError {
  return new AuroraError('ERR_AURORA_DRAINING', 'The pool is being drained and takes no new work')
}

async function inTime(ended: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, Math.min(withinMs, 2 ** 31 - 1), false)
  })
  try {
    return await Promise.race([ended.then(() => true), tooLate])
  } finally {
    clearTimeout(timer)
  }
}
