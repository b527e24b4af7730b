/** @typedef {ReturnType<typeof import('./summary.mjs').summarise>} Summary */

const WIDTH = 760
const HEIGHT = 160
const LEFT = 50
const FOOT = 24

/**
 * One HTML file with everything in it.
 *
 * @param {readonly { readonly title: string, readonly summary: Summary }[]} runs
 * @param {string} machine
 */
export function renderReport(runs, machine) {
  const sections = runs.map(({ title, summary }) => {
    const { attempts, questions } = summary
    return `<h2>${title}</h2>
<p>First pool back after ${ms(summary.firstBackMs)}, half of them after ${ms(summary.medianBackMs)}, the last after ${ms(summary.lastBackMs)}.</p>
<h3>Logins on the promoted instance, per 100 ms</h3>
${bars(attempts)}
<h3>Questions for the topology on the promoted instance, per 100 ms</h3>
${bars(questions)}`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A fleet through a failover</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: ${WIDTH + LEFT}px; margin: 2rem auto; color: #1d2733 }
svg { width: 100%; height: auto } rect { fill: #2f6f9f } line { stroke: #b5402a; stroke-dasharray: 4 3 }
path { stroke: #9aa5b1; fill: none } text { font-size: 11px; fill: #4a5866 }
</style>
<h1>A fleet through a failover</h1>
<p>${machine}. The dashed line is the promotion; the writer crashed a second before.</p>
${sections.join('\n')}
</html>
`
}

/** @param {readonly (readonly [number, number])[]} steps */
function bars(steps) {
  const most = Math.max(1, ...steps.map(([, count]) => count))
  const width = WIDTH / steps.length
  const x = (/** @type {number} */ index) => (LEFT + index * width).toFixed(1)
  const rects = steps.map(([, count], index) => {
    const height = (count / most) * HEIGHT
    return `<rect x="${x(index)}" y="${(HEIGHT - height).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}"><title>${count}</title></rect>`
  })
  const zero = x(steps.findIndex(([atMs]) => atMs >= 0))
  const marks = steps.flatMap(([atMs], index) =>
    atMs % 1_000 === 0 ? [`<text x="${x(index)}" y="${HEIGHT + 16}">${atMs / 1_000} s</text>`] : [],
  )
  return `<svg viewBox="0 0 ${WIDTH + LEFT} ${HEIGHT + FOOT}" role="img">
<text x="0" y="12">${most}</text><path d="M${LEFT} 0V${HEIGHT}H${WIDTH + LEFT}"/>
${rects.join('')}<line x1="${zero}" x2="${zero}" y1="0" y2="${HEIGHT}"/>${marks.join('')}
</svg>`
}

/** @param {number} duration */
export function ms(duration) {
  if (!Number.isFinite(duration)) return 'never'
  return duration < 1_000 ? `${duration.toFixed(0)} ms` : `${(duration / 1_000).toFixed(2)} s`
}
