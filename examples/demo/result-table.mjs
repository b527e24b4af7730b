import Table from 'cli-table3'

/**
 * The figures of the sides next to each other, as the report has them.
 *
 * @param {import('aurora-mysql2-simulator/rehearsal').FigureTable} figures
 */
export function resultTable({ columns, rows }) {
  const table = new Table({
    head: ['', ...columns],
    colAligns: ['left', ...columns.map(() => 'right')],
    style: { head: [], border: [], compact: true },
  })
  for (const { title, cells } of rows) table.push([title, ...cells])
  return table.toString()
}
