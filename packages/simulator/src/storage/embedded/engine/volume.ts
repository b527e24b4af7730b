import { unsupported } from '../sql-error.js'
import { type BoundValue, EngineError, EngineHandle, type EngineRow } from './engine-handle.js'
import { NativeFunctions } from './register-functions.js'
import { loadSqlite, type Sqlite } from './sqlite.js'
import { WriterLock } from './writer-lock.js'

/** A committed state that open snapshots may still want to read. */
export interface Version {
  /** Grows with each commit. */
  readonly number: number
  /** Its own copy, once a later commit has replaced it on the volume. */
  frozen: EngineHandle | undefined
  /** How many transactions read it. */
  readers: number
}

let volumeCount = 0
/** How many connections for frozen states are kept for the next ones. */
const SPARE_LIMIT = 4
/** One set of functions for each loaded module: the module's table of functions only grows. */
const nativeFunctions = new WeakMap<Sqlite, NativeFunctions>()

/**
 * The data of one storage: an in-memory database with two connections. What the writer's has not committed stays in its
 * page cache (nothing spills), so the reader's sees committed data only; neither ever waits for the other, because each
 * statement runs to its end before the next begins. A snapshot costs nothing until a commit would change what it reads:
 * then the old state is copied once for all who read it.
 */
export class Volume {
  readonly lock = new WriterLock()
  readonly #sqlite: Sqlite
  readonly #functions: NativeFunctions
  readonly #writer: EngineHandle
  readonly #reader: EngineHandle
  readonly #spare: EngineHandle[] = []
  #current: Version = { number: 0, frozen: undefined, readers: 0 }

  private constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    this.#functions = nativeFunctions.get(sqlite) ?? new NativeFunctions(sqlite)
    nativeFunctions.set(sqlite, this.#functions)
    // Without file locks the connections do not exclude each other; the writer lock above does that.
    const uri = `file:/aurora-simulator-${++volumeCount}?vfs=memdb&nolock=1`
    this.#writer = this.#open(uri)
    this.#writer.run('PRAGMA cache_spill = OFF')
    this.#writer.run('PRAGMA foreign_keys = ON')
    this.#reader = this.#open(uri)
  }

  static async open(): Promise<Volume> {
    return new Volume(await loadSqlite())
  }

  /** Number of the newest commit. */
  get commitNumber(): number {
    return this.#current.number
  }

  /** Runs on the writer's connection; the caller holds the lock. */
  write(sql: string, values?: readonly BoundValue[]): EngineRow[] {
    return this.#run(this.#writer, sql, values)
  }

  /** Runs on the newest committed state, or on that of a snapshot. */
  read(sql: string, values?: readonly BoundValue[], snapshot?: Version): EngineRow[] {
    return this.#run(snapshot?.frozen ?? this.#reader, sql, values)
  }

  /** Rows that the last `write` touched. */
  changes(): number {
    return this.#writer.changes()
  }

  begin(): void {
    this.#writer.run('BEGIN IMMEDIATE')
  }

  commit(): void {
    if (this.#current.readers > 0) this.#freeze(this.#current)
    this.#writer.run('COMMIT')
    this.#current = { number: this.#current.number + 1, frozen: undefined, readers: 0 }
  }

  rollback(): void {
    this.#writer.run('ROLLBACK')
  }

  /** Holds on to the newest committed state until it is released. */
  openSnapshot(): Version {
    this.#current.readers++
    return this.#current
  }

  releaseSnapshot(version: Version): void {
    version.readers--
    if (version.readers > 0 || !version.frozen) return
    if (this.#spare.length < SPARE_LIMIT) this.#spare.push(version.frozen)
    else version.frozen.close()
    version.frozen = undefined
  }

  close(): void {
    for (const handle of [this.#writer, this.#reader, ...this.#spare]) handle.close()
    if (this.#current.frozen) this.#current.frozen.close()
  }

  #freeze(version: Version): void {
    const content = this.#sqlite.serialize(this.#reader.database)
    const handle = this.#spare.pop() ?? this.#open(':memory:')
    this.#sqlite.deserialize(handle.database, content)
    version.frozen = handle
  }

  #open(uri: string): EngineHandle {
    const handle = new EngineHandle(this.#sqlite, uri)
    this.#functions.register(handle.database)
    return handle
  }

  #run(handle: EngineHandle, sql: string, values?: readonly BoundValue[]): EngineRow[] {
    try {
      return handle.run(sql, values)
    } catch (error) {
      const cause = this.#functions.takeError() ?? error
      const isOverflow = cause instanceof EngineError && cause.message === 'integer overflow'
      throw isOverflow ? unsupported('exact numbers of more than 18 digits') : cause
    }
  }
}
