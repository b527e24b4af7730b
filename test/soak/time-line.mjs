/** Lines kept: enough for half a minute of an episode after the other. */
const MOST_LINES = 1_500

/** Names of the pool's events that tell the story of an episode. @type {readonly import('aurora-mysql2').AuroraEventName[]} */
const DRIVER_EVENTS = [
  'failoverStarted',
  'writerPromoted',
  'failoverCompleted',
  'failoverFailed',
  'instanceSuspected',
  'instanceFenced',
  'instanceReachable',
  'statementRetried',
]
/** What a cluster says far too often. */
const LOUD = new Set([
  'connection-opened',
  'connection-closed',
  'topology-asked',
  'statement-refused',
  'view-refreshed',
])

/** What happened, on one clock: faults, what the cluster did, and what the driver said. The oldest lines are dropped. */
export class TimeLine {
  /** @type {string[]} */
  lines = []
  #startedMs = performance.now()
  /** @type {Map<string, { readonly said: string, times: number }>} */
  #answers = new Map()

  /** @param {string} line */
  note(line) {
    const atMs = (performance.now() - this.#startedMs).toFixed(0).padStart(8)
    this.lines.push(`${atMs} ms  ${line}`)
    if (this.lines.length > MOST_LINES) this.lines.splice(0, MOST_LINES / 10)
  }

  /**
   * @param {import('aurora-mysql2-simulator').Cluster} cluster
   * @param {import('aurora-mysql2/promise').AuroraPool} pool
   */
  follow(cluster, pool) {
    cluster.on(({ type, atMs: _, ...details }) => {
      if (!LOUD.has(type)) this.note(`cluster ${type} ${JSON.stringify(details)}`)
    })
    for (const name of DRIVER_EVENTS) {
      pool.aurora.on(name, (payload) => {
        if (name === 'failoverCompleted' || name === 'failoverFailed') this.#noteAnswers()
        this.note(`driver  ${name} ${JSON.stringify(payload)}`)
      })
    }
    pool.aurora.on('instanceAsked', ({ instance, outcome, code }) => {
      const said = code === undefined ? outcome : `${outcome} (${code})`
      const last = this.#answers.get(instance)
      if (last?.said === said) last.times += 1
      else {
        if (last !== undefined) this.#noteAnswer(instance)
        this.#answers.set(instance, { said, times: 1 })
      }
    })
  }

  /** What each instance said of itself in an episode, and how often running: a line for each change. */
  #noteAnswers() {
    for (const id of [...this.#answers.keys()]) this.#noteAnswer(id)
  }

  /** @param {string} id */
  #noteAnswer(id) {
    const { said, times } = this.#answers.get(id) ?? {}
    this.#answers.delete(id)
    this.note(`driver  asked ${id}: ${said}, ${times} times`)
  }
}
