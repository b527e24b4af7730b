import type { Instance, Topology } from '../model/topology.js'
import { countDown } from './count-down.js'
import { InstancePool } from './instance-pool.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'

/** A pool for each instance of the topology, and one for the endpoint that was given. */
export class Members {
  /** Connections opened by the name that was given, before it is known which instance it leads to. */
  readonly given: InstancePool
  readonly #setup: InstancePoolSetup
  readonly #byId = new Map<string, InstancePool>()
  #writer: InstancePool | undefined
  #readers: InstancePool[] = []
  /** Pools of instances that are gone, or listen elsewhere now, until nothing is open in them. */
  readonly #leaving = new Set<InstancePool>()

  constructor(given: InstancePool, setup: InstancePoolSetup) {
    this.given = given
    this.#setup = setup
  }

  get writer(): InstancePool | undefined {
    return this.#writer
  }

  get readers(): readonly InstancePool[] {
    return this.#readers
  }

  /** The given one, and those of the topology in force. */
  *current(): IterableIterator<InstancePool> {
    yield this.given
    yield* this.#byId.values()
  }

  /** All of them, the given one and those that are being left included. */
  *all(): IterableIterator<InstancePool> {
    yield this.given
    yield* this.#byId.values()
    yield* this.#leaving
  }

  /** The given one, or of the topology in force; false for one that is being left. */
  isCurrent(pool: InstancePool): boolean {
    return pool === this.given || this.#byId.get(pool.id) === pool
  }

  /** Forgets pools that were left, in which nothing is open any more and nobody waits. */
  sweep(): void {
    for (const pool of this.#leaving)
      if (pool.places + pool.waiting === 0) this.#leaving.delete(pool)
  }

  get(id: string): InstancePool | undefined {
    return this.#byId.get(id)
  }

  /** Makes pools for what is new and replaces what is believed of the others. Returns the pools of instances that are gone. */
  apply(topology: Topology, mayUse: (instance: Instance) => boolean): readonly InstancePool[] {
    const present = new Set<string>()
    const gone: InstancePool[] = []
    for (const instance of topology.instances) {
      if (!mayUse(instance)) continue
      present.add(instance.id)
      const known = this.#byId.get(instance.id)
      if (known === undefined || !isSameEndpoint(known, instance)) {
        if (known !== undefined) gone.push(known)
        this.#add(instance, topology.version)
      } else {
        if (known.instance.role !== instance.role) known.roleVersion = topology.version
        known.instance = instance
      }
    }
    for (const [id, pool] of this.#byId) {
      if (present.has(id)) continue
      this.#byId.delete(id)
      gone.push(pool)
    }
    for (const pool of gone) this.#leaving.add(pool)
    this.#writer = topology.writer === undefined ? undefined : this.#byId.get(topology.writer.id)
    this.#readers = topology.readers.flatMap(({ id }) => this.#byId.get(id) ?? [])
    return gone
  }

  /** Only what sessions have queued waits any more, in any of them, for a connection that another holds. */
  stop(): void {
    for (const pool of this.all()) pool.stop()
  }

  /** Closes all of them; calls back when nothing is open any more. */
  close(done: () => void): void {
    const pools = [...this.all()]
    const closed = countDown(pools.length, done)
    for (const pool of pools) pool.close(closed)
  }

  /** Cuts every connection, in the middle of whatever runs on it. */
  cutAll(makeError: () => Error): void {
    for (const pool of this.all()) {
      for (const lease of [...pool.leases, ...pool.beside.leases]) lease.cut(makeError())
    }
  }

  #add(instance: Instance, version: number): void {
    const pool = new InstancePool(instance, this.#setup)
    pool.roleVersion = version
    this.#byId.set(instance.id, pool)
  }
}

function isSameEndpoint({ endpoint }: InstancePool, instance: Instance): boolean {
  return endpoint.host === instance.endpoint.host && endpoint.port === instance.endpoint.port
}
