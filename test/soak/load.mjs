import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from './ledger.mjs'
import { between, pick, randomFrom } from './random.mjs'
import { REQUESTS, throwUnlessExpected } from './requests.mjs'

/** A request that has not ended by then never will: far beyond every limit that the pool has. */
const STUCK_AFTER_MS = 90_000
const REST_MS = 12

/** Workers that each make one random request after the other. */
export class Load {
  /** Requests that ended, and those that failed, by name. @type {Map<string, { ended: number, failed: number }>} */
  counts = new Map()
  #surroundings
  #seed
  /** @type {Map<object, { name: string, sinceMs: number }>} */
  #underWay = new Map()
  #isPaused = false
  /** @type {Promise<void>[]} */
  #workers = []

  /**
   * @param {object} setup
   * @param {Omit<import('./requests.mjs').Surroundings, 'random'>} setup.surroundings
   * @param {number} setup.seed
   */
  constructor({ surroundings, seed }) {
    this.#surroundings = surroundings
    this.#seed = seed
    for (const name of Object.keys(REQUESTS)) this.counts.set(name, { ended: 0, failed: 0 })
  }

  /** @param {number} workers how many requests are made at a time */
  start(workers) {
    this.#isPaused = false
    this.#workers = Array.from({ length: workers }, (_, index) => {
      this.#seed += 1
      return this.#work(randomFrom(this.#seed * 1_000 + index))
    })
  }

  /** Resolves when every request that is under way has ended. */
  async stop() {
    this.#isPaused = true
    await Promise.all(this.#workers)
  }

  /** Requests that should have ended long ago. */
  get stuck() {
    const longAgoMs = performance.now() - STUCK_AFTER_MS
    return [...this.#underWay.values()].filter(({ sinceMs }) => sinceMs < longAgoMs)
  }

  /** @param {() => number} random */
  async #work(random) {
    const names = Object.keys(REQUESTS)
    while (!this.#isPaused) {
      await this.#request(pick(random, names), random)
      await sleep(between(random, 0, REST_MS))
    }
  }

  /**
   * @param {string} name
   * @param {() => number} random
   */
  async #request(name, random) {
    const key = {}
    const count = /** @type {{ ended: number, failed: number }} */ (this.counts.get(name))
    this.#underWay.set(key, { name, sinceMs: performance.now() })
    try {
      await REQUESTS[name]?.({ ...this.#surroundings, random })
    } catch (error) {
      count.failed += 1
      this.#judge(name, error)
    } finally {
      this.#underWay.delete(key)
      count.ended += 1
    }
  }

  /**
   * @param {string} name
   * @param {unknown} error
   */
  #judge(name, error) {
    try {
      throwUnlessExpected(error)
    } catch {
      const { stack } = /** @type {Error} */ (error)
      this.#surroundings.violate(`${name} failed with ${describeError(error)}\n${stack}`)
    }
  }
}
