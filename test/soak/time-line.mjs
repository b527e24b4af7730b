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
      pool.aurora.on(name, (payload) => this.note(`driver  ${name} ${JSON.stringify(payload)}`))
    }
  }
}
