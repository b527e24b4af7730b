import type { ResultColumn } from '../compile/compile-query.js'
import { emit } from '../compile/emission.js'
import type { EngineRow } from '../engine/engine-handle.js'
import { stringType } from '../values/sql-type.js'

/** What a statement answers: rows, or how many it touched. */
export type StatementResult =
  | {
      readonly kind: 'rows'
      readonly columns: readonly ResultColumn[]
      readonly rows: readonly EngineRow[]
    }
  | {
      readonly kind: 'done'
      readonly matched: bigint
      readonly changed: bigint
      readonly insertId: bigint
      readonly info: string
      readonly warnings: number
    }

/** The answer of what touches no rows. */
export const DONE = {
  kind: 'done',
  matched: 0n,
  changed: 0n,
  insertId: 0n,
  info: '',
  warnings: 0,
} as const satisfies StatementResult

/** A result made here, all of it text. */
export function textRows(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): StatementResult {
  const columns = names.map(
    (name): ResultColumn => ({ name, ...emit(name, stringType(255), true) }),
  )
  return { kind: 'rows', columns, rows }
}
