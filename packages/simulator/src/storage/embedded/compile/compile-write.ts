import type {
  Assignment,
  Delete,
  Expression,
  Insert,
  Limit,
  OrderItem,
  Update,
} from '../sql/ast.js'
import { SqlError, unknownColumn, unsupported } from '../sql-error.js'
import type { SqlType } from '../values/sql-type.js'
import { type Column, findColumn, quoteName, type Table } from './catalog.js'
import type { Compilation } from './compilation.js'
import { compileCount, compileExpression } from './compile-expression.js'
import { tableView } from './compile-from.js'
import { compileQuery, emptyScope, orderTerm } from './compile-query.js'
import { toTruth } from './conversion.js'
import type { Binding, Emission, EngineStatement } from './emission.js'
import { requireTable, type Scope, type ScopeTable } from './scope.js'

/** One value of a row to be inserted. */
export type InsertCell =
  | { readonly kind: 'default' }
  | { readonly kind: 'constant'; readonly binding: Binding; readonly type: SqlType }
  /** The nth value of the row's statement. */
  | { readonly kind: 'computed'; readonly index: number; readonly type: SqlType }

export interface InsertRow {
  readonly cells: readonly InsertCell[]
  /** Computes what is neither literal nor parameter. */
  readonly computed: EngineStatement | undefined
}

export interface InsertPlan {
  readonly kind: 'insert'
  readonly table: Table
  readonly mode: 'insert' | 'ignore' | 'replace'
  /** The columns that get values, in the order of the values. */
  readonly columns: readonly Column[]
  /** For each column of the table the place of its value; -1 asks for the default. */
  readonly sources: readonly number[]
  readonly rows: readonly InsertRow[]
  readonly query:
    | { readonly statement: EngineStatement; readonly types: readonly SqlType[] }
    | undefined
  readonly onDuplicate: UpdatePlan | undefined
}

/** Finds rows and computes their new values; the rows are then changed one by one. */
export interface UpdatePlan {
  readonly kind: 'update'
  readonly table: Table
  readonly ignore: boolean
  readonly columns: readonly Column[]
  readonly types: readonly SqlType[]
  /** Gives the row's identity, the old values of `columns`, then the new ones. */
  readonly select: EngineStatement
}

export interface DeletePlan {
  readonly kind: 'delete'
  readonly table: Table
  /** Gives the identities of the rows; undefined for all rows. */
  readonly select: EngineStatement
}

/** Compiles INSERT and REPLACE. */
export function compileInsert(compilation: Compilation, insert: Insert): InsertPlan {
  const table = requireTable(compilation, insert.table)
  const columns = insert.columns?.map((name) => requireColumn(table, name)) ?? table.columns
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index)
  if (repeated) {
    throw new SqlError(1110, '42000', `Column '${repeated.name}' specified twice`)
  }
  const mode = insert.replace ? 'replace' : insert.ignore ? 'ignore' : 'insert'
  const source = compileSource(compilation, insert, table, columns)
  const onDuplicate =
    insert.onDuplicate.length > 0 ? compileOnDuplicate(compilation, insert, table) : undefined
  const sources = table.columns.map((column) => columns.indexOf(column))
  return { kind: 'insert', table, mode, columns, sources, ...source, onDuplicate }
}

function requireColumn(table: Table, name: string): Column {
  const column = findColumn(table, name)
  if (!column) throw unknownColumn(name, 'field list')
  return column
}

function compileSource(
  compilation: Compilation,
  insert: Insert,
  table: Table,
  columns: readonly Column[],
): Pick<InsertPlan, 'rows' | 'query'> {
  if (insert.source.kind === 'query') {
    const query = compileQuery(compilation, insert.source.query)
    if (query.columns.length !== columns.length) throw countMismatch(1)
    const types = query.columns.map((column) => column.type)
    return { rows: [], query: { statement: compilation.finish(query.sql), types } }
  }
  const rows = insert.source.rows.map((row, index): InsertRow => {
    // A row without values takes the default of every column.
    const isEmpty = row.length === 0 && (insert.columns?.length ?? 0) === 0
    if (!isEmpty && row.length !== columns.length) throw countMismatch(index + 1)
    const values = isEmpty
      ? columns.map((): Expression => ({ kind: 'default', column: undefined }))
      : row
    return compileRow(compilation, values, table)
  })
  return { rows, query: undefined }
}

function countMismatch(row: number): SqlError {
  return new SqlError(1136, '21S01', `Column count doesn't match value count at row ${row}`)
}

function compileRow(
  compilation: Compilation,
  values: readonly Expression[],
  table: Table,
): InsertRow {
  const scope = emptyScope(compilation, undefined)
  const computed: string[] = []
  const cells = values.map((value): InsertCell => {
    if (value.kind === 'default' && value.column === undefined) return { kind: 'default' }
    if (value.kind === 'column' && findColumn(table, value.name)) {
      throw unsupported('columns of the new row in VALUES')
    }
    const emission = compileExpression(scope, value)
    if (emission.constant)
      return { kind: 'constant', binding: emission.constant, type: emission.type }
    computed.push(emission.sql)
    return { kind: 'computed', index: computed.length - 1, type: emission.type }
  })
  const statement = compilation.finish(`SELECT ${computed.join(', ')}`)
  return { cells, computed: computed.length > 0 ? statement : undefined }
}

function compileOnDuplicate(compilation: Compilation, insert: Insert, table: Table): UpdatePlan {
  const insertedValue = (name: string): Emission => {
    const column = requireColumn(table, name)
    const isReal = column.type.kind === 'double'
    const binding: Binding = { kind: 'inserted', column: table.columns.indexOf(column), isReal }
    return { sql: compilation.bind(binding), type: column.type, nullable: true }
  }
  const rowAlias: ScopeTable[] = []
  if (insert.rowAlias) {
    const columns = table.columns.map((column) => ({
      name: column.name,
      get emission(): Emission {
        return insertedValue(column.name)
      },
    }))
    rowAlias.push({
      alias: insert.rowAlias,
      columns,
      merged: new Set(columns.map((column) => column.name.toLowerCase())),
    })
  }
  const where = table.rowIdentity
    .map((name, part) => {
      const isReal = findColumn(table, name)?.type.kind === 'double'
      return `"t".${quoteName(name)} = ${compilation.bind({ kind: 'identity', part, isReal })}`
    })
    .join(' AND ')
  const scope: Scope = {
    ...writeScope(compilation, table, table.name, 'field list'),
    insertedValue,
  }
  const extended: Scope = { ...scope, tables: [...scope.tables, ...rowAlias] }
  const tail = ` WHERE ${where}`
  try {
    return compileAssignments(compilation, table, insert.onDuplicate, extended, false, tail)
  } catch (error) {
    const isUnknown = error instanceof SqlError && error.errno === 1054
    if (!isUnknown || insert.source.kind === 'values') throw error
    throw unsupported('columns of the query in ON DUPLICATE KEY UPDATE')
  }
}

function writeScope(
  compilation: Compilation,
  table: Table,
  alias: string,
  clause: Scope['clause'],
): Scope {
  const scope = emptyScope(compilation, undefined)
  return { ...scope, clause, tables: [tableView(table, alias, '"t"')] }
}

/** Compiles UPDATE of one table. */
export function compileUpdate(compilation: Compilation, update: Update): UpdatePlan {
  const table = requireTable(compilation, update.table)
  const alias = update.alias ?? table.name
  const tail = compileTail(compilation, table, alias, update)
  const scope = writeScope(compilation, table, alias, 'field list')
  return compileAssignments(compilation, table, update.assignments, scope, update.ignore, tail)
}

/** MySQL assigns from left to right: what follows sees the values assigned before it. */
function compileAssignments(
  compilation: Compilation,
  table: Table,
  assignments: readonly Assignment[],
  scope: Scope,
  ignore: boolean,
  tail: string,
): UpdatePlan {
  const columns: Column[] = []
  const values: Emission[] = []
  for (const { column: reference, value } of assignments) {
    const target = scope.tables[0] as ScopeTable
    if (reference.table !== undefined && reference.table !== target.alias) {
      throw unknownColumn(`${reference.table}.${reference.name}`, 'field list')
    }
    const column = requireColumn(table, reference.name)
    if (columns.includes(column)) throw unsupported('a column assigned twice')
    if (columns.some((earlier) => mentions(value, earlier.name))) {
      throw unsupported('an assignment that reads a column assigned before it')
    }
    columns.push(column)
    values.push(compileAssigned(compilation, scope, column, value))
  }
  const list = [
    ...table.rowIdentity.map((name) => `"t".${quoteName(name)}`),
    ...columns.map((column) => `"t".${quoteName(column.name)}`),
    ...values.map((value) => value.sql),
  ]
  const select = compilation.finish(
    `SELECT ${list.join(', ')} FROM ${quoteName(table.name)} AS "t"${tail}`,
  )
  const types = values.map((value) => value.type)
  return { kind: 'update', table, ignore, columns, types, select }
}

function compileAssigned(
  compilation: Compilation,
  scope: Scope,
  column: Column,
  value: Expression,
): Emission {
  if (value.kind !== 'default' || value.column !== undefined) return compileExpression(scope, value)
  switch (column.default.kind) {
    case 'value':
      return compilation.constant(column.default.value, column.type)
    case 'now':
      return compilation.now('datetime', column.default.fsp)
    case 'none':
      if (column.nullable) return compilation.constant(null, column.type)
      throw noDefault(column.name)
  }
}

/** 1364. */
export function noDefault(column: string): SqlError {
  return new SqlError(1364, 'HY000', `Field '${column}' doesn't have a default value`)
}

function mentions(value: unknown, column: string): boolean {
  if (Array.isArray(value)) return value.some((part) => mentions(part, column))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  const node = value as Partial<Expression>
  if (node.kind === 'column' && node.name?.toLowerCase() === column.toLowerCase()) return true
  return Object.values(value).some((part) => mentions(part, column))
}

/** Compiles DELETE from one table. */
export function compileDelete(compilation: Compilation, statement: Delete): DeletePlan {
  const table = requireTable(compilation, statement.table)
  const tail = compileTail(compilation, table, statement.alias ?? table.name, statement)
  const identity = table.rowIdentity.map((name) => `"t".${quoteName(name)}`).join(', ')
  const select = compilation.finish(
    `SELECT ${identity} FROM ${quoteName(table.name)} AS "t"${tail}`,
  )
  return { kind: 'delete', table, select }
}

function compileTail(
  compilation: Compilation,
  table: Table,
  alias: string,
  statement: {
    readonly where: Expression | undefined
    readonly orderBy: readonly OrderItem[]
    readonly limit: Limit | undefined
  },
): string {
  const at = (clause: Scope['clause']): Scope => writeScope(compilation, table, alias, clause)
  let tail = ''
  if (statement.where) {
    tail += ` WHERE ${toTruth(compilation, compileExpression(at('where clause'), statement.where))}`
  }
  if (statement.orderBy.length > 0) {
    const terms = statement.orderBy.map((item) =>
      orderTerm(compileExpression(at('order clause'), item.expression), item.descending),
    )
    tail += ` ORDER BY ${terms.join(', ')}`
  }
  if (statement.limit) {
    if (statement.limit.offset) throw unsupported('LIMIT with OFFSET in a write')
    tail += ` LIMIT ${compileCount(at('order clause'), statement.limit.count)}`
  }
  return tail
}
