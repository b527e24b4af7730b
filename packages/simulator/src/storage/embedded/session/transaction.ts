import { quoteName, type Table } from '../compile/catalog.js'
import type { BoundValue, EngineRow } from '../engine/engine-handle.js'
import type { Version, Volume } from '../engine/volume.js'
import { interrupted, lockWaitTimeout } from '../engine/writer-lock.js'
import type { IsolationLevel } from '../sql/ast.js'
import { SqlError } from '../sql-error.js'

/** How a transaction was begun. */
export interface TransactionMode {
  readonly isolation: IsolationLevel
  readonly access: 'READ ONLY' | 'READ WRITE'
}

/** How long a statement may wait for the lock, and what may interrupt it. */
export interface LockWait {
  readonly timeoutMs: number
  readonly nowait: boolean
  /** Asked for only if there is something to wait for. */
  readonly signal: () => AbortSignal
}

/**
 * The transaction of one session. It reads a snapshot taken at its first read (REPEATABLE READ) or the newest committed
 * state at each statement (the two lower levels) until it first needs the volume's lock; from then on it reads the newest state
 * with its own changes, which nobody else can change any more.
 */
export class Transaction {
  readonly #volume: Volume
  #mode: TransactionMode | undefined
  #snapshot: Version | undefined
  #isWriting = false
  #savepoints: string[] = []

  constructor(volume: Volume) {
    this.#volume = volume
  }

  /** Is a transaction open, whether it has done anything or not? */
  get isOpen(): boolean {
    return this.#mode !== undefined
  }

  /** How it was begun; undefined when none is open. */
  get mode(): TransactionMode | undefined {
    return this.#mode
  }

  get isReadOnly(): boolean {
    return this.#mode?.access === 'READ ONLY'
  }

  get isSerializable(): boolean {
    return this.#mode?.isolation === 'SERIALIZABLE'
  }

  begin(mode: TransactionMode): void {
    this.#mode = mode
  }

  /** Takes the snapshot now, as WITH CONSISTENT SNAPSHOT asks. */
  takeSnapshot(): void {
    if (this.#mode?.isolation === 'REPEATABLE READ') this.#snapshot ??= this.#volume.openSnapshot()
  }

  /** Runs a query on the state that the transaction sees. */
  read(sql: string, values: readonly BoundValue[], tables: ReadonlySet<Table>): EngineRow[] {
    if (this.#isWriting) return this.#volume.write(sql, values)
    if (this.isOpen && tables.size > 0) this.takeSnapshot()
    const snapshot = this.#snapshot
    for (const table of tables) {
      if (snapshot && table.definedAt > snapshot.number) {
        throw new SqlError(1412, 'HY000', 'Table definition has changed, please retry transaction')
      }
    }
    return this.#volume.read(sql, values, snapshot)
  }

  /** Takes the lock for the rest of the transaction, waiting for it if need be. */
  async lock(wait: LockWait): Promise<void> {
    if (this.#isWriting) return
    if (!this.#volume.lock.tryAcquire(this)) {
      if (wait.nowait) {
        throw new SqlError(
          3572,
          'HY000',
          'Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.',
        )
      }
      if (wait.timeoutMs <= 0) throw lockWaitTimeout()
      const signal = wait.signal()
      await this.#volume.lock.acquire(this, wait.timeoutMs, signal)
      // The session may have ended in the very turn in which its wait did.
      if (signal.aborted) {
        this.#volume.lock.release(this)
        throw interrupted()
      }
    }
    this.#volume.begin()
    for (const name of this.#savepoints) this.#volume.write(`SAVEPOINT ${savepointName(name)}`)
    this.#isWriting = true
    this.#dropSnapshot()
  }

  /** Runs one write: if it fails, nothing of it stays. */
  atomically<Result>(write: () => Result): Result {
    this.#volume.write('SAVEPOINT "statement"')
    try {
      const result = write()
      this.#volume.write('RELEASE "statement"')
      return result
    } catch (error) {
      this.#volume.write('ROLLBACK TO "statement"')
      this.#volume.write('RELEASE "statement"')
      throw error
    }
  }

  commit(): void {
    try {
      if (this.#isWriting) this.#volume.commit()
    } finally {
      this.#end()
    }
  }

  rollback(): void {
    try {
      if (this.#isWriting) this.#volume.rollback()
    } finally {
      this.#end()
    }
  }

  savepoint(name: string): void {
    const at = this.#indexOf(name)
    // A savepoint of the same name replaces the older one, whose place is then nobody's.
    if (at >= 0) this.#savepoints.splice(at, 1)
    this.#savepoints.push(name)
    if (this.#isWriting) this.#volume.write(`SAVEPOINT ${savepointName(name)}`)
  }

  rollbackTo(name: string): void {
    const at = this.#require(name)
    this.#savepoints.length = at + 1
    if (this.#isWriting) this.#volume.write(`ROLLBACK TO ${savepointName(name)}`)
  }

  release(name: string): void {
    const at = this.#require(name)
    this.#savepoints.length = at
    if (this.#isWriting) this.#volume.write(`RELEASE ${savepointName(name)}`)
  }

  #require(name: string): number {
    const at = this.#indexOf(name)
    if (at < 0) throw new SqlError(1305, '42000', `SAVEPOINT ${name} does not exist`)
    return at
  }

  #indexOf(name: string): number {
    return this.#savepoints.findIndex((other) => other.toLowerCase() === name.toLowerCase())
  }

  #dropSnapshot(): void {
    if (this.#snapshot) this.#volume.releaseSnapshot(this.#snapshot)
    this.#snapshot = undefined
  }

  #end(): void {
    this.#dropSnapshot()
    this.#savepoints = []
    this.#mode = undefined
    if (!this.#isWriting) return
    this.#isWriting = false
    this.#volume.lock.release(this)
  }
}

/** The engine's savepoints share their names with the one around each statement. */
function savepointName(name: string): string {
  return quoteName(`user.${name.toLowerCase()}`)
}
