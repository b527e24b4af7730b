import { ratioShown } from './format.mjs'

const WIDTH = 900
const LEFT = 330
const RIGHT = 50
const ROW = 22
const FOOT = 22
/** Ratios of a chart that has none further out. */
const LEAST_RANGE = { from: 0.8, to: 1.2 }
/** What is uncertain beyond these is cut off: it need not be drawn to be seen. */
const MOST_UNCERTAIN = { from: 0.6, to: 1.6 }
const STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5]
const MOST_LINES = 9

/**
 * A line for each comparison: the ratio, its interval, what is noise, and the goal.
 *
 * @param {readonly import('./summaries.mjs').Summary[]} summaries
 */
export function ratioChart(summaries) {
  const { from, to, step } = rangeOf(summaries)
  const x = (ratio) => {
    const part = (Math.min(to, Math.max(from, ratio)) - from) / (to - from)
    return (LEFT + part * (WIDTH - LEFT - RIGHT)).toFixed(1)
  }
  const bottom = summaries.length * ROW
  const lines = []
  for (let at = from; at <= to + step / 2; at += step) {
    lines.push(
      `<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="0" y2="${bottom}"/>`,
      `<text class="axis" x="${x(at)}" y="${bottom + 15}" text-anchor="middle">${Number(at.toFixed(2))}×</text>`,
    )
  }
  const rows = summaries.map((summary, index) => chartRow(summary, index * ROW, x))
  return `<svg viewBox="0 0 ${WIDTH} ${bottom + FOOT}" role="img" aria-label="Ratios to the peer">${lines.join('')}${rows.join('')}</svg>`
}

function chartRow({ what, comparison, goal }, top, x) {
  const { ratio, low, high, noise } = comparison
  const middle = top + ROW / 2
  const goalLine =
    goal === undefined
      ? ''
      : `<line class="goal" x1="${x(goal)}" x2="${x(goal)}" y1="${top + 3}" y2="${top + ROW - 3}"/>`
  return `<text x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${what}</text>
<rect class="noise" x="${x(1 - noise)}" y="${top + 5}" width="${(Number(x(1 + noise)) - Number(x(1 - noise))).toFixed(1)}" height="${ROW - 10}"/>${goalLine}
<line class="interval" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>
<circle class="dot" cx="${x(ratio)}" cy="${middle}" r="4"><title>${what}: ${ratioShown(ratio)}</title></circle>`
}

/** Out to a round number, with a few lines in between. */
function rangeOf(summaries) {
  const clamp = (mark) => Math.min(MOST_UNCERTAIN.to, Math.max(MOST_UNCERTAIN.from, mark))
  const marks = summaries.flatMap(({ comparison: { ratio, low, high, noise }, goal = 1 }) => [
    ...[ratio, goal],
    ...[low, high, 1 - noise, 1 + noise].map(clamp),
  ])
  const least = Math.min(LEAST_RANGE.from, ...marks)
  const most = Math.max(LEAST_RANGE.to, ...marks)
  const step = STEPS.find((each) => (most - least) / each < MOST_LINES) ?? STEPS.at(-1)
  return { from: Math.floor(least / step) * step, to: Math.ceil(most / step) * step, step }
}
