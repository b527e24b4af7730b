// What reading what one wrote costs: CPU per read with consistency 'session' (the default) against 'eventual', on each
// Node that the tests have (20 or whichever runs this, 22, 24). The cluster runs in a process of its own.
//
//   npm run bench:consistency

import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Table from 'cli-table3'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const nodes = [
  process.execPath,
  here('../../node_modules/node-22/bin/node'),
  here('../../node_modules/node-24/bin/node'),
].filter((path) => existsSync(path))

const server = spawn(process.execPath, [here('./cluster.mjs')], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const target = await new Promise((resolve, reject) => {
  server.once('exit', (code) => reject(new Error(`The cluster ended with code ${code}`)))
  server.stdout.once('data', (line) => resolve(String(line).trim()))
})

const table = new Table({
  head: ['Node', "'session'", "'eventual'", 'ratio', "'eventual' against itself"],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
})
const micros = (value) => `${value.toFixed(1)} µs`
for (const node of nodes) {
  const { stdout } = await promisify(execFile)(node, [here('./measure.mjs'), target])
  const result = JSON.parse(stdout)
  table.push([
    result.node,
    micros(result.sessionMicros),
    micros(result.eventualMicros),
    result.ratio.toFixed(3),
    result.sameAgainstSame.toFixed(3),
  ])
}
server.stdin.end()
console.log(table.toString())
console.log(
  `CPU per primary-key read, 16 workers, median of 21 interleaved rounds; ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`,
)
