import { ClientProcess } from './client/client-process.mjs'

/** How often each contestant is started anew: how one process happens to be laid out and compiled is noise as well. */
const GENERATIONS = 3
/**
 * Statements of a new process that are not counted: it takes so many until the last function on the way is compiled, and until
 * then whoever has more functions looks slower than it is.
 */
const WARM_UP = { workers: 64, count: 4_000, runs: 10 }
/** Whoever needs longer for that is not slow for want of compiled code. */
const WARM_UP_MS = 8_000

/**
 * Runs every case on every contestant, round by round, contestants in a random order within each case, so that a busy moment of the
 * machine falls on all of them.
 *
 * @param {object} wish
 * @param {Record<string, any>} wish.contestants by name, see `openContestant`
 * @param {readonly { name: string, workload: string, wish: any }[]} wish.cases
 * @param {number} wish.rounds
 * @param {any} wish.target
 * @param {string | undefined} [wish.node]
 * @param {number} [wish.processes] of each contestant, one after the other; default 3
 * @param {boolean} [wish.isHeavy] one run is work enough to compile all that it needs
 * @returns {Promise<Record<string, Record<string, any[]>>>} by case and contestant, the answers in order of rounds
 */
export async function runRounds(wish) {
  const {
    contestants,
    cases,
    rounds,
    target,
    node,
    processes = GENERATIONS,
    isHeavy = false,
  } = wish
  /** @type {Record<string, Record<string, any[]>>} */
  const answers = {}
  for (const { name } of cases) {
    answers[name] = Object.fromEntries(Object.keys(contestants).map((each) => [each, []]))
  }
  const generations = Math.min(processes, rounds)
  for (let generation = 0; generation < generations; generation += 1) {
    const clients = {}
    try {
      for (const [name, setup] of Object.entries(contestants)) {
        clients[name] = await ClientProcess.start({ ...setup, server: target }, { node })
      }
      for (const client of Object.values(clients)) await warmUp(client, cases, isHeavy)
      const share = Math.ceil((rounds - generation) / generations)
      for (let round = 0; round < share; round += 1) {
        for (const one of cases) {
          for (const name of shuffled(Object.keys(clients))) {
            answers[one.name][name].push(await clients[name].run(one.workload, one.wish))
          }
        }
      }
    } finally {
      await Promise.all(Object.values(clients).map((client) => client.end()))
    }
  }
  return answers
}

async function warmUp(client, cases, isHeavy) {
  const [{ workload, wish }] = cases
  const { workers, count, runs } = WARM_UP
  const untilMs = performance.now() + WARM_UP_MS
  for (let run = 0; run < runs && !isHeavy && performance.now() < untilMs; run += 1) {
    await client.run(workload, { ...wish, workers, count })
  }
  for (const one of cases) await client.run(one.workload, one.wish)
}

/**
 * @template T
 * @param {readonly T[]} items
 */
function shuffled(items) {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0])
}
