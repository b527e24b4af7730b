import Table from 'cli-table3'

/**
 * The two sides next to each other.
 *
 * @typedef {object} Result
 * @property {import('./side.mjs').Side} side
 * @property {readonly (number | undefined)[]} firstWriteMs per fault: from the promotion to the first acknowledged write
 * @property {number} readShare
 * @property {{ lost: number, doubled: number, torn: number }} audit
 *
 * @param {readonly Result[]} results
 * @param {readonly string[]} faults
 */
export function resultTable(results, faults) {
  const table = new Table({
    head: ['', ...results.map(({ side }) => side.name)],
    colAligns: ['left', ...results.map(() => 'right')],
    style: { head: [], border: [], compact: true },
  })
  const row = (title, read) => table.push([title, ...results.map(read)])
  row('Requests answered', ({ side }) => count(sum(Object.values(side.counts))))
  row('Requests failed', ({ side }) => count(side.failures.length))
  row('  of them reads', ({ side }) => count(failed(side, 'read')))
  row('Longest request', ({ side }) => duration(side.longestRequestMs))
  row('Longest time without a read', ({ side }) => duration(side.longestReadStallMs))
  row('Longest time without a write', ({ side }) => duration(side.longestWriteStallMs))
  for (const [index, fault] of faults.entries()) {
    row(`${fault}: promotion to first write`, ({ firstWriteMs }) => duration(firstWriteMs[index]))
  }
  row('Acknowledged writes lost', ({ audit }) => count(audit.lost))
  row('Writes doubled', ({ audit }) => count(audit.doubled))
  row('Transactions torn', ({ audit }) => count(audit.torn))
  row('Reads served by readers', ({ readShare }) => `${Math.round(readShare * 100)} %`)
  return table.toString()
}

function failed(side, wanted) {
  return side.failures.filter(({ kind }) => kind === wanted).length
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0)
}

function count(number) {
  return number.toLocaleString('en')
}

function duration(ms) {
  if (ms === undefined) return 'never'
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
