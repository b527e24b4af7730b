import type { ColumnReference } from '../sql/ast.js'
import { SqlError, unknownColumn, unknownTable } from '../sql-error.js'
import type { Compilation } from './compilation.js'
import type { Emission } from './emission.js'

export interface ScopeColumn {
  readonly name: string
  readonly emission: Emission
}

/** A table, derived table or common table as a FROM clause shows it. */
export interface ScopeTable {
  readonly alias: string
  readonly columns: readonly ScopeColumn[]
  /** Columns that USING has merged into another table's: `*` leaves them out, bare names skip them. */
  readonly merged: ReadonlySet<string>
}

/** Where in a statement an expression stands, in MySQL's words for its error messages. */
export type Clause =
  | 'field list'
  | 'where clause'
  | 'on clause'
  | 'group statement'
  | 'having clause'
  | 'order clause'

/** What names mean at one place of a statement. */
export interface Scope {
  readonly compilation: Compilation
  readonly clause: Clause
  readonly tables: readonly ScopeTable[]
  /** Names of select items, where the clause may use them. */
  readonly aliases?: { readonly names: ReadonlyMap<string, Emission>; readonly first: boolean }
  /** Common tables by name. */
  readonly commonTables: ReadonlyMap<string, CommonTableView>
  readonly parent?: Scope
  /** Are aggregates allowed here? Their arguments are compiled with `no`. */
  readonly aggregates: 'yes' | 'no'
  /** Told of each column of this scope that is read outside an aggregate. */
  readonly onBareColumn?: (column: ScopeColumn, table: ScopeTable) => void
  /** In ON DUPLICATE KEY UPDATE: the value that was to be inserted. */
  readonly insertedValue?: (column: string) => Emission
}

/** A common table: its engine-side name and columns. */
export interface CommonTableView {
  readonly sqlName: string
  readonly columns: readonly { readonly name: string; readonly emission: Emission }[]
}

/** The table of the one schema, or 1146. */
export function requireTable(
  compilation: Compilation,
  name: { readonly schema: string | undefined; readonly name: string },
): ReturnType<Compilation['catalog']['get']> & object {
  const { catalog, session } = compilation
  const schema = name.schema ?? session.database
  if (schema === undefined) throw new SqlError(1046, '3D000', 'No database selected')
  const table = schema === catalog.database ? catalog.get(name.name) : undefined
  if (!table) throw unknownTable(schema, name.name)
  compilation.tables.add(table)
  return table
}

/** Finds what a column name means, from the inside out. */
export function resolveColumn(scope: Scope, reference: ColumnReference): Emission {
  const shown = reference.table ? `${reference.table}.${reference.name}` : reference.name
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    const alias = reference.table
      ? undefined
      : level.aliases?.names.get(reference.name.toLowerCase())
    if (alias && level.aliases?.first) return alias
    const found = findInTables(level, reference, shown)
    if (found) return found
    if (alias) return alias
  }
  throw unknownColumn(shown, scope.clause)
}

function findInTables(
  scope: Scope,
  reference: ColumnReference,
  shown: string,
): Emission | undefined {
  const name = reference.name.toLowerCase()
  let found: { column: ScopeColumn; table: ScopeTable } | undefined
  for (const table of scope.tables) {
    if (reference.table !== undefined && table.alias !== reference.table) continue
    if (reference.table === undefined && table.merged.has(name)) continue
    const column = table.columns.find((candidate) => candidate.name.toLowerCase() === name)
    if (!column) continue
    if (found) {
      throw new SqlError(1052, '23000', `Column '${shown}' in ${scope.clause} is ambiguous`)
    }
    found = { column, table }
  }
  if (!found) return undefined
  scope.onBareColumn?.(found.column, found.table)
  return found.column.emission
}
