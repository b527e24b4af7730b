// How long a failover lasts for an application: 8 workers write, 16 read, the writer crashes, a reader is promoted 1 s
// later, the cluster endpoint follows 4 s after that. aurora-mysql2 and plain mysql2 run side by side in the same process,
// on the same cluster (simulator, storage mysqld), through the same fault, beside them the least that any client could need.
//
//   npm run build && node test/bench/recovery/index.mjs [--runs 10]
//
// Prints a table, and writes every run to results.json beside this file.

import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { measureRun } from './measure-run.mjs'
import { spread } from './statistics.mjs'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' } } })
const runCount = Number(values.runs)

const ROWS = [
  ['Promotion to first write', 'firstWriteMs', ms],
  ['… beyond the bare minimum', 'aboveMinimumMs', ms],
  ['Longest time without a write', 'writeStallMs', ms],
  ['Longest time without a read', 'readStallMs', ms],
  ['Reads failed', 'readErrors', count],
  ['Writes failed', 'writeErrors', count],
  ['Acknowledged writes lost', 'lost', count],
  ['Writes doubled', 'doubled', count],
  ['Look-ups of instance names', 'instanceLookups', count],
]

const runs = []
for (let run = 1; run <= runCount; run += 1) {
  const result = await measureRun()
  runs.push(result)
  const { ours, plain, bareMinimumMs } = result
  console.log(
    `Run ${run} of ${runCount}: first write after ${ms(ours.firstWriteMs)} ` +
      `(bare minimum ${ms(bareMinimumMs)}), plain mysql2 ${ms(plain.firstWriteMs)}`,
  )
}

const table = new Table({
  head: ['median (least – greatest)', 'aurora-mysql2', 'mysql2'],
  colAligns: ['left', 'right', 'right'],
  style: { head: [], border: [], compact: true },
})
table.push([
  'Bare minimum',
  summary(
    runs.map(({ bareMinimumMs }) => bareMinimumMs),
    ms,
  ),
  '',
])
for (const [title, key, format] of ROWS) {
  const cells = ['ours', 'plain'].map((side) =>
    side === 'plain' && runs[0].plain[key] === undefined
      ? ''
      : summary(
          runs.map((run) => run[side][key]),
          format,
        ),
  )
  table.push([title, ...cells])
}
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.versions.node}`
console.log(`\n${table}\n${runCount} runs; ${machine}`)
writeFileSync(
  new URL('results.json', import.meta.url),
  `${JSON.stringify({ machine, at: new Date().toISOString(), runs }, undefined, 2)}\n`,
)

function summary(numbers, format) {
  // A side that never wrote again has no number.
  if (numbers.some((number) => number === undefined)) return 'never, at least once'
  const { median, min, max } = spread(numbers)
  return min === max ? format(median) : `${format(median)} (${format(min)} – ${format(max)})`
}

function ms(number) {
  if (number === undefined) return 'never'
  return number < 1000 ? `${number.toFixed(0)} ms` : `${(number / 1000).toFixed(2)} s`
}

function count(number) {
  return Number.isInteger(number) ? `${number}` : number.toFixed(1)
}
