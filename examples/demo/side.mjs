import { setTimeout as sleep } from 'node:timers/promises'
import { Shop } from './application.mjs'

/** The load of each side: how many workers do what, and how long each pauses between two requests. */
const LOAD = [
  { kind: 'read', workerCount: 8 },
  { kind: 'write', workerCount: 4 },
  { kind: 'transaction', workerCount: 2 },
]
const PAUSE_MS = 25

/** One of the two sides of the demo: the shop on a pool, its users, and a record of what they met. */
export class Side {
  name
  prefix
  /** Token of each acknowledged write → how many rows it must have left. */
  acknowledgedOrders = new Map()
  acknowledgedBookings = new Map()
  /** Requests that failed: when, doing what, with which error. */
  failures = []
  /** What the shop was told of, per kind, since the side was made. */
  counts = { read: 0, write: 0, transaction: 0 }
  longestReadStallMs = 0
  longestWriteStallMs = 0
  /** Of any one request, answered or failed. */
  longestRequestMs = 0
  #pool
  #inRequest
  #shop
  #isStopping = false
  #lastReadMs = 0
  #lastWriteMs = 0
  #onFailure
  #onWrite = new Set()

  /**
   * @param {object} setup
   * @param {string} setup.name
   * @param {string} setup.prefix of its tables
   * @param {import('mysql2/promise').Pool} setup.pool
   * @param {(work: () => Promise<void>) => Promise<void>} setup.inRequest runs one request of a user
   * @param {(failure: { error: Error, kind: string }) => void} setup.onFailure
   */
  constructor({ name, prefix, pool, inRequest, onFailure }) {
    this.name = name
    this.prefix = prefix
    this.#pool = pool
    this.#inRequest = inRequest
    this.#onFailure = onFailure
    this.#shop = new Shop(pool, prefix)
  }

  createTables() {
    return this.#shop.createTables()
  }

  /** Runs the load; resolves after `stop()`, when the last request has ended. */
  async run() {
    this.#lastReadMs = this.#lastWriteMs = performance.now()
    const workers = LOAD.flatMap(({ kind, workerCount }) =>
      Array.from({ length: workerCount }, (_, index) => this.#work(kind, `${kind}-${index}`)),
    )
    await Promise.all(workers)
    // A side that never came back has stalled until now.
    this.#noteStalls(performance.now(), true, true)
  }

  stop() {
    this.#isStopping = true
  }

  close() {
    return this.#pool.end()
  }

  /** Resolves with the moment (`performance.now()`) at which the next write is acknowledged. */
  nextWrite() {
    return new Promise((resolve) => this.#onWrite.add(resolve))
  }

  async #work(kind, worker) {
    for (let number = 1; !this.#isStopping; number += 1) {
      const beganMs = performance.now()
      try {
        await this.#inRequest(() => this.#request(kind, `${worker}-${number}`))
      } catch (error) {
        this.failures.push({ kind, error })
        this.#onFailure({ kind, error })
      }
      this.longestRequestMs = Math.max(this.longestRequestMs, performance.now() - beganMs)
      await sleep(PAUSE_MS * (0.5 + Math.random()))
    }
  }

  async #request(kind, token) {
    if (kind === 'read') {
      await this.#shop.showLatest()
      return this.#succeeded(kind)
    }
    if (kind === 'transaction') {
      await this.#shop.book(token)
      this.acknowledgedBookings.set(token, 2)
      return this.#succeeded(kind)
    }
    const id = await this.#shop.placeOrder(token)
    this.acknowledgedOrders.set(token, 1)
    this.#succeeded(kind)
    await this.#shop.showOrder(id)
    this.#succeeded('read')
  }

  #succeeded(kind) {
    const nowMs = performance.now()
    this.counts[kind] += 1
    this.#noteStalls(nowMs, kind === 'read', kind !== 'read')
    if (kind === 'read') return
    for (const resolve of this.#onWrite) resolve(nowMs)
    this.#onWrite.clear()
  }

  #noteStalls(nowMs, hasRead, hasWritten) {
    if (hasRead) {
      this.longestReadStallMs = Math.max(this.longestReadStallMs, nowMs - this.#lastReadMs)
      this.#lastReadMs = nowMs
    }
    if (hasWritten) {
      this.longestWriteStallMs = Math.max(this.longestWriteStallMs, nowMs - this.#lastWriteMs)
      this.#lastWriteMs = nowMs
    }
  }
}
