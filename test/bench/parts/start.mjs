import { runProcesses } from '../processes.mjs'
import { AGAIN, OURS } from '../results.mjs'
import { withServer } from '../servers/server-process.mjs'

/** What a new process pays: the import, then the first row. */
export const start = {
  title: 'A new process',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ rounds, node }) {
    const rows = []
    for (const kind of /** @type {const} */ (['bare', 'simulator'])) {
      const answers = await withServer({ kind }, ({ target }) => {
        const program = (contestant) => [
          JSON.stringify({ contestant, api: 'promise', server: target }),
        ]
        const programs = {
          mysql2: program('mysql2'),
          [AGAIN]: program('mysql2'),
          [OURS]: program(OURS),
        }
        return runProcesses({ script: 'first-row.mjs', programs, rounds, node })
      })
      const sides = Object.fromEntries(
        Object.entries(answers).map(([side, list]) => [side, list.map(({ tookMs }) => tookMs)]),
      )
      const where = kind === 'bare' ? '' : ', through the simulator'
      rows.push({
        what: `first row of a new process${where}`,
        unit: 'ms',
        peer: 'mysql2',
        sides,
        goal: 1.1,
      })
    }
    const programs = { mysql2: ['mysql2/promise'], [OURS]: ['aurora-mysql2/promise'] }
    const imports = await runProcesses({ script: 'import.mjs', programs, rounds, node })
    const beyond = (key) => imports[OURS].map((one, round) => one[key] - imports.mysql2[round][key])
    rows.push(
      { what: 'import, beyond that of mysql2', unit: 'ms', values: beyond('tookMs'), goal: 15 },
      {
        what: 'memory after import, beyond that of mysql2',
        unit: 'kB',
        values: beyond('rssKb'),
        goal: 4_096,
      },
    )
    return rows
  },
}
