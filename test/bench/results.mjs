import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

/** What runs leave behind; not in the repository: what is published stands in the driver's docs/performance.md. */
const FOLDER = new URL('dist/', import.meta.url)

/**
 * A row of the table: either `sides`, compared round by round, or `values`, each a measurement of the same thing.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {string} unit see `format.mjs`
 * @property {Record<string, number[]>} [sides] by contestant; `OURS`, `PEER` and `AGAIN` are compared
 * @property {string} [peer] who that is
 * @property {number[]} [values]
 * @property {number} [goal] of the ratio, or of the values' median
 * @property {'atMost' | 'atLeast'} [goalIs] default: at most
 * @property {string} [note]
 */

/**
 * What a part has measured.
 *
 * @typedef {object} Result
 * @property {string} part
 * @property {string} title
 * @property {string} node
 * @property {string} machine
 * @property {string} load of the machine, before and after
 * @property {string} at
 * @property {number} rounds
 * @property {readonly Row[]} rows
 */

/** Names of the sides that are compared. */
export const OURS = 'aurora-mysql2'
export const AGAIN = 'again'

/** @param {Result} result */
export function keep(result) {
  mkdirSync(FOLDER, { recursive: true })
  const rows = result.rows.map((row) => ({ ...row, ...shortened(row) }))
  writeFileSync(fileOf(result), `${JSON.stringify({ ...result, rows }, undefined, 1)}\n`)
}

/** Everything that has been kept, in the order of `parts`. @returns {Result[]} */
export function keptResults(parts) {
  if (!existsSync(FOLDER)) return []
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))
    .filter(({ part }) => parts.includes(part))
    .sort((a, b) => parts.indexOf(a.part) - parts.indexOf(b.part) || a.node.localeCompare(b.node))
}

/** @param {string} name */
export function beside(name) {
  mkdirSync(FOLDER, { recursive: true })
  return fileURLToPath(new URL(name, FOLDER))
}

export function machine() {
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores`
}

function fileOf({ part, node }) {
  return new URL(`${part}-node-${node.split('.')[0]}.json`, FOLDER)
}

/** Four digits say all that a measurement can. */
function shortened({ sides, values }) {
  const short = (numbers) => numbers.map((number) => Number(number.toPrecision(4)))
  if (values !== undefined) return { values: short(values) }
  return {
    sides: Object.fromEntries(
      Object.entries(sides).map(([side, numbers]) => [side, short(numbers)]),
    ),
  }
}
