import type { EngineValue, SqlType } from '../values/sql-type.js'
import type { Catalog, Table } from './catalog.js'
import type { Binding, Emission, EngineStatement, TypedValue } from './emission.js'

/** What a statement may ask of the session that runs it. */
export interface SessionView {
  readonly connectionId: number
  readonly user: string
  readonly database: string | undefined
  readonly lastInsertId: bigint
  readonly rowCount: bigint
  readonly foundRows: bigint
  /** Throws 1193 for a variable that there is not. */
  systemVariable(scope: 'session' | 'global', name: string): TypedValue
  userVariable(name: string): TypedValue
}

/** What all parts of one statement share while it is compiled. */
export class Compilation {
  readonly catalog: Catalog
  readonly session: SessionView
  readonly parameters: readonly TypedValue[]
  /** In a write, values that are no numbers or dates, and divisions by zero, are errors. */
  readonly isWrite: boolean
  /** The tables that it reads or writes. */
  readonly tables = new Set<Table>()
  /** False when the session's own state went into it. */
  isReusable = true
  #bindings: Binding[] = []
  #aliasCount = 0

  constructor(
    catalog: Catalog,
    session: SessionView,
    parameters: readonly TypedValue[],
    isWrite = false,
  ) {
    this.isWrite = isWrite
    this.catalog = catalog
    this.session = session
    this.parameters = parameters
  }

  /** A placeholder for a value that is bound later. */
  bind(binding: Binding): string {
    this.#bindings.push(binding)
    return `?${this.#bindings.length}`
  }

  /** An engine-side name that nothing else in the statement has. */
  alias(): string {
    return `"t${this.#aliasCount++}"`
  }

  /** Closes one engine statement: its SQL with the bindings that were made for it. */
  finish(sql: string): EngineStatement {
    const bindings = this.#bindings
    this.#bindings = []
    return { sql, bindings }
  }

  /** Compiles only to learn something: what it bound is forgotten. */
  dryRun<Result>(compile: () => Result): Result {
    const count = this.#bindings.length
    const result = compile()
    this.#bindings.length = count
    return result
  }

  /** The name of a conversion: MySQL is strict in writes and lenient in queries. */
  conversion(name: 'm_number' | 'm_datetime' | 'm_cast_int'): string {
    return this.isWrite ? `${name}_strict` : name
  }

  /** A divisor: zero gives NULL in queries, an error in writes. */
  divisor(sql: string): string {
    return this.isWrite ? `m_divisor(${sql})` : sql
  }

  constant(value: EngineValue, type: SqlType): Emission {
    const isReal = type.kind === 'double'
    const binding: Binding = { kind: 'value', value, isReal }
    return { sql: this.bind(binding), type, nullable: value === null, constant: binding }
  }

  /** The session's state as a value: the statement is compiled afresh each time. */
  sessionValue(typed: TypedValue): Emission {
    this.isReusable = false
    return this.constant(typed.value, typed.type)
  }

  now(what: 'date' | 'datetime' | 'time', fsp: number): Emission {
    const binding: Binding = { kind: 'now', what, fsp }
    const type: SqlType =
      what === 'date'
        ? { kind: 'date' }
        : what === 'time'
          ? { kind: 'time', fsp }
          : { kind: 'datetime', fsp, timestamp: false }
    return { sql: this.bind(binding), type, nullable: false, constant: binding }
  }

  parameter(index: number): Emission {
    const type = this.parameters[index]?.type ?? { kind: 'null' }
    const binding: Binding = { kind: 'parameter', index, isReal: type.kind === 'double' }
    return { sql: this.bind(binding), type, nullable: true, constant: binding }
  }
}
