import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Time for whatever is still on its way: a goodbye to a server takes a second at most. */
const SETTLE_WITHIN_MS = 15_000
/** The heap may grow by so much between its first and its last quiet moments: caches of texts are bounded, and fill. */
const HEAP_GROWTH_BYTES = 12 * 2 ** 20
/** What an event takes in the log of the simulator, which keeps 100,000 of them in this process. */
const EVENT_BYTES = 150
/** Quiet moments before the heap counts: until then caches fill. */
const WARM_UP_SAMPLES = 3
const FEWEST_SAMPLES = 8
const PROCESS_EVENTS = ['exit', 'beforeExit', 'warning', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']

setFlagsFromString('--expose-gc')
/** @type {() => void} */
const collectGarbage = runInNewContext('gc')

/** What a pool may not leave behind, looked at while nothing runs. */
export class LeakCheck {
  /** Bytes in use at each quiet moment. @type {number[]} */
  heapBytes = []
  #pool
  #violate
  #eventCount
  /** Whatever was opened for statements, and is not closed. @type {Map<import('node:net').Socket, any>} */
  #sockets = new Map()
  #listenersBefore = listenerCounts()

  /**
   * @param {object} setup
   * @param {import('aurora-mysql2/promise').AuroraPool} setup.pool
   * @param {(what: string) => void} setup.violate
   * @param {() => number} setup.eventCount entries in the simulator's log
   * @param {number} [setup.totalLimit] the pool's
   */
  constructor({ pool, violate, eventCount, totalLimit = Number.POSITIVE_INFINITY }) {
    this.#pool = pool
    this.#eventCount = eventCount
    this.#violate = violate
    pool.on('connection', (connection) => {
      const { stream } = /** @type {any} */ (connection)
      this.#sockets.set(stream, connection)
      stream.once('close', () => this.#sockets.delete(stream))
      if (this.#placeCount > totalLimit) violate(`more connections than ${totalLimit} in all`)
    })
  }

  /** Nothing runs: nothing may be lent, waited for, or open beyond what the pool counts. */
  async look() {
    await this.#settle('a lease, a permit or a statement is left', () => this.#isQuiet)
    await this.#settle('a socket is left that the pool does not count', () => {
      return this.#sockets.size === this.#openCount
    })
    this.#lookAtListeners()
    collectGarbage()
    this.heapBytes.push(process.memoryUsage().heapUsed - EVENT_BYTES * this.#eventCount())
  }

  /** The pool has ended. */
  async lookAfterEnd() {
    await this.#settle('a socket is open after end()', () => this.#sockets.size === 0)
    this.#lookAtListeners()
    const counted = this.heapBytes.slice(WARM_UP_SAMPLES)
    if (this.heapBytes.length < FEWEST_SAMPLES) return
    const third = Math.ceil(counted.length / 3)
    const grownBytes = Math.min(...counted.slice(-third)) - Math.min(...counted.slice(0, third))
    if (grownBytes > HEAP_GROWTH_BYTES) {
      this.#violate(`the heap grew by ${Math.round(grownBytes / 2 ** 20)} MB`)
    }
  }

  /**
   * The pool has ended and the simulator, which has timers of its own, is closed: none may keep the process alive.
   *
   * @param {number} before how many there were before either began
   */
  async lookAtTimers(before) {
    await this.#settle('a timer is left after end()', () => timerCount() <= before)
  }

  get #isQuiet() {
    const { active, waiting, instances } = this.#pool.aurora.stats()
    return (
      active === 0 &&
      waiting === 0 &&
      instances.every((each) => {
        return each.underWay + each.waiting + each.connecting === 0 && each.open === each.idle
      })
    )
  }

  get #placeCount() {
    const { instances } = this.#pool.aurora.stats()
    return instances.reduce((sum, { open, connecting }) => sum + open + connecting, 0)
  }

  get #openCount() {
    return this.#pool.aurora.stats().instances.reduce((sum, { open }) => sum + open, 0)
  }

  #lookAtListeners() {
    const now = listenerCounts()
    for (const [event, count] of now) {
      const before = this.#listenersBefore.get(event) ?? 0
      if (count > before)
        this.#violate(`${count - before} listeners of process '${event}' are left`)
    }
  }

  /**
   * @param {string} otherwise
   * @param {() => boolean} holds
   */
  async #settle(otherwise, holds) {
    const untilMs = performance.now() + SETTLE_WITHIN_MS
    while (!holds()) {
      if (performance.now() > untilMs) {
        const stats = JSON.stringify(this.#pool.aurora.stats())
        const sockets = [...this.#sockets].map(describeSocket).join('; ')
        return this.#violate(`${otherwise} (${this.#sockets.size} sockets): ${stats} ${sockets}`)
      }
      await sleep(20)
    }
  }
}

/** @param {[import('node:net').Socket, any]} entry */
function describeSocket([socket, connection]) {
  const { remoteAddress, readyState, writableEnded, bytesRead, bytesWritten } = socket
  const command = connection._command?.constructor.name
  const facts = { readyState, writableEnded, isClosing: connection._closing, command }
  return `${remoteAddress} ${JSON.stringify({ ...facts, bytesRead, bytesWritten })} thread ${connection.threadId}`
}

function listenerCounts() {
  return new Map(PROCESS_EVENTS.map((event) => [event, process.listenerCount(event)]))
}

/** Timers that keep the process alive; of others Node does not tell. */
export function timerCount() {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}
