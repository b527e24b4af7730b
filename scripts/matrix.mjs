import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child-process.mjs'
import { root } from './workspace.mjs'

/** Where the suite of the query builders leaves what it found out, a file for each. */
const RESULTS = join(root, 'test', 'builders', 'results')

/** The pages that show it. */
const PAGES = [join(root, 'README.md'), join(root, 'packages', 'driver', 'README.md')]

const BEGIN = '<!-- matrix -->\n'
const END = '<!-- /matrix -->'

/** @typedef {import('../test/builders/results.js').Result} Result */

/**
 * Runs every query builder through its tests, and writes what comes of it into both READMEs.
 *
 * @returns {Promise<boolean>} whether all tests passed; if not, nothing is written into the READMEs
 */
export async function writeMatrix() {
  const startedMs = Date.now()
  const { isGreen } = await run('vitest', ['run', '--project', 'workspace', 'test/builders/'], {
    env: { WRITE_RESULTS: '1' },
  })
  if (!isGreen) return false
  for (const file of readdirSync(RESULTS)) {
    // Nobody has written it: what it is about is gone.
    if (statSync(join(RESULTS, file)).mtimeMs < startedMs) rmSync(join(RESULTS, file))
  }
  const matrix = renderMatrix(readResults())
  for (const page of PAGES) {
    writeFileSync(page, replaceMatrix(readFileSync(page, 'utf8'), matrix))
  }
  return true
}

/** @returns {Result[]} by name */
export function readResults() {
  /** @type {Result[]} */
  const results = readdirSync(RESULTS).map((file) =>
    JSON.parse(readFileSync(join(RESULTS, file), 'utf8')),
  )
  return results.sort((one, other) => one.name.localeCompare(other.name, 'en'))
}

/**
 * @param {readonly Result[]} results
 * @returns {string} a table in Markdown
 */
export function renderMatrix(results) {
  const rows = results.map(({ name, version, wayIn, readsOnReaders, hasStreams, failover }) => [
    // 'Sequelize 7' says its version twice.
    `${name.replace(/ \d+$/, '')} ${version}`,
    wayIn,
    `${percent(readsOnReaders.inRequests)} / ${percent(readsOnReaders.outside)}`,
    hasStreams ? 'yes' : '–',
    failover.readsFailed,
    `${failover.writesFailed} of ${failover.writes}`,
    `${failover.lost} / ${failover.doubled}`,
  ])
  const header = [
    'Query builder',
    'Way in',
    'Reads on readers: in requests / outside',
    'Streams',
    'Failover: reads failed',
    'Writes failed',
    'Lost / doubled',
  ]
  const line = (/** @type {readonly unknown[]} */ cells) => `| ${cells.join(' | ')} |\n`
  return `${line(header)}|---|---|---|---|--:|--:|--:|\n${rows.map(line).join('')}`
}

/**
 * @param {string} page
 * @param {string} matrix
 * @returns {string} the page with this matrix in the place of its own
 */
export function replaceMatrix(page, matrix) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`A page has no place for the matrix: ${BEGIN}`)
  return page.slice(0, begin + BEGIN.length) + matrix + page.slice(end)
}

/**
 * @param {string} page
 * @returns {string} the matrix that it shows
 */
export function matrixOf(page) {
  const matrix = page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END))
  if (!matrix.startsWith('| ')) throw new Error('A page shows no matrix')
  return matrix
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`
}
