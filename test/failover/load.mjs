import { setTimeout as sleep } from 'node:timers/promises'

/** Each worker rests about so long between two requests, as an application does. */
const PAUSE_MS = 30

/**
 * @typedef {object} Failure
 * @property {'read' | 'write'} kind
 * @property {string} worker
 * @property {string} token of a write
 * @property {number} calledAtMs `performance.now()`
 * @property {any} error
 */

/**
 * Workers that write and workers that read, one statement each at a time, with a ledger of what was acknowledged. Every
 * write has a token of its own; the table has no unique key on it, so a write that runs twice leaves two rows.
 */
export class Load {
  /** @type {Set<string>} */
  acknowledged = new Set()
  /** @type {Failure[]} */
  failures = []
  counts = { read: 0, write: 0 }
  /** The longest time between two successes, per kind, since the start or the last `measureStallsFromNow`. */
  longestStallMs = { read: 0, write: 0 }
  #lastAtMs = { read: 0, write: 0 }
  #pool
  #table
  #inRequest
  #isStopping = false
  /** @type {Promise<void>[]} */
  #workers = []
  /** @type {Set<(atMs: number) => void>} */
  #onWrite = new Set()

  /**
   * @param {object} setup
   * @param {{ query(sql: string, values?: unknown[]): Promise<unknown> }} setup.pool in the promise API
   * @param {string} setup.table made by `createTable`
   * @param {(work: () => Promise<unknown>) => Promise<unknown>} [setup.inRequest] runs one request; default: as it is
   */
  constructor({ pool, table, inRequest = (work) => work() }) {
    this.#pool = pool
    this.#table = table
    this.#inRequest = inRequest
  }

  /** @param {{ writers: number, readers: number }} workers */
  start({ writers, readers }) {
    this.measureStallsFromNow()
    for (let index = 0; index < writers; index += 1) {
      this.#workers.push(this.#work('write', `writer-${index}`))
    }
    for (let index = 0; index < readers; index += 1) {
      this.#workers.push(this.#work('read', `reader-${index}`))
    }
  }

  /** What was slow before, such as the first connects, does not count. */
  measureStallsFromNow() {
    this.#lastAtMs.read = this.#lastAtMs.write = performance.now()
    this.longestStallMs.read = this.longestStallMs.write = 0
  }

  /** Resolves when the last request has ended. */
  async stop() {
    this.#isStopping = true
    await Promise.all(this.#workers)
    this.#noteStall('read')
    this.#noteStall('write')
  }

  /**
   * Resolves with the moment at which the next write is acknowledged.
   *
   * @returns {Promise<number>}
   */
  nextWrite() {
    return new Promise((resolve) => this.#onWrite.add(resolve))
  }

  /**
   * What became of the writes, from the table itself.
   *
   * @param {{ query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> }} cluster
   */
  async audit(cluster) {
    const rows = await cluster.query(`SELECT token FROM ${this.#table}`)
    /** @type {Map<unknown, number>} */
    const perToken = new Map()
    for (const { token } of rows) perToken.set(token, (perToken.get(token) ?? 0) + 1)
    return {
      lost: [...this.acknowledged].filter((token) => !perToken.has(token)),
      doubled: [...perToken].filter(([, count]) => count > 1).map(([token]) => token),
    }
  }

  /**
   * @param {'read' | 'write'} kind
   * @param {string} worker
   */
  async #work(kind, worker) {
    for (let number = 1; !this.#isStopping; number += 1) {
      const token = `${worker}-${number}`
      const calledAtMs = performance.now()
      try {
        await this.#inRequest(() => this.#request(kind, token))
        this.#succeeded(kind, token)
      } catch (error) {
        this.failures.push({ kind, worker, token, calledAtMs, error })
      }
      await sleep(PAUSE_MS * (0.5 + Math.random()))
    }
  }

  /**
   * @param {'read' | 'write'} kind
   * @param {string} token
   */
  #request(kind, token) {
    return kind === 'read'
      ? this.#pool.query(`SELECT id, token FROM ${this.#table} WHERE id = ?`, [1])
      : this.#pool.query(`INSERT INTO ${this.#table} (token) VALUES (?)`, [token])
  }

  /**
   * @param {'read' | 'write'} kind
   * @param {string} token
   */
  #succeeded(kind, token) {
    this.counts[kind] += 1
    this.#noteStall(kind)
    if (kind === 'read') return
    this.acknowledged.add(token)
    for (const resolve of this.#onWrite) resolve(performance.now())
    this.#onWrite.clear()
  }

  /** @param {'read' | 'write'} kind */
  #noteStall(kind) {
    const nowMs = performance.now()
    this.longestStallMs[kind] = Math.max(this.longestStallMs[kind], nowMs - this.#lastAtMs[kind])
    this.#lastAtMs[kind] = nowMs
  }
}

/**
 * Makes the table of a load; it has no unique key on `token`.
 *
 * @param {{ query(sql: string): Promise<unknown> }} cluster
 * @param {string} table
 */
export async function createTable(cluster, table) {
  await cluster.query(
    `CREATE TABLE ${table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL)`,
  )
}
