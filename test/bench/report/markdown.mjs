import { OURS } from '../results.mjs'
import { ratioShown, shown } from './format.mjs'
import { summarise } from './summaries.mjs'

/**
 * The tables as they stand in the driver's docs/performance.md.
 *
 * @param {readonly import('../results.mjs').Result[]} results
 */
export function renderMarkdown(results) {
  return results.map(section).join('\n\n')
}

/** @param {import('../results.mjs').Result} result */
function section({ part, title, node, rounds, load, rows }) {
  const summaries = rows.map(summarise)
  const lines = summaries.flatMap(tableLines)
  return `### ${title}

\`npm run bench -- ${part}\`; Node ${node}, ${rounds} rounds, load before and after ${load}.

| Median (min–max) | peer | ours | ratio | peer, itself | goal | |
|---|--:|--:|--:|--:|--:|---|
${lines.join('\n')}`
}

/** @param {import('./summaries.mjs').Summary} summary */
function tableLines({ what, unit, peer, sides, comparison, goalShown, verdict, note }) {
  const cell = ({ median, min, max }) =>
    min === max
      ? shown(median, unit)
      : `${shown(median, unit)} (${shown(min, unit)}–${shown(max, unit)})`
  const title = note === undefined ? what : `${what} (${note})`
  const ours = cell(sides[OURS])
  if (comparison === undefined) return [`| ${title} | | ${ours} | | | ${goalShown} | ${verdict} |`]
  const { ratio, same, noise } = comparison
  const itself = `${ratioShown(same)} ± ${ratioShown(noise)}`
  const others = Object.entries(sides).filter(([side]) => ![OURS, peer, 'again'].includes(side))
  return [
    `| ${title} | ${cell(sides[peer])} | ${ours} | ${ratioShown(ratio)} | ${itself} | ${goalShown} | ${verdict} |`,
    ...others.map(([side, of]) => `| … ${side} | | ${cell(of)} | ${ratioShown(of.ratio)} | | | |`),
  ]
}
