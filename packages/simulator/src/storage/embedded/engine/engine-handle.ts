import { LRUCache } from 'lru-cache'
import type { EngineValue } from '../values/sql-type.js'
import {
  SQLITE_BLOB,
  SQLITE_DONE,
  SQLITE_FLOAT,
  SQLITE_INTEGER,
  SQLITE_ROW,
  SQLITE_TEXT,
  SQLITE_TRANSIENT,
  type Sqlite,
} from './sqlite.js'

/** A value to bind: `isReal` tells a whole double from an integer. */
export interface BoundValue {
  readonly value: EngineValue
  readonly isReal: boolean
}

export type EngineRow = readonly EngineValue[]

/** What the engine refuses, by its own code and message. */
export class EngineError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'EngineError'
    this.code = code
  }
}

/** How many compiled statements a handle keeps. */
const STATEMENT_LIMIT = 300

/** One connection to a database of the engine. Integers come back as bigint, reals as number. */
export class EngineHandle {
  readonly database: number
  readonly #sqlite: Sqlite
  readonly #decoder = new TextDecoder(undefined, { ignoreBOM: true })
  readonly #statements = new LRUCache<string, { readonly pointer: number }>({
    max: STATEMENT_LIMIT,
    dispose: ({ pointer }) => {
      this.#sqlite.c.sqlite3_finalize(pointer)
    },
  })

  constructor(sqlite: Sqlite, uri: string) {
    this.#sqlite = sqlite
    this.database = sqlite.open(uri)
  }

  /** Runs one statement to its end: nothing of it stays open. */
  run(sql: string, values: readonly BoundValue[] = []): EngineRow[] {
    const statement = this.#prepared(sql)
    const { c } = this.#sqlite
    try {
      values.forEach(({ value, isReal }, index) => {
        this.#bind(statement, index + 1, value, isReal)
      })
      const rows: EngineRow[] = []
      const width = c.sqlite3_column_count(statement)
      for (;;) {
        const code = c.sqlite3_step(statement)
        if (code === SQLITE_DONE) return rows
        if (code !== SQLITE_ROW) {
          throw new EngineError(
            c.sqlite3_extended_errcode(this.database),
            this.#sqlite.errorMessage(this.database),
          )
        }
        rows.push(this.#row(statement, width))
      }
    } finally {
      c.sqlite3_reset(statement)
      c.sqlite3_clear_bindings(statement)
    }
  }

  /** Rows that the last write touched. */
  changes(): number {
    return this.#sqlite.c.sqlite3_changes(this.database)
  }

  close(): void {
    this.#statements.clear()
    this.#sqlite.close(this.database)
  }

  #prepared(sql: string): number {
    const known = this.#statements.get(sql)
    if (known) return known.pointer
    const pointer = this.#sqlite.prepare(this.database, sql)
    this.#statements.set(sql, { pointer })
    return pointer
  }

  #bind(statement: number, index: number, value: EngineValue, isReal: boolean): void {
    const { c } = this.#sqlite
    if (value === null) c.sqlite3_bind_null(statement, index)
    else if (typeof value === 'string') {
      const { address, bytes } = this.#sqlite.scratchText(value)
      c.sqlite3_bind_text(statement, index, address, bytes, SQLITE_TRANSIENT)
    } else if (typeof value === 'object') {
      const address = this.#sqlite.scratch(value)
      c.sqlite3_bind_blob(statement, index, address, value.length, SQLITE_TRANSIENT)
    } else if (isReal) c.sqlite3_bind_double(statement, index, Number(value))
    else c.sqlite3_bind_int64(statement, index, BigInt(value))
  }

  #row(statement: number, width: number): EngineRow {
    const { c } = this.#sqlite
    const row: EngineValue[] = []
    for (let column = 0; column < width; column++) {
      switch (c.sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
          row.push(c.sqlite3_column_int64(statement, column))
          break
        case SQLITE_FLOAT:
          row.push(c.sqlite3_column_double(statement, column))
          break
        case SQLITE_TEXT: {
          const address = c.sqlite3_column_text(statement, column)
          row.push(this.#text(address, c.sqlite3_column_bytes(statement, column)))
          break
        }
        case SQLITE_BLOB: {
          const address = c.sqlite3_column_blob(statement, column)
          const bytes = c.sqlite3_column_bytes(statement, column)
          row.push(this.#sqlite.heap().slice(address, address + bytes))
          break
        }
        default:
          row.push(null)
      }
    }
    return row
  }

  #text(address: number, bytes: number): string {
    return this.#decoder.decode(this.#sqlite.heap().subarray(address, address + bytes))
  }
}
