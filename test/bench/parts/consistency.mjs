import { nodeNamed } from '../node-binary.mjs'
import { AGAIN, OURS } from '../results.mjs'
import { runRounds } from '../rounds.mjs'
import { withServer } from '../servers/server-process.mjs'

const COUNT = 2_000
const WORKERS = 16
/** Where the goal holds; elsewhere the ratio is stated: AsyncLocalStorage costs more there. */
const GOAL_FROM_NODE = 24

/** What reading one's own writes costs: reads in sessions of four. */
export const consistency = {
  title: "consistency 'session' against 'eventual'",
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ rounds }) {
    const pool = (mode) => ({ contestant: OURS, api: 'promise', aurora: { consistency: mode } })
    const contestants = {
      "'eventual'": pool('eventual'),
      [AGAIN]: pool('eventual'),
      [OURS]: pool('session'),
    }
    const cases = [
      { name: 'reads', workload: 'sessions', wish: { workers: WORKERS, count: COUNT } },
    ]
    const rows = []
    for (const major of [20, 22, 24]) {
      const node = nodeNamed(major)
      if (node === undefined) continue
      const { reads } = await withServer({ kind: 'simulator' }, ({ target }) =>
        runRounds({ contestants, cases, rounds, target, node, processes: 2 }),
      )
      const sides = Object.fromEntries(
        Object.entries(reads).map(([side, list]) => [side, list.map(({ cpuMicros }) => cpuMicros)]),
      )
      rows.push({
        what: `read in a session, Node ${major}: CPU`,
        unit: 'µs',
        peer: "'eventual'",
        sides,
        goal: major >= GOAL_FROM_NODE ? 1.03 : undefined,
      })
    }
    return rows
  },
}
