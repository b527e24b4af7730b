/** The part of SQLite's C interface that is used, as the WebAssembly module exports it. */
export interface SqliteExports {
  sqlite3_step(statement: number): number
  sqlite3_reset(statement: number): number
  sqlite3_clear_bindings(statement: number): number
  sqlite3_finalize(statement: number): number
  sqlite3_column_count(statement: number): number
  sqlite3_column_type(statement: number, column: number): number
  sqlite3_column_int64(statement: number, column: number): bigint
  sqlite3_column_double(statement: number, column: number): number
  sqlite3_column_text(statement: number, column: number): number
  sqlite3_column_blob(statement: number, column: number): number
  sqlite3_column_bytes(statement: number, column: number): number
  sqlite3_bind_null(statement: number, index: number): number
  sqlite3_bind_int64(statement: number, index: number, value: bigint): number
  sqlite3_bind_double(statement: number, index: number, value: number): number
  sqlite3_bind_text(
    statement: number,
    index: number,
    text: number,
    bytes: number,
    destructor: number,
  ): number
  sqlite3_bind_blob(
    statement: number,
    index: number,
    data: number,
    bytes: number,
    destructor: number,
  ): number
  sqlite3_value_type(value: number): number
  sqlite3_value_int64(value: number): bigint
  sqlite3_value_double(value: number): number
  sqlite3_value_text(value: number): number
  sqlite3_value_blob(value: number): number
  sqlite3_value_bytes(value: number): number
  sqlite3_result_null(context: number): void
  sqlite3_result_int64(context: number, value: bigint): void
  sqlite3_result_double(context: number, value: number): void
  sqlite3_result_text(context: number, text: number, bytes: number, destructor: number): void
  sqlite3_result_blob(context: number, data: number, bytes: number, destructor: number): void
  sqlite3_result_error_code(context: number, code: number): void
  sqlite3_changes(database: number): number
  sqlite3_extended_errcode(database: number): number
}

/** SQLite's module, loaded: what the rest of the engine needs of it. */
export interface Sqlite {
  readonly c: SqliteExports
  /** Opens a database by URI. Throws what the module throws. */
  open(uri: string): number
  close(database: number): void
  /** Compiles SQL; throws the module's message. */
  prepare(database: number, sql: string): number
  errorMessage(database: number): string
  /** A function for SQL; `call` gets the addresses of its arguments. */
  createFunction(
    database: number,
    name: string,
    isDeterministic: boolean,
    call: (context: number, count: number, list: number) => void,
  ): void
  createCollation(
    database: number,
    name: string,
    compare: (context: number, bytes1: number, at1: number, bytes2: number, at2: number) => number,
  ): void
  /** The whole database as bytes. */
  serialize(database: number): Uint8Array
  /** Replaces a database's content. */
  deserialize(database: number, content: Uint8Array): void
  heap(): Uint8Array
  /** Puts bytes where the engine can read them until the next call. */
  scratch(bytes: Uint8Array): number
  scratchText(text: string): { readonly address: number; readonly bytes: number }
}

/** Datatype codes of SQLite's values. */
export const SQLITE_INTEGER = 1
export const SQLITE_FLOAT = 2
export const SQLITE_TEXT = 3
export const SQLITE_BLOB = 4
/** Result codes of a step. */
export const SQLITE_ROW = 100
export const SQLITE_DONE = 101
/** Tells SQLite to copy what it is given. */
export const SQLITE_TRANSIENT = -1

let loading: Promise<Sqlite> | undefined

/** Loads SQLite's WebAssembly module, once in a process: it keeps no state of any storage. */
export function loadSqlite(): Promise<Sqlite> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function load(): Promise<Sqlite> {
  // Imported on demand: whoever uses the other storage never loads it.
  const { default: initialise } = await import('@sqlite.org/sqlite-wasm')
  const { capi, wasm } = await initialise()
  const c = wasm.exports as SqliteExports
  let scratchSize = 4096
  let scratchAt = wasm.alloc(scratchSize)
  const reserve = (size: number): number => {
    if (size > scratchSize) {
      wasm.dealloc(scratchAt)
      scratchSize = size * 2
      scratchAt = wasm.alloc(scratchSize)
    }
    return scratchAt
  }
  const encoder = new TextEncoder()
  const check = (database: number, code: number): void => {
    if (code !== 0) throw new Error(`SQLite: ${capi.sqlite3_errmsg(database)}`)
  }
  const withPointer = <Result>(call: (pointer: number) => Result): Result => {
    const stack = wasm.pstack.pointer
    try {
      return call(wasm.pstack.alloc(8))
    } finally {
      wasm.pstack.restore(stack)
    }
  }
  return {
    c,
    open(uri) {
      return withPointer((pointer) => {
        wasm.pokePtr(pointer, 0)
        const flags = capi.SQLITE_OPEN_READWRITE | capi.SQLITE_OPEN_CREATE | capi.SQLITE_OPEN_URI
        const code = capi.sqlite3_open_v2(uri, pointer, flags, 0)
        const database = wasm.peekPtr(pointer)
        check(database, code)
        capi.sqlite3_extended_result_codes(database, 1)
        return database
      })
    },
    close(database) {
      capi.sqlite3_close_v2(database)
    },
    prepare(database, sql) {
      return withPointer((pointer) => {
        wasm.pokePtr(pointer, 0)
        check(database, capi.sqlite3_prepare_v3(database, sql, -1, 1, pointer, null))
        return wasm.peekPtr(pointer)
      })
    },
    errorMessage: (database) => capi.sqlite3_errmsg(database),
    createFunction(database, name, isDeterministic, call) {
      const flags = capi.SQLITE_UTF8 | (isDeterministic ? capi.SQLITE_DETERMINISTIC : 0)
      const address = functionAddress(call, 'v(pip)')
      check(
        database,
        capi.sqlite3_create_function_v2(database, name, -1, flags as 1, 0, address, 0, 0, 0),
      )
    },
    createCollation(database, name, compare) {
      const address = functionAddress(compare, 'i(pipip)')
      check(
        database,
        capi.sqlite3_create_collation_v2(database, name, capi.SQLITE_UTF8, 0, address, 0),
      )
    },
    serialize: (database) => capi.sqlite3_js_db_export(database),
    deserialize(database, content) {
      const address = wasm.alloc(content.length)
      wasm.heap8u().set(content, address)
      const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE
      check(
        database,
        capi.sqlite3_deserialize(database, 'main', address, content.length, content.length, flags),
      )
    },
    heap: () => wasm.heap8u(),
    scratch(bytes) {
      const address = reserve(bytes.length)
      wasm.heap8u().set(bytes, address)
      return address
    },
    scratchText(text) {
      const address = reserve(text.length * 3)
      const target = wasm.heap8u().subarray(address, address + text.length * 3)
      return { address, bytes: encoder.encodeInto(text, target).written }
    },
  }

  /** A function of ours in the module's table: one entry each, however many databases use it. */
  function functionAddress(call: (...list: never[]) => unknown, signature: string): number {
    let address = addresses.get(call)
    if (address === undefined) {
      address = wasm.installFunction(signature, call)
      addresses.set(call, address)
    }
    return address
  }
}

const addresses = new WeakMap<object, number>()
