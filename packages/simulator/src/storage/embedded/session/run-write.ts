import type { Column, Key, Table } from '../compile/catalog.js'
import {
  type DeletePlan,
  type InsertCell,
  type InsertPlan,
  type InsertRow,
  noDefault,
  type UpdatePlan,
} from '../compile/compile-write.js'
import type { EngineRow } from '../engine/engine-handle.js'
import type { Volume } from '../engine/volume.js'
import { SqlError } from '../sql-error.js'
import type { EngineValue, SqlType } from '../values/sql-type.js'
import { storeValue } from '../values/store-value.js'
import { formatNow } from '../values/temporal.js'
import { type BindingContext, bindValue, bindValues } from './bind-values.js'
import type { WritePlan } from './plan.js'
import {
  DuplicateRow,
  deleteRow,
  duplicateEntry,
  findByKey,
  insertRow,
  updateRow,
} from './write-rows.js'

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

interface InsertState {
  matched: bigint
  changed: bigint
  duplicates: number
  warnings: number
  generatedId: bigint | undefined
  explicitId: bigint
}

/** Runs a write; the caller holds the lock and undoes everything if it throws. */
export function runWrite(volume: Volume, plan: WritePlan, context: BindingContext): WriteResult {
  switch (plan.kind) {
    case 'insert':
      return runInsert(volume, plan, context)
    case 'update':
      return runUpdate(volume, plan, context)
    case 'delete':
      return runDelete(volume, plan, context)
  }
}

function runInsert(volume: Volume, plan: InsertPlan, context: BindingContext): WriteResult {
  const state: InsertState = {
    matched: 0n,
    changed: 0n,
    duplicates: 0,
    warnings: 0,
    generatedId: undefined,
    explicitId: 0n,
  }
  let rowNumber = 0
  for (const { cells, values } of rowsOf(volume, plan, context)) {
    rowNumber++
    const given = plan.columns.map((column, index) => ({
      column,
      cell: cells[index],
      value: values[index],
    }))
    const row = plan.table.columns.map((column) => {
      const source = given.find((candidate) => candidate.column === column)
      const isGiven = source?.cell && source.cell.kind !== 'default'
      const type = isGiven ? (source.cell as { type: SqlType }).type : undefined
      const value = isGiven ? (source.value ?? null) : undefined
      return cellValue(plan, column, value, type, rowNumber, context, state)
    })
    storeRow(volume, plan, row, context, state)
  }
  const isSeveral = plan.query !== undefined || plan.rows.length > 1
  return {
    matched: state.matched,
    changed: state.changed,
    insertId: state.generatedId ?? state.explicitId,
    generatedId: state.generatedId,
    info: isSeveral
      ? `Records: ${rowNumber}  Duplicates: ${state.duplicates}  Warnings: ${state.warnings}`
      : '',
    warnings: state.warnings,
  }
}

function* rowsOf(
  volume: Volume,
  plan: InsertPlan,
  context: BindingContext,
): Iterable<{ readonly cells: readonly InsertCell[]; readonly values: EngineRow }> {
  if (plan.query) {
    const { statement, types } = plan.query
    const cells = types.map((type, index): InsertCell => ({ kind: 'computed', index, type }))
    const rows = volume.write(statement.sql, bindValues(statement.bindings, context))
    for (const values of rows) yield { cells, values }
  }
  for (const row of plan.rows) yield { cells: row.cells, values: valuesOf(volume, row, context) }
}

function valuesOf(volume: Volume, row: InsertRow, context: BindingContext): EngineRow {
  const { computed } = row
  const [results = []] = computed
    ? volume.write(computed.sql, bindValues(computed.bindings, context))
    : []
  return row.cells.map((cell) => {
    if (cell.kind === 'default') return null
    if (cell.kind === 'constant') return bindValue(cell.binding, context).value
    return results[cell.index] ?? null
  })
}

/** The value to store; `undefined` asks for the default. */
function cellValue(
  plan: InsertPlan,
  column: Column,
  value: EngineValue | undefined,
  type: SqlType | undefined,
  row: number,
  context: BindingContext,
  state: InsertState,
): EngineValue {
  if (column.autoIncrement) {
    const given =
      value === undefined || value === null || !type
        ? 0n
        : (storeValue(value, type, { column: column.name, type: column.type, row }) as bigint)
    return autoIncrement(plan.table, given, state)
  }
  if (value === undefined || !type) return defaultOf(column, context)
  const stored = storeValue(value, type, { column: column.name, type: column.type, row })
  if (stored === null && !column.nullable) throw cannotBeNull(column)
  return stored
}

function autoIncrement(table: Table, given: bigint, state: InsertState): bigint {
  const { counter } = table
  if (given !== 0n) {
    if (given >= counter.next) counter.next = given + 1n
    state.explicitId = given
    return given
  }
  const value = counter.next++
  state.generatedId ??= value
  return value
}

function defaultOf(column: Column, context: BindingContext): EngineValue {
  switch (column.default.kind) {
    case 'value':
      return column.default.value
    case 'now':
      return nowFor(column, context)
    case 'none':
      if (column.nullable) return null
      throw noDefault(column.name)
  }
}

function nowFor(column: Column, context: BindingContext): EngineValue {
  const fsp = column.type.kind === 'datetime' ? column.type.fsp : 0
  return formatNow(context.nowMicros, fsp)
}

function cannotBeNull(column: Column): SqlError {
  return new SqlError(1048, '23000', `Column '${column.name}' cannot be null`)
}

function storeRow(
  volume: Volume,
  plan: InsertPlan,
  row: EngineRow,
  context: BindingContext,
  state: InsertState,
): void {
  const { table } = plan
  for (;;) {
    try {
      insertRow(volume, table, row)
      state.matched++
      state.changed++
      return
    } catch (error) {
      if (!(error instanceof DuplicateRow)) throw error
      if (plan.mode === 'ignore') {
        state.duplicates++
        state.warnings++
        return
      }
      if (plan.mode === 'replace') {
        removeInWay(volume, table, error.key, row)
        state.duplicates++
        state.matched++
        state.changed++
        continue
      }
      if (!plan.onDuplicate) throw duplicateEntry(table, error)
      state.duplicates++
      return updateInWay(volume, plan, plan.onDuplicate, error, context, state)
    }
  }
}

function removeInWay(volume: Volume, table: Table, key: Key, row: EngineRow): void {
  const identity = findByKey(volume, table, key, row)
  if (identity) deleteRow(volume, table, identity)
}

/** MySQL counts a row that ON DUPLICATE KEY changed as two, one that it left as it was as one found. */
function updateInWay(
  volume: Volume,
  plan: InsertPlan,
  update: UpdatePlan,
  duplicate: DuplicateRow,
  context: BindingContext,
  state: InsertState,
): void {
  const { row } = duplicate
  const identity = findByKey(volume, plan.table, duplicate.key, row)
  if (!identity) throw duplicateEntry(plan.table, duplicate)
  const result = runUpdate(volume, update, { ...context, duplicate: { inserted: row, identity } })
  const isChanged = result.changed > 0n
  state.matched += isChanged ? 2n : 1n
  state.changed += isChanged ? 2n : 0n
  const auto = plan.table.columns.findIndex((column) => column.autoIncrement)
  if (auto >= 0 && state.generatedId === row[auto]) {
    // The value that was generated for the row was not used: MySQL then reports the row's own.
    state.generatedId = undefined
    const at = plan.table.rowIdentity.indexOf(plan.table.columns[auto]?.name ?? '')
    if (at >= 0) state.explicitId = identity[at] as bigint
  }
}

function runUpdate(volume: Volume, plan: UpdatePlan, context: BindingContext): WriteResult {
  const { table, columns, types } = plan
  const rows = volume.write(plan.select.sql, bindValues(plan.select.bindings, context))
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
      updateRow(volume, table, [...columns, ...touched], [...values, ...now], identity)
      changed++
    } catch (error) {
      if (!(error instanceof DuplicateRow)) throw error
      if (!plan.ignore) throw duplicateEntry(table, error)
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

function isSame(left: EngineValue, right: EngineValue): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array)
    return Buffer.compare(left, right) === 0
  return left === right
}

function runDelete(volume: Volume, plan: DeletePlan, context: BindingContext): WriteResult {
  const rows = volume.write(plan.select.sql, bindValues(plan.select.bindings, context))
  for (const identity of rows) deleteRow(volume, plan.table, identity)
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
