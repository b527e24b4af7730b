/**
 * @typedef {object} Entry one write, or one transaction, with a token of its own
 * @property {string} token
 * @property {string} kind
 * @property {number} parts rows that it leaves when it takes effect
 * @property {'running' | 'acknowledged' | 'not applied' | 'unknown'} told what its caller was told
 * @property {string} why the error, if there was one
 */

const TABLE = 'app.soak'

/** What was written and what the callers were told, against what the table holds. */
export class Ledger {
  /** How many entries ended in which way, since the start. */
  counts = { acknowledged: 0, 'not applied': 0, unknown: 0 }
  #cluster
  #violate
  /** @type {Map<string, Entry>} */
  #entries = new Map()
  #issued = 0
  #isAuditing = false

  /**
   * @param {object} setup
   * @param {import('aurora-mysql2-simulator').Cluster} setup.cluster
   * @param {(what: string) => void} setup.violate
   */
  constructor({ cluster, violate }) {
    this.#cluster = cluster
    this.#violate = violate
  }

  /** There is no unique key on the token: what runs twice leaves two rows. */
  async open() {
    await this.#cluster.query(
      `CREATE TABLE ${TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(24) NOT NULL, KEY (token))`,
    )
  }

  /**
   * @param {string} kind
   * @param {number} [parts]
   * @returns {Entry}
   */
  issue(kind, parts = 1) {
    this.#issued += 1
    const token = `t${this.#issued}`
    /** @type {Entry} */
    const entry = { token, kind, parts, told: 'running', why: '' }
    this.#entries.set(token, entry)
    return entry
  }

  /**
   * Notes what the caller was told.
   *
   * @param {Entry} entry
   * @param {unknown} [error]
   */
  settle(entry, error) {
    if (error === undefined) entry.told = 'acknowledged'
    else {
      const { aurora } = /** @type {{ aurora?: { outcome?: string } }} */ (error)
      entry.told = aurora?.outcome === 'unknown' ? 'unknown' : 'not applied'
      entry.why = describeError(error)
    }
    this.counts[entry.told] += 1
  }

  /**
   * The caller walked away without an answer.
   *
   * @param {Entry} entry
   */
  abandon(entry) {
    entry.told = 'unknown'
    this.counts.unknown += 1
  }

  /**
   * Its caller left its transaction open: it may not take effect.
   *
   * @param {Entry} entry
   */
  forsake(entry) {
    entry.told = 'not applied'
    entry.why = 'its transaction was left open'
    this.counts['not applied'] += 1
  }

  /** Compares everything that had ended when the table was read. */
  async audit() {
    if (this.#isAuditing) return
    this.#isAuditing = true
    try {
      const before = [...this.#entries.values()].map((entry) => ({ entry, told: entry.told }))
      const rows = await this.#cluster.query(
        `SELECT token, COUNT(*) AS times FROM ${TABLE} GROUP BY token`,
      )
      const found = new Map(rows.map(({ token, times }) => [String(token), Number(times)]))
      for (const { entry, told } of before) this.#check(entry, told, found.get(entry.token) ?? 0)
      for (const token of found.keys()) {
        if (!this.#entries.has(token)) this.#violate(`${token} was written after its end`)
      }
    } finally {
      this.#isAuditing = false
    }
  }

  /** Forgets everything, on both sides. Nothing may be running; what takes effect later is seen by the next audit. */
  async forget() {
    await this.#cluster.query(`DELETE FROM ${TABLE}`)
    this.#entries.clear()
  }

  /**
   * @param {Entry} entry
   * @param {Entry['told']} told
   * @param {number} times
   */
  #check({ token, kind, parts, why }, told, times) {
    const about = `${token} (${kind}, ${told}${why === '' ? '' : `: ${why}`})`
    if (times > parts) this.#violate(`doubled: ${about} has ${times} rows instead of ${parts}`)
    else if (told === 'acknowledged' && times < parts) {
      this.#violate(`lost: ${about} has ${times} rows instead of ${parts}`)
    } else if (told === 'not applied' && times > 0) {
      this.#violate(`said to have failed: ${about} has ${times} rows`)
    } else if (told === 'unknown' && times !== 0 && times !== parts) {
      this.#violate(`torn: ${about} has ${times} rows of ${parts}`)
    }
  }
}

/** @param {unknown} error */
export function describeError(error) {
  const { message, code, aurora, cause } = /** @type {Error & Record<string, unknown>} */ (error)
  const because = cause === undefined ? '' : ` because of ${describeError(cause)}`
  return `${code ?? ''} ${message} ${JSON.stringify(aurora ?? {})}${because}`
}
