import { SqlError } from '../sql-error.js'
import type { EngineValue } from '../values/sql-type.js'
import { compareBytes } from './collation.js'
import type { EngineFunction } from './functions/function-table.js'
import { NUMBER_FUNCTIONS } from './functions/number-functions.js'
import { TEXT_FUNCTIONS } from './functions/text-functions.js'
import { TIME_FUNCTIONS } from './functions/time-functions.js'
import {
  SQLITE_BLOB,
  SQLITE_FLOAT,
  SQLITE_INTEGER,
  SQLITE_TEXT,
  SQLITE_TRANSIENT,
  type Sqlite,
} from './sqlite.js'

type NativeFunction = (context: number, count: number, list: number) => void
type NativeComparison = (
  context: number,
  bytes1: number,
  at1: number,
  bytes2: number,
  at2: number,
) => number

/** Functions whose value changes from call to call. */
const VOLATILE = new Set(['m_uuid', 'm_random'])

/** The functions and the collation of MySQL, in the form that the engine calls. */
export class NativeFunctions {
  readonly #sqlite: Sqlite
  readonly #functions: ReadonlyMap<string, NativeFunction>
  readonly #compare: NativeComparison
  readonly #decoder = new TextDecoder(undefined, { ignoreBOM: true })
  #error: unknown

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    const all = { ...NUMBER_FUNCTIONS, ...TEXT_FUNCTIONS, ...TIME_FUNCTIONS }
    this.#functions = new Map(
      Object.entries(all).map(([name, implementation]) => [name, this.#native(implementation)]),
    )
    this.#compare = (_, bytes1, at1, bytes2, at2) =>
      compareBytes(sqlite.heap(), at1, bytes1, at2, bytes2)
  }

  register(database: number): void {
    for (const [name, call] of this.#functions) {
      this.#sqlite.createFunction(database, name, !VOLATILE.has(name), call)
    }
    this.#sqlite.createCollation(database, 'mysql_ci', this.#compare)
  }

  /** The error that a function threw while the last statement ran. */
  takeError(): unknown {
    const error = this.#error
    this.#error = undefined
    return error
  }

  #native(implementation: EngineFunction): NativeFunction {
    return (context, count, list) => {
      const { c } = this.#sqlite
      try {
        const values: EngineValue[] = []
        for (let index = 0; index < count; index++) {
          const value = this.#read(this.#pointerAt(list + index * 4))
          if (value === null) return c.sqlite3_result_null(context)
          values.push(value)
        }
        this.#give(context, implementation(...(values as never[])))
      } catch (error) {
        this.#error = error instanceof SqlError ? error : (this.#error ?? error)
        c.sqlite3_result_error_code(context, 1)
      }
    }
  }

  #pointerAt(address: number): number {
    const heap = this.#sqlite.heap()
    return new DataView(heap.buffer, heap.byteOffset).getUint32(address, true)
  }

  #read(value: number): EngineValue {
    const { c } = this.#sqlite
    switch (c.sqlite3_value_type(value)) {
      case SQLITE_INTEGER:
        return c.sqlite3_value_int64(value)
      case SQLITE_FLOAT:
        return c.sqlite3_value_double(value)
      case SQLITE_TEXT: {
        const address = c.sqlite3_value_text(value)
        const bytes = c.sqlite3_value_bytes(value)
        return this.#decoder.decode(this.#sqlite.heap().subarray(address, address + bytes))
      }
      case SQLITE_BLOB: {
        const address = c.sqlite3_value_blob(value)
        const bytes = c.sqlite3_value_bytes(value)
        return this.#sqlite.heap().slice(address, address + bytes)
      }
      default:
        return null
    }
  }

  #give(context: number, result: EngineValue): void {
    const { c } = this.#sqlite
    switch (typeof result) {
      case 'bigint':
        return c.sqlite3_result_int64(context, result)
      case 'number':
        return c.sqlite3_result_double(context, result)
      case 'string': {
        const { address, bytes } = this.#sqlite.scratchText(result)
        return c.sqlite3_result_text(context, address, bytes, SQLITE_TRANSIENT)
      }
      default:
        if (result === null) return c.sqlite3_result_null(context)
        c.sqlite3_result_blob(
          context,
          this.#sqlite.scratch(result),
          result.length,
          SQLITE_TRANSIENT,
        )
    }
  }
}
