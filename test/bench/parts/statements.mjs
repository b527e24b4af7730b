import { AGAIN, OURS } from '../results.mjs'
import { runRounds } from '../rounds.mjs'
import { withServer } from '../servers/server-process.mjs'

/** Statements in one round of one contestant: long enough for a collection of garbage or two. */
const COUNT = 3_000
/** mysql2's own default; per instance for us. */
const CONNECTION_LIMIT = 10
const LATENCIES = { p50Ms: 1.03, p99Ms: 1.1 }
const WITH_LATENCY = [1, 16]
/** A process takes long to warm up there. */
const PROCESSES_THROUGH_SIMULATOR = 2

/**
 * A part that runs one kind of statement with several numbers of workers, on the database alone and through the simulator.
 *
 * @param {object} part
 * @param {string} part.title
 * @param {'query' | 'execute' | 'connection' | 'callback'} part.way
 * @param {Record<number, number>} part.goals by number of workers
 */
export function statementsPart({ title, way, goals }) {
  return {
    title,
    /** @param {import('../parts.mjs').Wish} wish */
    async measure({ rounds, node, versus, isShort }) {
      const rows = []
      const places = isShort || versus !== undefined ? ['bare'] : ['bare', 'simulator']
      for (const kind of places) {
        const isBare = kind === 'bare'
        const workers = isBare && !isShort ? Object.keys(goals).map(Number) : [16]
        const answers = await withServer({ kind }, ({ target }) =>
          runRounds({
            contestants: contestantsOf(way, versus),
            cases: workers.map((count) => caseOf(way, count)),
            rounds,
            target,
            node,
            ...(!isBare && { processes: PROCESSES_THROUGH_SIMULATOR }),
          }),
        )
        for (const count of workers) {
          rows.push(
            ...rowsOf(answers[`${count}`], { way, kind, count, goal: goals[count], versus }),
          )
        }
      }
      return rows
    },
  }
}

/** @param {string} way */
export function caseOf(way, workers, count = COUNT) {
  return { name: `${workers}`, workload: 'statements', wish: { way, workers, count } }
}

/** The peer stands there twice: how far it is from itself is the noise. */
function contestantsOf(way, versus) {
  const api = way === 'callback' ? 'callback' : 'promise'
  const options = { connectionLimit: CONNECTION_LIMIT }
  const peer =
    versus === undefined
      ? { contestant: 'mysql2', api, options }
      : { contestant: OURS, api, options, build: versus.folder }
  return { [peerName(versus)]: peer, [AGAIN]: peer, [OURS]: { contestant: OURS, api, options } }
}

function peerName(versus) {
  return versus === undefined ? 'mysql2' : versus.name
}

function rowsOf(answers, { way, kind, count, goal, versus }) {
  const where = kind === 'bare' ? '' : ', through the simulator'
  const what = `${nameOf(way)}, ${count} worker${count === 1 ? '' : 's'}${where}`
  const sidesOf = (key) =>
    Object.fromEntries(
      Object.entries(answers).map(([side, list]) => [side, list.map((one) => one[key])]),
    )
  const peer = peerName(versus)
  const wanted = versus === undefined ? goal : undefined
  const rows = [
    { what: `${what}: CPU`, unit: 'µs', peer, sides: sidesOf('cpuMicros'), goal: wanted },
  ]
  if (!WITH_LATENCY.includes(count)) return rows
  for (const [key, limit] of Object.entries(LATENCIES)) {
    const title = `${what}: latency ${key.slice(0, 3)}`
    rows.push({
      what: title,
      unit: 'ms',
      peer,
      sides: sidesOf(key),
      goal: versus ? undefined : limit,
    })
  }
  return rows
}

function nameOf(way) {
  if (way === 'connection') return 'getConnection + query + release'
  return way === 'callback' ? 'query, callback API' : way
}
