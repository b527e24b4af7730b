import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ClientProcess } from '../client/client-process.mjs'
import { OURS } from '../results.mjs'
import { withServer } from '../servers/server-process.mjs'

const QUERIES = 10_000
const DRIVER = fileURLToPath(new URL('../../../packages/driver', import.meta.url))

/** What can be counted: statements at the server, bytes on npm, dependencies. */
export const counts = {
  title: 'Counts',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ node }) {
    const api = 'promise'
    const rows = []
    for (const kind of /** @type {const} */ (['bare', 'simulator'])) {
      const perQuery = await withServer({ kind }, async ({ target, statementCount }) => {
        const client = await ClientProcess.start(
          { contestant: OURS, api, server: target },
          { node },
        )
        const wish = { way: 'query', workers: 16, count: QUERIES }
        await client.run('statements', wish)
        const before = await statementCount()
        await client.run('statements', wish)
        const after = await statementCount()
        await client.end()
        // The question itself is one on the database alone.
        return (after - before - (kind === 'bare' ? 1 : 0)) / QUERIES
      })
      const where = kind === 'bare' ? '' : ', through the simulator'
      rows.push({
        what: `statements at the server per pool.query${where}`,
        unit: '',
        values: [perQuery],
        goal: 1,
      })
    }
    return [...rows, ...(await sizeRows())]
  },
}

async function sizeRows() {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json'], {
    cwd: DRIVER,
  })
  const [{ size }] = JSON.parse(stdout)
  const { dependencies } = JSON.parse(readFileSync(`${DRIVER}/package.json`, 'utf8'))
  return [
    { what: 'aurora-mysql2, packed', unit: 'kB', values: [size / 1_000], goal: 60 },
    {
      what: 'dependencies of aurora-mysql2',
      unit: '',
      values: [Object.keys(dependencies).length],
      goal: 2,
    },
  ]
}
