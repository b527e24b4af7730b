const SAMPLE_EVERY_MS = 100

/**
 * Counts, per side, the reads that each instance received. The instances record the texts of their statements, a side is
 * told by the prefix of its tables. Only the last thousand texts are kept, so they are looked through often.
 */
export class ReadShare {
  #cluster
  #prefixes
  #seen = new Map()
  #counts
  #timer

  /**
   * @param {import('aurora-mysql2-simulator').Cluster} cluster with `recordStatements: true`
   * @param {readonly string[]} prefixes
   */
  constructor(cluster, prefixes) {
    this.#cluster = cluster
    this.#prefixes = prefixes
    this.#counts = new Map(prefixes.map((prefix) => [prefix, { reader: 0, writer: 0 }]))
    for (const { id, counters } of cluster.instances) this.#seen.set(id, counters.statements)
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS)
  }

  stop() {
    clearInterval(this.#timer)
    this.#sample()
  }

  /** The share of a side's reads that went to readers, 0 to 1. */
  of(prefix) {
    const { reader, writer } = this.#counts.get(prefix)
    return reader / (reader + writer)
  }

  #sample() {
    for (const { id, role, counters, statements } of this.#cluster.instances) {
      const newCount = counters.statements - this.#seen.get(id)
      this.#seen.set(id, counters.statements)
      // `slice(-0)` would be everything.
      const texts = newCount === 0 ? [] : statements.slice(-newCount)
      for (const text of texts.filter((each) => each.startsWith('SELECT'))) {
        const prefix = this.#prefixes.find((each) => text.includes(` ${each}_`))
        if (prefix !== undefined) this.#counts.get(prefix)[role] += 1
      }
    }
  }
}
