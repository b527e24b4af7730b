import Table from 'cli-table3'
import { OURS } from '../results.mjs'
import { ratioShown, shown } from './format.mjs'
import { summarise } from './summaries.mjs'

/**
 * @param {readonly import('../results.mjs').Result[]} results
 * @returns {string}
 */
export function renderTable(results) {
  const table = new Table({
    head: ['median (min – max)', 'peer', 'ours', 'ratio', 'peer, itself', 'goal', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const { rows, title, node, rounds } of results) {
    table.push([{ colSpan: 7, content: `${title} (Node ${node}, ${rounds} rounds)` }])
    for (const row of rows) table.push(...lines(summarise(row)))
  }
  return `${table}`
}

/** @param {import('./summaries.mjs').Summary} summary */
function lines({ what, unit, peer, sides, comparison, goalShown, verdict, note }) {
  const cell = ({ median, min, max }) =>
    min === max
      ? shown(median, unit)
      : `${shown(median, unit)} (${shown(min, unit)} – ${shown(max, unit)})`
  const ours = cell(sides[OURS])
  if (comparison === undefined)
    return [[`  ${what}${note ? ` (${note})` : ''}`, '', ours, '', '', goalShown, verdict]]
  const { ratio, low, high, same, noise } = comparison
  const found = `${ratioShown(ratio)} (${ratioShown(low)} – ${ratioShown(high)})`
  const itself = `${ratioShown(same)} ± ${ratioShown(noise)}`
  const others = Object.entries(sides).filter(([side]) => ![OURS, peer, 'again'].includes(side))
  return [
    [`  ${what}`, cell(sides[peer]), ours, found, itself, goalShown, verdict],
    ...others.map(([side, of]) => [`    ${side}`, '', cell(of), ratioShown(of.ratio), '', '', '']),
  ]
}
