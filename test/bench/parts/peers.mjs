import { AGAIN, OURS } from '../results.mjs'
import { runRounds } from '../rounds.mjs'
import { withServer } from '../servers/server-process.mjs'
import { caseOf } from './statements.mjs'

const WORKERS = [1, 16]
const COUNT = 1_000
/** None of them has a goal: what they cost is stated. */
const MOST_ROUNDS = 9

/** The same statement through whatever else there is. */
export const peers = {
  title: 'Everybody: query, promise API',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ rounds, node }) {
    const api = 'promise'
    const options = { connectionLimit: 10 }
    const names = ['mysql2 PoolCluster', 'mariadb', 'aws-advanced-nodejs-wrapper', OURS]
    const contestants = {
      mysql2: { contestant: 'mysql2', api, options },
      [AGAIN]: { contestant: 'mysql2', api, options },
      ...Object.fromEntries(names.map((contestant) => [contestant, { contestant, api, options }])),
    }
    const cases = WORKERS.map((workers) => caseOf('query', workers, COUNT))
    const answers = await withServer({ kind: 'bare' }, ({ target }) =>
      runRounds({
        contestants,
        cases,
        rounds: Math.min(rounds, MOST_ROUNDS),
        target,
        node,
        processes: 2,
      }),
    )
    return WORKERS.map((workers) => ({
      what: `query, ${workers} worker${workers === 1 ? '' : 's'}, everybody: CPU`,
      unit: 'µs',
      peer: 'mysql2',
      sides: Object.fromEntries(
        Object.entries(answers[`${workers}`]).map(([side, list]) => [
          side,
          list.map(({ cpuMicros }) => cpuMicros),
        ]),
      ),
    }))
  },
}
