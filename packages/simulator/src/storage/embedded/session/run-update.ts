import type { Column } from '../compile/catalog.js'
import type { DeletePlan, UpdatePlan } from '../compile/compile-write.js'
import { SqlError } from '../sql-error.js'
import type { EngineValue, SqlType } from '../values/sql-type.js'
import { storeValue } from '../values/store-value.js'
import { formatNow } from '../values/temporal.js'
import { type BindingContext, bindValues } from './bind-values.js'
import { DuplicateRow, type RowWriter } from './row-writer.js'

/** What a write did, for the OK packet. */
export interface WriteResult {
  /** Rows found, for clients that ask for those. */
  readonly matched: bigint
  /** Rows made, changed or removed. */
  readonly changed: bigint
  /** The first generated value, else the last one given explicitly, else 0. */
  readonly insertId: bigint
  /** The first generated value, for LAST_INSERT_ID(). */
  readonly generatedId: bigint | undefined
  readonly info: string
  readonly warnings: number
}

/** Runs the update of rows that its plan finds. */
export function runUpdate(
  writer: RowWriter,
  plan: UpdatePlan,
  context: BindingContext,
): WriteResult {
  const { table, columns, types } = plan
  const rows = writer.volume.write(plan.select.sql, bindValues(plan.select.bindings, context))
  const touched = table.columns.filter((column) => column.onUpdateNow && !columns.includes(column))
  const identityWidth = table.rowIdentity.length
  let changed = 0n
  let warnings = 0
  rows.forEach((row, index) => {
    const identity = row.slice(0, identityWidth)
    const old = row.slice(identityWidth, identityWidth + columns.length)
    const values = columns.map((column, position) => {
      const value = row[identityWidth + columns.length + position] ?? null
      const destination = { column: column.name, type: column.type, row: index + 1 }
      const stored = storeValue(value, types[position] as SqlType, destination)
      if (stored === null && !column.nullable) throw cannotBeNull(column)
      return stored
    })
    if (values.every((value, position) => isSame(value, old[position] ?? null))) return
    try {
      const now = touched.map((column) => nowFor(column, context))
      writer.update(table, [...columns, ...touched], [...values, ...now], identity)
      changed++
    } catch (error) {
      if (!(error instanceof DuplicateRow)) throw error
      if (!plan.ignore) throw error.toSqlError()
      warnings++
    }
  })
  return {
    matched: BigInt(rows.length),
    changed,
    insertId: 0n,
    generatedId: undefined,
    info: `Rows matched: ${rows.length}  Changed: ${changed}  Warnings: ${warnings}`,
    warnings,
  }
}

/** The statement's time as a column keeps it. */
export function nowFor(column: Column, context: BindingContext): EngineValue {
  const fsp = column.type.kind === 'datetime' ? column.type.fsp : 0
  return formatNow(context.nowMicros, fsp)
}

/** 1048. */
export function cannotBeNull(column: Column): SqlError {
  return new SqlError(1048, '23000', `Column '${column.name}' cannot be null`)
}

function isSame(left: EngineValue, right: EngineValue): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return Buffer.compare(left, right) === 0
  }
  return left === right
}

/** Removes the rows that its plan finds. */
export function runDelete(
  writer: RowWriter,
  plan: DeletePlan,
  context: BindingContext,
): WriteResult {
  const { select, table } = plan
  const rows = writer.volume.write(select.sql, bindValues(select.bindings, context))
  for (const identity of rows) writer.delete(table, identity)
  const count = BigInt(rows.length)
  return {
    matched: count,
    changed: count,
    insertId: 0n,
    generatedId: undefined,
    info: '',
    warnings: 0,
  }
}
