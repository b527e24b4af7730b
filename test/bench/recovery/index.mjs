// How long a failover lasts for an application: 8 workers write, 16 read, the writer goes, a reader is promoted 1 s later,
// the cluster endpoint follows 4 s after that. aurora-mysql2 and plain mysql2 run side by side in the same process, on the
// same cluster (simulator, storage mysqld), through the same fault, beside them the least that any client could need.
//
//   npm run build && node test/bench/recovery/index.mjs [--runs 10] [--how crash,planned,hang,restart]
//
// `crash`: sockets are reset; `planned`: it serves until the promotion; `hang`: it falls silent, and nothing is reset; `restart`:
// the only instance of a cluster crashes, and is back after 1 s.
// Prints a table for each, and writes every run to results.json beside this file. Ends with 1 when a promise was not kept.

import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { measureRun } from './measure-run.mjs'
import { median, spread } from './statistics.mjs'

const WAYS = ['crash', 'planned', 'hang', 'restart']
/** aurora.urgentIntervalMs, as installed: how often each instance is asked during a failover. */
const URGENT_INTERVAL_MS = 100
/** What is promised beyond the bare minimum of the same run, in urgent intervals. */
const PROMISED = { median: 1, worst: 3 }
/** What no run may show. */
const NEVER = ['readErrors', 'lost', 'doubled']

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    how: { type: 'string', default: WAYS.join() },
  },
})
const runCount = Number(values.runs)
const ways = values.how.split(',')
for (const way of ways) {
  if (!WAYS.includes(way)) throw new Error(`--how takes ${WAYS.join(', ')}; got '${way}'`)
}

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

const runs = {}
for (const how of ways) runs[how] = []
// One of each in turn, so that a busy minute of the machine falls on all of them.
for (let run = 1; run <= runCount; run += 1) {
  for (const how of ways) {
    const result = await measureRun(how)
    runs[how].push(result)
    const { ours, plain, bareMinimumMs } = result
    console.log(
      `Run ${run} of ${runCount}, ${how}: first write after ${ms(ours.firstWriteMs)} ` +
        `(bare minimum ${ms(bareMinimumMs)}), plain mysql2 ${ms(plain.firstWriteMs)}`,
    )
  }
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.versions.node}`
for (const how of ways) {
  const { text, isKept } = boundOf(runs[how])
  console.log(`\n${how}\n${tableOf(runs[how])}\n${text}`)
  const isClean = runs[how].every(({ ours }) => NEVER.every((key) => ours[key] === 0))
  if (!isKept || !isClean) process.exitCode = 1
}
console.log(`\n${runCount} runs of each; ${machine}`)
writeFileSync(
  new URL('results.json', import.meta.url),
  `${JSON.stringify({ machine, at: new Date().toISOString(), runs }, undefined, 2)}\n`,
)

function tableOf(ofOneWay) {
  const table = new Table({
    head: ['median (least – greatest)', 'aurora-mysql2', 'mysql2'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const least = ofOneWay.map(({ bareMinimumMs }) => bareMinimumMs)
  table.push(['Bare minimum', summary(least, ms), ''])
  for (const [title, key, format] of ROWS) {
    const cells = ['ours', 'plain'].map((side) =>
      side === 'plain' && ofOneWay[0].plain[key] === undefined
        ? ''
        : summary(
            ofOneWay.map((run) => run[side][key]),
            format,
          ),
    )
    table.push([title, ...cells])
  }
  return table
}

/** Whether the promise about the first write was kept. */
function boundOf(ofOneWay) {
  const beyond = ofOneWay.map(({ ours }) => ours.aboveMinimumMs / URGENT_INTERVAL_MS)
  const found = { median: median(beyond), worst: Math.max(...beyond) }
  const isWithin = (/** @type {[string, number]} */ [which, intervals]) => found[which] <= intervals
  const bounds = Object.entries(PROMISED)
  const lines = bounds.map(([which, intervals]) => {
    const verdict = isWithin([which, intervals]) ? 'kept' : 'NOT KEPT'
    return `${which} ${found[which].toFixed(2)} of ${intervals} urgent interval${intervals > 1 ? 's' : ''}: ${verdict}`
  })
  const text = `First write beyond the bare minimum: ${lines.join('; ')}`
  return { text, isKept: bounds.every(isWithin) }
}

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
