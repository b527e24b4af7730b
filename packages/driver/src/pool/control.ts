import type { Cluster } from '../cluster/cluster.js'
import { writeMark } from '../cluster/mark.js'
import {
  type DrainOptions,
  resolveDrainOptions,
  type SessionOptions,
} from '../contract/control-options.js'
import { AuroraError } from '../contract/errors.js'
import type { AuroraEventMap, AuroraEventName } from '../contract/events.js'
import type { Topology } from '../model/topology.js'
import type { AuroraControl } from './aurora-control.js'
import type { ClusterStats } from './cluster-stats.js'
import type { EventHub } from './event-hub.js'
import { session } from './run-session.js'
import { takeStats } from './take-stats.js'

/** What is drained. */
export interface Drainable {
  readonly isEnded: boolean
  refuseNewWork(): void
  whenReturned(): Promise<void>
  giveUp(): void
  end(done: () => void): void
}

/** `pool.aurora`. */
export class Control implements AuroraControl {
  readonly #cluster: Cluster
  readonly #hub: EventHub
  readonly #pool: Drainable

  constructor(cluster: Cluster, hub: EventHub, pool: Drainable) {
    this.#cluster = cluster
    this.#hub = hub
    this.#pool = pool
  }

  on<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this {
    this.#hub.on(name, listener)
    return this
  }

  once<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this {
    this.#hub.once(name, listener)
    return this
  }

  off<N extends AuroraEventName>(name: N, listener: (payload: AuroraEventMap[N]) => void): this {
    this.#hub.off(name, listener)
    return this
  }

  get topology(): Topology | undefined {
    return this.#cluster.topology
  }

  stats(): ClusterStats {
    return takeStats(this.#cluster)
  }

  refresh(): Promise<void> {
    return this.#cluster.refresh()
  }

  ready(): Promise<void> {
    return this.#cluster.ready()
  }

  session<T>(work: () => T, options?: SessionOptions): T {
    return session(work, options)
  }

  mark(): string {
    return writeMark()
  }

  async drain(options?: DrainOptions): Promise<void> {
    const { timeoutMs } = resolveDrainOptions(options)
    if (this.#pool.isEnded) return
    this.#pool.refuseNewWork()
    const ended = Promise.all([this.#cluster.whenIdle(), this.#pool.whenReturned()])
    const isInTime = await inTime(ended, timeoutMs)
    if (this.#pool.isEnded) return
    await new Promise<void>((resolve) => {
      if (!isInTime) this.#pool.giveUp()
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
