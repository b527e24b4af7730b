import type { ForeignKeyDefinition } from '../sql/ast.js'
import type { EngineValue, SqlType } from '../values/sql-type.js'

/** What an omitted column gets. */
export type ColumnDefault =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: EngineValue }
  | { readonly kind: 'now'; readonly fsp: number }

export interface Column {
  readonly name: string
  readonly type: SqlType
  readonly nullable: boolean
  readonly autoIncrement: boolean
  readonly default: ColumnDefault
  /** Set to the clock when another column of the row changes. */
  readonly onUpdateNow: boolean
  /** The type as DESCRIBE shows it. */
  readonly declared: string
}

export interface Key {
  readonly kind: 'primary' | 'unique' | 'index'
  readonly name: string
  readonly columns: readonly string[]
}

export interface ForeignKey extends ForeignKeyDefinition {
  readonly name: string
}

/** A table as it now is; changing one replaces it. */
export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
  readonly keys: readonly Key[]
  readonly foreignKeys: readonly ForeignKey[]
  /** The columns that tell rows apart in the engine: the primary key's, or the engine's own row id. */
  readonly rowIdentity: readonly string[]
  /** Number of the commit that defined it: older snapshots cannot read it. */
  readonly definedAt: number
  /** The next value of AUTO_INCREMENT: like InnoDB's it is given out once, rolled back or not. */
  readonly counter: { next: bigint }
}

/** The tables of the one schema, by name as written (names differ by case, as on Linux). */
export class Catalog {
  readonly database: string
  readonly #tables = new Map<string, Table>()
  /** Grows with each change: compiled statements of an older version are void. */
  version = 0

  constructor(database: string) {
    this.database = database
  }

  get(name: string): Table | undefined {
    return this.#tables.get(name)
  }

  put(table: Table): void {
    this.#tables.set(table.name, table)
    this.version++
  }

  delete(name: string): void {
    this.#tables.delete(name)
    this.version++
  }

  names(): readonly string[] {
    return [...this.#tables.keys()].sort()
  }

  all(): Iterable<Table> {
    return this.#tables.values()
  }
}

/** A column by its name, whose case does not matter. */
export function findColumn(table: Table, name: string): Column | undefined {
  const lower = name.toLowerCase()
  return table.columns.find((column) => column.name.toLowerCase() === lower)
}

/** An identifier in the engine's SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
