import { compare } from '../compare.mjs'
import { median, spread } from '../recovery/statistics.mjs'
import { AGAIN, OURS } from '../results.mjs'

/**
 * What the table and the page say of one row.
 *
 * @typedef {object} Summary
 * @property {string} what
 * @property {string} unit
 * @property {string} [peer]
 * @property {Record<string, { median: number, min: number, max: number, ratio?: number }>} sides of `values`: only ours
 * @property {import('../compare.mjs').Comparison} [comparison]
 * @property {number} [goal]
 * @property {string} goalShown
 * @property {'met' | 'within noise' | 'missed' | 'stated'} verdict
 * @property {string} [note]
 */

/**
 * @param {import('../results.mjs').Row} row
 * @returns {Summary}
 */
export function summarise(row) {
  const { what, unit, peer, goal, note, goalIs = 'atMost' } = row
  const isAtLeast = goalIs === 'atLeast'
  const sign = isAtLeast ? '≥' : '≤'
  const base = { what, unit, ...(goal !== undefined && { goal }), ...(note && { note }) }
  if (row.values !== undefined) {
    const ours = spread(row.values)
    const isMet = goal === undefined || (isAtLeast ? ours.median >= goal : ours.median <= goal)
    const verdict = goal === undefined ? 'stated' : isMet ? 'met' : 'missed'
    return {
      ...base,
      sides: { [OURS]: ours },
      goalShown: goal === undefined ? '' : `${sign} ${goal} ${unit}`.trim(),
      verdict,
    }
  }
  const { [peer]: first, [AGAIN]: again } = row.sides
  const comparison = compare({ ours: row.sides[OURS], peer: first, again, goal, isAtLeast })
  const sides = Object.fromEntries(
    Object.entries(row.sides).map(([side, numbers]) => {
      const ratio = median(numbers.map((one, round) => one / ((first[round] + again[round]) / 2)))
      return [side, { ...spread(numbers), ratio }]
    }),
  )
  const goalShown = goal === undefined ? '' : `${sign} ${goal.toFixed(2)}×`
  return { ...base, peer, sides, comparison, goalShown, verdict: comparison.verdict }
}
