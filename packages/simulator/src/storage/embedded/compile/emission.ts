import type { EngineValue, SqlType } from '../values/sql-type.js'

/** The column that a result column shows, as far as clients are told. */
export interface ColumnOrigin {
  readonly table: string
  readonly tableAlias: string
  readonly column: string
  readonly key: 'primary' | 'unique' | 'index' | 'none'
  readonly autoIncrement: boolean
}

/** An expression in the engine's SQL, with what MySQL knows of it. */
export interface Emission {
  readonly sql: string
  readonly type: SqlType
  readonly nullable: boolean
  readonly origin?: ColumnOrigin
  /** Of literals, parameters and the clock: where their value comes from. */
  readonly constant?: Binding
}

/** A value to bind when the statement runs. */
export type Binding =
  | { readonly kind: 'value'; readonly value: EngineValue; readonly isReal: boolean }
  | { readonly kind: 'parameter'; readonly index: number; readonly isReal: boolean }
  /** In ON DUPLICATE KEY UPDATE: what was to be inserted into a column, by its position in the table. */
  | { readonly kind: 'inserted'; readonly column: number; readonly isReal: boolean }
  /** Part of the identity of a row that is looked up. */
  | { readonly kind: 'identity'; readonly part: number; readonly isReal: boolean }
  | { readonly kind: 'now'; readonly what: 'date' | 'datetime' | 'time'; readonly fsp: number }

/** A value with its type: a parameter as sent, or a variable. */
export interface TypedValue {
  readonly type: SqlType
  readonly value: EngineValue
}

/** A statement in the engine's SQL with what to bind. */
export interface EngineStatement {
  readonly sql: string
  readonly bindings: readonly Binding[]
}

export function emit(sql: string, type: SqlType, nullable: boolean): Emission {
  return { sql, type, nullable }
}
