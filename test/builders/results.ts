import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What the suite found out about a query builder. */
export interface Result {
  readonly name: string
  readonly version: string
  readonly wayIn: string
  /** Share of the reads that readers served, 0 to 1: each operation in a request of its own, and outside of any. */
  readonly readsOnReaders: { readonly inRequests: number; readonly outside: number }
  readonly hasStreams: boolean
  /** Of a failover under load. */
  readonly failover: {
    readonly readsFailed: number
    /** How many were called, failed ones included. */
    readonly writes: number
    readonly writesFailed: number
    /** Failed writes that say what became of them. */
    readonly writesMarked: number
    readonly lost: number
    readonly doubled: number
  }
}

/**
 * The least that a share may be, of what the matrix says. In requests nothing but a busy machine lessens it; outside of requests all
 * depends on how soon the readers have what was written.
 */
const LEAST = {
  inRequests: (known: number) => known * 0.8,
  outside: (known: number) => Math.min(known, 0.3),
} as const

/** `npm run matrix` sets it: results are written, not compared. */
const isWriting = process.env.WRITE_RESULTS === '1'

function pathOf(name: string): string {
  const file = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return fileURLToPath(new URL(`results/${file}.json`, import.meta.url))
}

/**
 * Compares a result with the one that the README's matrix is made of.
 *
 * @returns what the matrix says better than it is; empty when the matrix is true
 */
export function compareWithMatrix(result: Result): string[] {
  const path = pathOf(result.name)
  if (isWriting) {
    const rounded = JSON.stringify(
      result,
      (_, value) => (typeof value === 'number' ? round(value) : value),
      2,
    )
    writeFileSync(path, `${rounded}\n`)
    return []
  }
  if (!existsSync(path)) return [`${result.name} has no result: npm run matrix`]
  const known = JSON.parse(readFileSync(path, 'utf8')) as Result
  const differences: string[] = []
  for (const key of ['version', 'wayIn', 'hasStreams'] as const) {
    if (known[key] !== result[key]) differences.push(`${key}: ${known[key]} became ${result[key]}`)
  }
  for (const key of ['inRequests', 'outside'] as const) {
    const [was, is] = [known.readsOnReaders[key], result.readsOnReaders[key]]
    if (is < LEAST[key](was)) differences.push(`reads on readers, ${key}: ${was} became ${is}`)
  }
  return differences
}

/** The version of a package that these tests run with. */
export function versionOf(npmPackage: string): string {
  const path = fileURLToPath(new URL(`../node_modules/${npmPackage}/package.json`, import.meta.url))
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

/** One line about a result, for whoever runs the suite. */
export function summaryOf({ name, version, readsOnReaders, failover }: Result): string {
  const { inRequests, outside } = readsOnReaders
  const { readsFailed, writesFailed, writes } = failover
  return (
    `${name} ${version}: ${percent(inRequests)} of the reads on readers in requests, ${percent(outside)} outside; ` +
    `failover: ${readsFailed} reads and ${writesFailed} of ${writes} writes failed`
  )
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
