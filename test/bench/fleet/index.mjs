// What a whole fleet does to a cluster in one failover: how it comes back to the promoted writer, and how often it asks. Twice: 20
// processes with real sockets, and 1,000 pools on a clock and a cluster that are not real, where no machine is in the way.
//
//   npm run bench:fleet [-- --pools 1000] [--options '{"urgentIntervalMs":500}']
//
// Prints a table and what became of each bound, and writes results.json and report.html beside this file. Ends with 1 when a bound was
// not kept.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Table from 'cli-table3'
import { runRealFleet } from './real-fleet.mjs'
import { ms, renderReport } from './report.mjs'
import { summarise } from './summary.mjs'

const { values } = parseArgs({
  options: {
    pools: { type: 'string', default: '1000' },
    options: { type: 'string', default: '{}' },
  },
})
/** What the virtual fleet may print: every visit of every pool. */
const LONGEST_OUTPUT_BYTES = 1 << 28
/** What each fleet keeps within. @type {{ title: string, most: number, found: (of: ReturnType<typeof summarise>) => number }[]} */
const BOUNDS = [
  {
    title: 'Logins per pool in 100 ms (maxConnecting)',
    most: 2,
    found: ({ peakAttempts, poolCount }) => peakAttempts / poolCount,
  },
  {
    title: 'Questions per pool and second, calm',
    most: 0.5,
    found: ({ calmQuestionsPerPoolAndSecond }) => calmQuestionsPerPoolAndSecond,
  },
  {
    title: 'Questions per pool on one instance, in the busiest second',
    most: 10,
    found: ({ peakQuestionsPerPoolAndSecond }) => peakQuestionsPerPoolAndSecond,
  },
]
const VIRTUAL_FLEET = fileURLToPath(new URL('virtual-fleet.mjs', import.meta.url))

const real = summarise(await runRealFleet())
const { stdout } = await promisify(execFile)(
  process.execPath,
  [VIRTUAL_FLEET, '--pools', String(values.pools), '--options', String(values.options)],
  { maxBuffer: LONGEST_OUTPUT_BYTES },
)
const virtual = summarise({ ...JSON.parse(stdout), promoted: 'i2' })

const table = new Table({
  head: ['', 'processes', 'pools on a virtual clock'],
  colAligns: ['left', 'right', 'right'],
  style: { head: [], border: [], compact: true },
})
const columns = [real, virtual]
const row = (/** @type {string} */ title, /** @type {(of: typeof real) => string} */ show) =>
  table.push([title, ...columns.map(show)])
row('Pools × connections', (of) => `${of.poolCount} × ${of.connectionsPerPool}`)
row('First pool back after the promotion', (of) => ms(of.firstBackMs))
row('Half of the pools', (of) => ms(of.medianBackMs))
row('Last pool', (of) => ms(of.lastBackMs))
row('Logins on the promoted instance', (of) => `${of.attemptsInAll}`)
row('… in the busiest 100 ms', (of) => `${of.peakAttempts}`)
row('… of these, per pool', (of) => (of.peakAttempts / of.poolCount).toFixed(1))
row('Questions per pool and second, calm', (of) => of.calmQuestionsPerPoolAndSecond.toFixed(2))
row('… on one instance, in the busiest second', (of) => of.peakQuestionsPerPoolAndSecond.toFixed(1))
row('Writes failed', (of) => `${of.failedWrites}`)
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.versions.node}`
console.log(`${table}\n${machine}`)
for (const { title, most, found } of BOUNDS) {
  const verdicts = columns.map((of) => {
    const isKept = found(of) <= most
    if (!isKept) process.exitCode = 1
    return `${found(of).toFixed(2)} with ${of.poolCount}: ${isKept ? 'kept' : 'NOT KEPT'}`
  })
  console.log(`${title}, at most ${most}: ${verdicts.join('; ')}`)
}

const beside = (/** @type {string} */ name) => new URL(name, import.meta.url)
writeFileSync(
  beside('results.json'),
  `${JSON.stringify({ machine, at: new Date().toISOString(), real, virtual }, undefined, 2)}\n`,
)
const titles = [
  { title: `${real.poolCount} processes`, summary: real },
  { title: `${virtual.poolCount} pools on a virtual clock`, summary: virtual },
]
writeFileSync(beside('report.html'), renderReport(titles, machine))
console.log(`The chart: ${fileURLToPath(beside('report.html'))}`)
