import type { ClusterState } from '../../control/cluster-state.js'

/** What an instance did in one second, between two states of the cluster. */
export interface Rates {
  readonly statements: number
  readonly reads: number
  readonly writes: number
}

type Counters = ClusterState['instances'][number]['counters']

interface Sample {
  readonly atMs: number
  readonly counters: Counters
}

/** The stretch over which a rate is taken: long enough to be calm, short enough to show a stall. */
const windowMs = 1000

/** How far back the lines beside the numbers reach. */
const keptMs = 30_000

/** Remembers what the instances counted and says how fast they count. */
export class RateHistory {
  readonly #samples = new Map<string, Sample[]>()

  /** Takes in a new state. */
  add({ nowMs, instances }: ClusterState): void {
    for (const { id, counters } of instances) {
      const samples = this.#samples.get(id) ?? []
      samples.push({ atMs: nowMs, counters })
      while ((samples[0]?.atMs ?? nowMs) < nowMs - keptMs - windowMs) samples.shift()
      this.#samples.set(id, samples)
    }
  }

  /** The rates of the last second. */
  now(id: string): Rates {
    const samples = this.#samples.get(id) ?? []
    return ratesAt(samples, samples.length - 1)
  }

  /** Statements a second, oldest first. */
  statements(id: string): readonly number[] {
    const samples = this.#samples.get(id) ?? []
    return samples.map((_, index) => ratesAt(samples, index).statements)
  }
}

function ratesAt(samples: readonly Sample[], index: number): Rates {
  const last = samples[index]
  if (!last) return { statements: 0, reads: 0, writes: 0 }
  const start = Math.max(0, last.atMs - windowMs)
  const first = samples.find(({ atMs }) => atMs >= start) ?? last
  const seconds = (last.atMs - first.atMs) / 1000
  const rate = (key: 'statements' | 'reads' | 'writes') =>
    seconds > 0 ? Math.max(0, last.counters[key] - first.counters[key]) / seconds : 0
  return { statements: rate('statements'), reads: rate('reads'), writes: rate('writes') }
}
