import { OURS } from '../results.mjs'
import { ratioChart } from './chart.mjs'
import { ratioShown, shown } from './format.mjs'
import { summarise } from './summaries.mjs'

/**
 * One HTML file with everything in it.
 *
 * @param {readonly import('../results.mjs').Result[]} results
 */
export function renderPage(results) {
  const machines = [...new Set(results.map(({ machine }) => machine))].join('; ')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>What aurora-mysql2 costs</title>
<style>${STYLE}</style>
<main>
<h1>What aurora-mysql2 costs</h1>
<p>Beside mysql2, in one run: each round runs every contestant once, in a random order, and compares within the round. ${machines}.</p>
<p class="legend"><span class="swatch ours"></span> ours to the peer, median of the rounds, and its 95 % interval
<span class="swatch noise"></span> the peer against itself: what lies within says nothing
<span class="swatch goal"></span> goal</p>
${results.map(section).join('\n')}
</main>
</html>
`
}

/** @param {import('../results.mjs').Result} result */
function section({ title, node, rounds, at, load, rows }) {
  const summaries = rows.map(summarise)
  const compared = summaries.filter(({ comparison }) => comparison !== undefined)
  return `<section>
<h2>${escaped(title)}</h2>
<p class="when">Node ${node}, ${rounds} rounds, ${at.slice(0, 16).replace('T', ' ')} UTC, load before and after: ${load}</p>
${compared.length > 0 ? ratioChart(compared) : ''}
<div class="wide"><table>
<tr><th>median (min – max)<th>peer<th>ours<th>ratio<th>peer, itself<th>goal<th></tr>
${summaries.map(tableRow).join('\n')}
</table></div>
</section>`
}

/** @param {import('./summaries.mjs').Summary} summary */
function tableRow({ what, unit, peer, sides, comparison, goalShown, verdict, note }) {
  const cell = ({ median, min, max }) =>
    min === max
      ? shown(median, unit)
      : `${shown(median, unit)} <small>(${shown(min, unit)} – ${shown(max, unit)})</small>`
  const others = Object.entries(sides).filter(([side]) => ![OURS, peer, 'again'].includes(side))
  const found =
    comparison === undefined
      ? ['', cell(sides[OURS]), '', '']
      : [
          cell(sides[peer]),
          cell(sides[OURS]),
          ratioShown(comparison.ratio),
          `${ratioShown(comparison.same)} ± ${ratioShown(comparison.noise)}`,
        ]
  const title = `${escaped(what)}${note === undefined ? '' : ` <small>${escaped(note)}</small>`}`
  const first = `<tr><td>${title}<td>${found.join('<td>')}<td>${goalShown}<td class="${verdict.replace(' ', '-')}">${verdict}</tr>`
  const rest = others.map(
    ([side, of]) =>
      `<tr class="other"><td>${escaped(side)}<td><td>${cell(of)}<td>${ratioShown(of.ratio)}<td><td><td></tr>`,
  )
  return [first, ...rest].join('\n')
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d5dbe1; --ours: #20639b; --noise: #c9d3dd; --goal: #b5402a; --page: #fff; --met: #1f7a4d }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ee; --soft: #9aa7b4; --line: #36414d; --ours: #6db3e8; --noise: #44525f; --goal: #ef8a6f; --page: #161c22; --met: #6fce9d } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 }
main { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 2.5rem 0 0 }
.when { color: var(--soft); margin: 0 0 .5rem; font-size: .85rem } small { color: var(--soft) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; width: 100% }
th, td { text-align: right; padding: .25rem .45rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left } th { color: var(--soft); font-weight: 500 }
.other td:first-child { padding-left: 1.6rem; color: var(--soft) }
.missed { color: var(--goal); font-weight: 600 } .met { color: var(--met); font-weight: 600 } .within-noise, .stated { color: var(--soft) }
.legend { font-size: .85rem; color: var(--soft) } .swatch { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 .8rem; vertical-align: -1px }
.swatch.ours { background: var(--ours); border-radius: 50% } .swatch.noise { background: var(--noise) } .swatch.goal { width: 2px; background: var(--goal) }
svg { width: 100%; height: auto; margin: .5rem 0 } svg text { fill: var(--ink); font-size: 11px } svg .axis { fill: var(--soft) }
svg .grid { stroke: var(--line) } svg .noise { fill: var(--noise) } svg .goal { stroke: var(--goal); stroke-width: 2 }
svg .interval { stroke: var(--ours); stroke-width: 2 } svg .dot { fill: var(--ours) }
`
