import { setTimeout as sleep } from 'node:timers/promises'
import { LoadRecorder } from 'aurora-mysql2-simulator/rehearsal'
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
  /** What the shop's users were told, until now. */
  readCount = 0
  writeCount = 0
  failedCount = 0
  #pool
  #inRequest
  #shop
  #recorder
  #isStopping = false
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
    this.#recorder = new LoadRecorder(name)
  }

  /** Requests answered until now; an order and the page that shows it are two. */
  get answeredCount() {
    return this.readCount + this.writeCount
  }

  createTables() {
    return this.#shop.createTables()
  }

  /** Runs the load; resolves after `stop()`, when the last request has ended. */
  async run() {
    const workers = LOAD.flatMap(({ kind, workerCount }) =>
      Array.from({ length: workerCount }, (_, index) => this.#work(kind, `${kind}-${index}`)),
    )
    await Promise.all(workers)
  }

  stop() {
    this.#isStopping = true
  }

  close() {
    return this.#pool.end()
  }

  /** Every request that ended after `zeroMs`, a moment of `performance.now()`. */
  record(zeroMs) {
    return this.#recorder.record(zeroMs)
  }

  /** Resolves with the moment (`performance.now()`) at which the next write is acknowledged. */
  nextWrite() {
    return new Promise((resolve) => this.#onWrite.add(resolve))
  }

  async #work(kind, worker) {
    for (let number = 1; !this.#isStopping; number += 1) {
      try {
        await this.#inRequest(() => this.#request(kind, `${worker}-${number}`))
      } catch (error) {
        this.failedCount += 1
        this.#onFailure({ kind, error })
      }
      await sleep(PAUSE_MS * (0.5 + Math.random()))
    }
  }

  async #request(kind, token) {
    if (kind === 'read') {
      await this.#read(() => this.#shop.showLatest())
    } else if (kind === 'transaction') {
      await this.#write(() => this.#shop.book(token))
      this.acknowledgedBookings.set(token, 2)
    } else {
      const id = await this.#write(() => this.#shop.placeOrder(token))
      this.acknowledgedOrders.set(token, 1)
      await this.#read(() => this.#shop.showOrder(id))
    }
  }

  async #read(request) {
    await this.#recorder.run('read', request)
    this.readCount += 1
  }

  async #write(request) {
    const result = await this.#recorder.run('write', request)
    this.writeCount += 1
    const nowMs = performance.now()
    for (const resolve of this.#onWrite) resolve(nowMs)
    this.#onWrite.clear()
    return result
  }
}
