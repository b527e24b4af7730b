import { formatCount, formatDuration } from '../page/format.js'
import { clusterFigures, type Figures, type LoadFigures, loadFigures, totalsOf } from './figures.js'
import type { LoadRecord, RunRecord } from './records.js'

/** The figures of all loads side by side, as text. */
export interface FigureTable {
  /** The names of the loads. */
  readonly columns: readonly string[]
  readonly rows: readonly { readonly title: string; readonly cells: readonly string[] }[]
}

/** One column of the table: a load, or a command of which only the cluster's side is known. */
interface Column {
  readonly run: RunRecord
  readonly load: LoadRecord | undefined
  readonly name: string
  readonly figures: Figures | LoadFigures
}

interface Row {
  readonly title: string
  readonly cell: (column: Column) => string
}

/** What the runs come down to. */
export function figureTable(runs: readonly RunRecord[]): FigureTable {
  const columns = runs.flatMap(columnsOf)
  return {
    columns: columns.map(({ name }) => name),
    rows: rowsOf(columns).map(({ title, cell }) => ({ title, cells: columns.map(cell) })),
  }
}

function columnsOf(run: RunRecord): readonly Column[] {
  if (run.loads.length === 0) {
    return [{ run, load: undefined, name: run.name, figures: clusterFigures(run.cluster) }]
  }
  return run.loads.map((load) => {
    const figures = loadFigures(load, run.cluster)
    return { run, load, name: load.name, figures }
  })
}

function rowsOf(columns: readonly Column[]): readonly Row[] {
  const hasClients = columns.every(({ load }) => load !== undefined)
  const what = hasClients ? 'Requests' : 'Statements'
  const rows: Row[] = [
    { title: `${what} answered`, cell: ({ figures }) => formatCount(figures.answered) },
    {
      title: hasClients ? 'Requests failed' : 'Statements answered with an error',
      cell: ({ figures }) => formatCount(figures.failed),
    },
  ]
  if (hasClients) {
    rows.push(
      {
        title: '… of them reads',
        cell: ({ figures }) => ofClient(figures, 'failedReads', formatCount),
      },
      {
        title: 'Longest request',
        cell: ({ figures }) => ofClient(figures, 'longestRequestMs', formatDuration),
      },
    )
  } else {
    rows.push({
      title: 'Statements cut off under way',
      cell: ({ run }) =>
        formatCount(totalsOf(run.cluster).reduce((sum, each) => sum + each.statementsCut, 0)),
    })
  }
  rows.push(
    {
      title: 'Longest time without a read',
      cell: ({ figures }) => formatDuration(figures.longestReadStallMs),
    },
    {
      title: 'Longest time without a write',
      cell: ({ figures }) => formatDuration(figures.longestWriteStallMs),
    },
    ...firstWriteRows(columns),
    ...factRows(columns),
    ...instanceRows(columns),
  )
  return rows
}

function ofClient(
  figures: Figures | LoadFigures,
  key: 'failedReads' | 'longestRequestMs',
  format: (value: number) => string,
): string {
  return key in figures ? format((figures as LoadFigures)[key]) : ''
}

function firstWriteRows(columns: readonly Column[]): readonly Row[] {
  const count = Math.max(0, ...columns.map(({ figures }) => figures.firstWriteMs.length))
  const names = columns[0]?.run.faults ?? []
  return Array.from({ length: count }, (_, index) => {
    const name = names[index] ?? (count > 1 ? String(index + 1) : undefined)
    return {
      title: name === undefined ? 'Promotion to first write' : `${name}: promotion to first write`,
      cell: ({ figures }) => {
        if (index >= figures.firstWriteMs.length) return ''
        const ms = figures.firstWriteMs[index]
        return ms === undefined ? 'never' : formatDuration(ms)
      },
    }
  })
}

function factRows(columns: readonly Column[]): readonly Row[] {
  const titles = new Set(
    columns.flatMap(({ load }) => load?.facts?.map(({ title }) => title) ?? []),
  )
  return [...titles].map((title) => ({
    title,
    cell: ({ load }) => load?.facts?.find((fact) => fact.title === title)?.value ?? '',
  }))
}

/** Statements per instance; of loads that share a cluster, only where the caller could tell them apart. */
function instanceRows(columns: readonly Column[]): readonly Row[] {
  const ids = new Set(columns.flatMap(({ run }) => totalsOf(run.cluster).map(({ id }) => id)))
  const isKnown = columns.every(({ run, load }) => run.loads.length < 2 || load?.statements)
  if (!isKnown) return []
  return [...ids]
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((id) => ({
      title: `Statements on ${id}`,
      cell: ({ run, load }) => {
        const counted = totalsOf(run.cluster).find((each) => each.id === id)?.statements
        const statements = load?.statements ? (load.statements[id] ?? 0) : counted
        return statements === undefined ? '' : formatCount(statements)
      },
    }))
}
