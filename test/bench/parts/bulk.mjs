import { AGAIN, OURS } from '../results.mjs'
import { runRounds } from '../rounds.mjs'
import { withServer } from '../servers/server-process.mjs'

const CPU_GOAL = 1.02
/** The same peak memory: within what two processes of mysql2 differ by, or this. */
const MEMORY_GOAL = 1.02

const CASES = [
  { title: 'result of 10,000 rows', workload: 'rows', api: 'promise', count: 10 },
  { title: 'INSERT of 4 MB', workload: 'insert', api: 'promise', count: 3 },
  { title: 'stream of 1,000,000 rows', workload: 'stream', api: 'callback', count: 1 },
]

/** What passes through: much at a time. Each case has processes of its own, for their peaks. */
export const bulk = {
  title: 'Large results and values',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ rounds, node }) {
    const rows = []
    await withServer({ kind: 'bare' }, async ({ target }) => {
      for (const { title, workload, api, count } of CASES) {
        const peer = { contestant: 'mysql2', api }
        const contestants = { mysql2: peer, [AGAIN]: peer, [OURS]: { contestant: OURS, api } }
        const cases = [{ name: 'case', workload, wish: { count } }]
        const isHeavy = true
        const answers = await runRounds({ contestants, cases, rounds, target, node, isHeavy })
        const sidesOf = (key) =>
          Object.fromEntries(
            Object.entries(answers.case).map(([side, list]) => [side, list.map((one) => one[key])]),
          )
        rows.push(
          {
            what: `${title}: CPU`,
            unit: 'µs',
            peer: 'mysql2',
            sides: sidesOf('cpuMicros'),
            goal: CPU_GOAL,
          },
          {
            what: `${title}: peak memory`,
            unit: 'kB',
            peer: 'mysql2',
            sides: sidesOf('peakKb'),
            goal: MEMORY_GOAL,
          },
        )
      }
    })
    return rows
  },
}
