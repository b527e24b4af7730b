import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A statement with what MySQL answers to it. */
export interface Case {
  readonly sql: string
  /** For a prepared statement. */
  readonly values: readonly unknown[] | undefined
  /** `= rows`, `ok …` or `! errno`. */
  readonly expected: string
  /** What it gives when it is prepared, where that differs (FLOAT in binary). */
  readonly prepared: string
}

const folder = fileURLToPath(new URL('cases/', import.meta.url))

/**
 * Reads the files of `cases/`, each a script that runs from top to bottom:
 *
 *     select 1 + ?            the statement
 *       ? [2]                 values, if it is to be prepared
 *       = [[3]]               its rows; or `ok 1 id 5 changed 1 in-transaction`; or `! 1062`
 *       prepared = [[3.5]]    the rows when prepared, if others
 */
export function readCases(): ReadonlyMap<string, readonly Case[]> {
  const files = readdirSync(folder).sort()
  return new Map(files.map((file) => [file, parse(readFileSync(folder + file, 'utf8'))]))
}

function parse(text: string): readonly Case[] {
  const cases: Case[] = []
  let sql = ''
  let values: readonly unknown[] | undefined
  for (const line of text.split('\n')) {
    const last = cases.at(-1)
    if (line.startsWith('#') || line === '') continue
    if (!line.startsWith('  ')) {
      sql = line
      values = undefined
    } else if (line.startsWith('  ? ')) {
      values = JSON.parse(line.slice(4)) as unknown[]
    } else if (line.startsWith('  prepared ') && last) {
      cases[cases.length - 1] = { ...last, prepared: line.slice('  prepared '.length) }
    } else {
      cases.push({ sql, values, expected: line.trim(), prepared: line.trim() })
    }
  }
  return cases
}
