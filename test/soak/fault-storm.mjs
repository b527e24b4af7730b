import { setTimeout as sleep } from 'node:timers/promises'
import { between, pick, randomFrom } from './random.mjs'

/** @typedef {import('aurora-mysql2-simulator').Cluster} Cluster */
/** @typedef {import('aurora-mysql2-simulator').Fault} Fault */
/** @typedef {import('aurora-mysql2-simulator').FaultType} FaultType */
/** @typedef {() => number} Random */

const FEWEST_INSTANCES = 2
const MOST_INSTANCES = 5

/** How every fault of the simulator is drawn; `undefined`: not now. @type {Record<FaultType, (cluster: Cluster, random: Random) => Fault | undefined>} */
const FAULTS = {
  failover: (cluster, random) => {
    if (cluster.readers.length === 0) return undefined
    const how = pick(random, /** @type {const} */ (['crash', 'hang', 'planned']))
    const promoteMs = between(random, 60, 1_500)
    return {
      type: 'failover',
      how,
      detectMs: promoteMs / 2,
      promoteMs,
      dnsMs: between(random, 100, 4_000),
      staleMs: between(random, 10, 500),
      returnMs: between(random, 50, 2_500),
      restartPromoted: random() < 0.7,
    }
  },
  crash: (cluster, random) => ({ type: 'crash', instance: anyInstance(cluster, random) }),
  hang: (cluster, random) => ({ type: 'hang', instance: anyInstance(cluster, random) }),
  reset: (cluster, random) => ({ type: 'reset', instance: anyInstance(cluster, random) }),
  refuse: (cluster, random) => ({ type: 'refuse', instance: anyInstance(cluster, random) }),
  slow: (cluster, random) => {
    return {
      type: 'slow',
      instance: anyInstance(cluster, random),
      delayMs: between(random, 5, 120),
    }
  },
  'demote-in-place': (cluster) =>
    cluster.readers.some(({ state }) => state === 'up') ? { type: 'demote-in-place' } : undefined,
  'zero-downtime-restart': (cluster, random) => {
    return { type: 'zero-downtime-restart', instance: anyInstance(cluster, random) }
  },
  'stale-view': (cluster, random) => {
    return { type: 'stale-view', instance: anyInstance(cluster, random) }
  },
  'two-writers': (cluster) => (cluster.readers.length > 0 ? { type: 'two-writers' } : undefined),
  'no-writer': () => ({ type: 'no-writer' }),
  'ghost-row': (_cluster, random) => ({ type: 'ghost-row', ageMs: pick(random, [0, 20_000]) }),
  lag: (cluster, random) => {
    const instance = anyReader(cluster, random)
    return instance && { type: 'lag', instance, lagMs: between(random, 20, 1_000) }
  },
  overload: (cluster, random) => {
    const maxConnections = between(random, 1, 6)
    return { type: 'overload', instance: anyInstance(cluster, random), maxConnections }
  },
  'reader-added': (cluster) =>
    cluster.instances.length < MOST_INSTANCES ? { type: 'reader-added' } : undefined,
  'reader-removed': (cluster, random) => {
    if (cluster.instances.length <= FEWEST_INSTANCES) return undefined
    const instance = anyReader(cluster, random)
    return instance && { type: 'reader-removed', instance }
  },
  'deny-topology': (cluster, random) => {
    const errno = pick(random, /** @type {const} */ ([1142, 1227]))
    return { type: 'deny-topology', instance: anyInstance(cluster, random), errno }
  },
  'empty-topology': (cluster, random) => {
    return { type: 'empty-topology', instance: anyInstance(cluster, random) }
  },
  'dns-down': () => ({ type: 'dns-down' }),
}

/** Faults that take instances away; one of them at a time, beside one of the others. @type {readonly FaultType[]} */
const OUTAGES = [
  'failover',
  'failover',
  'failover',
  'crash',
  'hang',
  'demote-in-place',
  'demote-in-place',
  'zero-downtime-restart',
  'reader-added',
  'reader-removed',
]
const NUISANCES = /** @type {FaultType[]} */ (Object.keys(FAULTS)).filter(
  (type) => !OUTAGES.includes(type),
)

/** @param {Cluster} cluster @param {Random} random */
function anyInstance(cluster, random) {
  return pick(random, cluster.instances).id
}

/** @param {Cluster} cluster @param {Random} random */
function anyReader(cluster, random) {
  return cluster.readers.length === 0 ? undefined : pick(random, cluster.readers).id
}

/** A random schedule of faults, the same for the same seed: two lanes, each healing a fault before its next. */
export class FaultStorm {
  /** How often each fault was injected. @type {Map<string, number>} */
  counts = new Map()
  #cluster
  #tell
  #randoms
  /** @type {AbortController | undefined} */
  #stopping
  /** @type {Promise<void>[]} */
  #lanes = []

  /**
   * @param {object} setup
   * @param {Cluster} setup.cluster
   * @param {number} setup.seed
   * @param {readonly string[]} [setup.only] these faults alone
   * @param {(line: string) => void} setup.tell hears of each fault, and of its end
   */
  constructor({ cluster, seed, only, tell }) {
    this.#cluster = cluster
    this.#tell = tell
    const lanes = [OUTAGES, NUISANCES].map((types) =>
      only === undefined ? types : types.filter((type) => only.includes(type)),
    )
    this.#randoms = lanes
      .filter((types) => types.length > 0)
      .map((types, index) => ({ types, random: randomFrom(seed * 2 + index) }))
  }

  start() {
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    this.#lanes = this.#randoms.map(({ types, random }) => this.#rage(types, random, signal))
  }

  /** Resolves when every fault is healed and every instance is up. */
  async stop() {
    this.#stopping?.abort()
    await Promise.all(this.#lanes)
    for (const { id, state } of this.#cluster.instances) {
      if (state !== 'up') await this.#cluster.restart(id)
    }
  }

  /**
   * @param {readonly FaultType[]} types
   * @param {Random} random
   * @param {AbortSignal} signal
   */
  async #rage(types, random, signal) {
    while (!signal.aborted) {
      const type = pick(random, types)
      const [lastsMs, restsMs] = [between(random, 30, 1_800), between(random, 10, 900)]
      const heals = type !== 'demote-in-place'
      const fault = FAULTS[type](this.#cluster, random)
      if (fault === undefined) continue
      await this.#bring(fault, heals, lastsMs, signal)
      await sleep(restsMs, undefined, { signal }).catch(() => {})
    }
  }

  /**
   * @param {Fault} fault
   * @param {boolean} heals
   * @param {number} lastsMs
   * @param {AbortSignal} signal
   */
  async #bring(fault, heals, lastsMs, signal) {
    this.#tell(`fault ${JSON.stringify(fault)}`)
    this.counts.set(fault.type, (this.counts.get(fault.type) ?? 0) + 1)
    try {
      const heal = await this.#cluster.inject(fault)
      await sleep(lastsMs, undefined, { signal }).catch(() => {})
      if (heals) await heal()
    } catch (error) {
      // The other lane has taken away what this one was about.
      this.#tell(`not brought about: ${error}`)
    }
    this.#tell(`healed ${fault.type}`)
  }
}
