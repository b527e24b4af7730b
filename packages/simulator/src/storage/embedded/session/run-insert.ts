import type { Column } from '../compile/catalog.js'
import {
  type InsertCell,
  type InsertPlan,
  type InsertRow,
  noDefault,
} from '../compile/compile-write.js'
import type { EngineRow } from '../engine/engine-handle.js'
import { type EngineValue, integerBounds, type SqlType } from '../values/sql-type.js'
import { storeValue } from '../values/store-value.js'
import { type BindingContext, bindValue, bindValues } from './bind-values.js'
import { DuplicateRow, type RowWriter } from './row-writer.js'
import { cannotBeNull, nowFor, runUpdate, type WriteResult } from './run-update.js'

interface GivenRow {
  readonly cells: readonly InsertCell[]
  readonly values: EngineRow
}

/** Runs INSERT or REPLACE, row by row as MySQL does. */
export function runInsert(
  writer: RowWriter,
  plan: InsertPlan,
  context: BindingContext,
): WriteResult {
  const insertion = new Insertion(writer, plan, context)
  for (const row of rowsOf(writer, plan, context)) insertion.add(row)
  return insertion.result()
}

function* rowsOf(writer: RowWriter, plan: InsertPlan, context: BindingContext): Iterable<GivenRow> {
  const { volume } = writer
  if (plan.query) {
    const { statement, types } = plan.query
    const cells = types.map((type, index): InsertCell => ({ kind: 'computed', index, type }))
    const rows = volume.write(statement.sql, bindValues(statement.bindings, context))
    for (const values of rows) yield { cells, values }
  }
  for (const row of plan.rows) yield { cells: row.cells, values: valuesOf(writer, row, context) }
}

function valuesOf(writer: RowWriter, row: InsertRow, context: BindingContext): EngineRow {
  const { computed } = row
  const [results = []] = computed
    ? writer.volume.write(computed.sql, bindValues(computed.bindings, context))
    : []
  return row.cells.map((cell) => {
    if (cell.kind === 'default') return null
    if (cell.kind === 'constant') return bindValue(cell.binding, context).value
    return results[cell.index] ?? null
  })
}

/** One INSERT or REPLACE on its way through its rows. */
class Insertion {
  readonly #writer: RowWriter
  readonly #plan: InsertPlan
  readonly #context: BindingContext
  readonly #autoColumn: number
  #rowCount = 0
  #matched = 0n
  #changed = 0n
  #duplicates = 0
  #warnings = 0
  #generatedId: bigint | undefined
  #explicitId = 0n

  constructor(writer: RowWriter, plan: InsertPlan, context: BindingContext) {
    this.#writer = writer
    this.#plan = plan
    this.#context = context
    this.#autoColumn = plan.table.columns.findIndex((column) => column.autoIncrement)
  }

  add(given: GivenRow): void {
    this.#rowCount++
    const { columns } = this.#plan.table
    const row = columns.map((column, index) => this.#value(given, column, index))
    // The number is taken last: a row whose values do not fit uses none up.
    if (this.#autoColumn >= 0) row[this.#autoColumn] = this.#number(row[this.#autoColumn] ?? null)
    this.#store(row)
  }

  result(): WriteResult {
    const isSeveral = this.#plan.query !== undefined || this.#plan.rows.length > 1
    return {
      matched: this.#matched,
      changed: this.#changed,
      insertId: this.#generatedId ?? this.#explicitId,
      generatedId: this.#generatedId,
      info: isSeveral
        ? `Records: ${this.#rowCount}  Duplicates: ${this.#duplicates}  Warnings: ${this.#warnings}`
        : '',
      warnings: this.#warnings,
    }
  }

  #value({ cells, values }: GivenRow, column: Column, index: number): EngineValue {
    const source = this.#plan.sources[index] ?? -1
    const cell = cells[source]
    if (!cell || cell.kind === 'default') return this.#default(column)
    const destination = { column: column.name, type: column.type, row: this.#rowCount }
    const stored = storeValue(values[source] ?? null, cell.type as SqlType, destination)
    if (stored === null && !column.nullable && !column.autoIncrement) throw cannotBeNull(column)
    return stored
  }

  #default(column: Column): EngineValue {
    switch (column.default.kind) {
      case 'value':
        return column.default.value
      case 'now':
        return nowFor(column, this.#context)
      case 'none':
        if (column.nullable || column.autoIncrement) return null
        throw noDefault(column.name)
    }
  }

  /** NULL and 0 ask for the next number; any other moves the counter past itself. */
  #number(given: EngineValue): bigint {
    const { counter } = this.#plan.table
    const wanted = typeof given === 'bigint' ? given : 0n
    if (wanted !== 0n) {
      if (wanted >= counter.next) counter.next = wanted + 1n
      this.#explicitId = wanted
      return wanted
    }
    const type = this.#plan.table.columns[this.#autoColumn]?.type
    const last = type?.kind === 'int' ? integerBounds(type).max : counter.next
    // At the end of the type's range the last number comes again, and the key refuses it.
    const number = counter.next > last ? last : counter.next++
    this.#generatedId ??= number
    return number
  }

  #store(row: EngineRow): void {
    for (;;) {
      try {
        this.#writer.insert(this.#plan.table, row)
        this.#matched++
        this.#changed++
        return
      } catch (error) {
        if (!(error instanceof DuplicateRow)) throw error
        if (!this.#makeWay(error)) return
      }
    }
  }

  /** Deals with the row in the way; true if the insert is to be tried again. */
  #makeWay(duplicate: DuplicateRow): boolean {
    const { mode, onDuplicate } = this.#plan
    if (mode === 'insert' && !onDuplicate) throw duplicate.toSqlError()
    this.#duplicates++
    if (mode === 'ignore') {
      this.#forgetNumber(duplicate)
      this.#warnings++
      return false
    }
    const identity = this.#writer.findInWay(duplicate)
    if (!identity) throw duplicate.toSqlError()
    if (mode === 'replace') {
      this.#writer.delete(this.#plan.table, identity)
      this.#matched++
      this.#changed++
      return true
    }
    if (onDuplicate) {
      const context = { ...this.#context, duplicate: { inserted: duplicate.row, identity } }
      const isChanged = runUpdate(this.#writer, onDuplicate, context).changed > 0n
      this.#forgetNumber(duplicate)
      this.#explicitId = isChanged ? this.#numberOf(identity) : 0n
      // A row that was changed counts as two, one that was left as it is counts as found.
      this.#matched += isChanged ? 2n : 1n
      this.#changed += isChanged ? 2n : 0n
    }
    return false
  }

  /** A number generated for a row that was not inserted is not reported. */
  #forgetNumber({ row }: DuplicateRow): void {
    if (this.#autoColumn >= 0 && this.#generatedId === row[this.#autoColumn]) {
      this.#generatedId = undefined
    }
  }

  #numberOf(identity: EngineRow): bigint {
    const { rowIdentity, columns } = this.#plan.table
    const value = identity[rowIdentity.indexOf(columns[this.#autoColumn]?.name ?? '')]
    return typeof value === 'bigint' ? value : 0n
  }
}
