// What the driver costs: CPU of the client's process, latency, memory, size, beside mysql2 in the same run.
//
//   npm run bench                           everything, then the table and the page
//   npm run bench -- query execute          these parts; the table of them
//   npm run bench -- table                  the table and the page of what was measured before
//   npm run bench -- query --vs <commit>    this tree beside that commit
//   npm run bench -- query --check 1.15     short; fails when `query` costs more than so many times mysql2's, twice running
//   … --rounds 21 --node 24 --queries 5000000 --markdown
//
// What is measured, and how, stands in README.md beside this file.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { withCommit } from './base-commit.mjs'
import { checkQuery } from './check.mjs'
import { nodeNamed } from './node-binary.mjs'
import { PARTS } from './parts.mjs'
import { renderMarkdown } from './report/markdown.mjs'
import { renderPage } from './report/page.mjs'
import { renderTable } from './report/table.mjs'
import { beside, keep, keptResults, machine } from './results.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '21' },
    node: { type: 'string' },
    queries: { type: 'string' },
    vs: { type: 'string' },
    check: { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
})
const names = Object.keys(PARTS)
const wanted = positionals.length === 0 ? names : positionals.filter((name) => name !== 'table')
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`No part is called ${unknown.join(', ')}; there are: ${names.join(', ')}, table`)
  process.exit(2)
}
const node = values.node === undefined ? process.execPath : nodeNamed(Number(values.node))
if (node === undefined) {
  console.error(`Node ${values.node} is not installed here`)
  process.exit(2)
}
const wish = {
  rounds: Number(values.rounds),
  node,
  ...(values.queries !== undefined && { queries: Number(values.queries) }),
}

if (values.check !== undefined) process.exit((await checkQuery(wish, Number(values.check))) ? 0 : 1)
if (values.vs !== undefined) {
  const results = await withCommit(values.vs, async (versus) => {
    const measured = []
    for (const name of wanted) measured.push(await measure(name, { ...wish, versus }))
    return measured
  })
  console.log(renderTable(results))
} else {
  for (const name of wanted) {
    const result = await measure(name, wish)
    keep(result)
    if (wanted.length < names.length) console.log(renderTable([result]))
  }
  if (wanted.length === names.length || positionals.includes('table')) report()
}

/**
 * @param {string} name
 * @param {import('./parts.mjs').Wish} how
 * @returns {Promise<import('./results.mjs').Result>}
 */
async function measure(name, how) {
  const { title, measure: run } = PARTS[name]
  const from = performance.now()
  const before = load()
  const rows = await run(how)
  console.log(`> ${title}: ${((performance.now() - from) / 1_000).toFixed(0)} s`)
  const version = execFileSync(how.node, ['--version'], { encoding: 'utf8' }).trim().slice(1)
  const at = new Date().toISOString()
  // Some parts take fewer.
  const [first] = rows.flatMap(({ sides }) => (sides === undefined ? [] : Object.values(sides)))
  const rounds = first?.length ?? 1
  return {
    part: name,
    title,
    node: version,
    machine: machine(),
    load: `${before}, ${load()}`,
    at,
    rounds,
    rows,
  }
}

function load() {
  return loadavg()[0].toFixed(1)
}

function report() {
  const results = keptResults(names)
  if (values.markdown) console.log(renderMarkdown(results))
  else console.log(`${renderTable(results)}\n${machine()}`)
  const page = beside('report.html')
  writeFileSync(page, renderPage(results))
  console.log(`The page: ${page}`)
}
