import Table from 'cli-table3'

/** No lines: two spaces between columns. */
const noBorders = Object.fromEntries(
  [
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
    ['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ]
    .flat()
    .map((each) => [each, '']),
)

/** A column's title and how its cells stand. */
export interface Column {
  readonly title: string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
}

/** Aligned text, a line per row below the titles; without any title, rows alone. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const hasTitles = columns.some((column) => column.title !== '')
  const table = new Table({
    ...(hasTitles ? { head: columns.map((column) => column.title) } : {}),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [], compact: true },
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
