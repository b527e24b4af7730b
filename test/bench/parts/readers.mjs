import { AGAIN, OURS } from '../results.mjs'
import { runRounds } from '../rounds.mjs'
import { withServer } from '../servers/server-process.mjs'

/** Four processors of an instance, each busy for 4 ms with a statement: 1,000 a second. */
const LIMIT = { atOnce: 4, serviceMs: 4 }
const READER_COUNT = 3
const WORKERS = 96
const STATEMENTS = 1_500
const MOST_ROUNDS = 9

/** What three readers are worth where readers are what there is too little of. */
export const readers = {
  title: 'Reads over three readers that are the bottleneck',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ rounds, node }) {
    const api = 'promise'
    const options = { connectionLimit: WORKERS }
    const peer = { contestant: 'mysql2', api, options }
    const contestants = { mysql2: peer, [AGAIN]: peer, [OURS]: { contestant: OURS, api, options } }
    const wish = { way: 'query', workers: WORKERS, count: STATEMENTS }
    const cases = [{ name: 'reads', workload: 'statements', wish }]
    const server = { kind: 'simulator', instances: READER_COUNT + 1, limit: LIMIT }
    const { reads } = await withServer(/** @type {any} */ (server), ({ target }) =>
      runRounds({
        contestants,
        cases,
        rounds: Math.min(rounds, MOST_ROUNDS),
        target,
        node,
        isHeavy: true,
      }),
    )
    const sides = Object.fromEntries(
      Object.entries(reads).map(([side, list]) => [side, list.map(({ perSecond }) => perSecond)]),
    )
    return [
      {
        what: `reads a second, ${WORKERS} workers, ${READER_COUNT} readers of 1,000 a second each`,
        unit: '/s',
        peer: 'mysql2',
        sides,
        goal: 2.8,
        goalIs: 'atLeast',
      },
    ]
  },
}
