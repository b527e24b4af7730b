import type { IsolationLevel, Transaction } from '@prisma/driver-adapter-utils'
import type { Pool, PoolConnection } from 'mysql2/promise'
import { AuroraAdapterError } from './adapter-error.js'
import { adapterErrorFrom } from './map-error.js'
import { runText, Statements } from './statements.js'

/** What Prisma names and MySQL has. */
const LEVELS: ReadonlySet<IsolationLevel> = new Set([
  'READ UNCOMMITTED',
  'READ COMMITTED',
  'REPEATABLE READ',
  'SERIALIZABLE',
])

/**
 * Begins a transaction on a connection of its own.
 *
 * @throws AuroraAdapterError `InvalidIsolationLevel`, or why it could not begin; nothing is held then
 */
export async function beginTransaction(
  pool: Pick<Pool, 'getConnection'>,
  level: IsolationLevel | undefined,
): Promise<Transaction> {
  if (level !== undefined && !LEVELS.has(level)) {
    throw new AuroraAdapterError({ kind: 'InvalidIsolationLevel', level }, undefined)
  }
  const connection = await pool.getConnection().catch((error: unknown) => {
    throw adapterErrorFrom(error)
  })
  try {
    if (level !== undefined) {
      await runText(connection, { sql: `SET TRANSACTION ISOLATION LEVEL ${level}` })
    }
    await runText(connection, { sql: 'BEGIN' })
  } catch (error) {
    connection.release()
    throw error
  }
  return new OpenTransaction(connection)
}

/** A transaction that holds its connection until it is committed or rolled back. */
class OpenTransaction extends Statements implements Transaction {
  /** COMMIT and ROLLBACK are sent here; otherwise Prisma would send them as statements of its own. */
  readonly options = { usePhantomQuery: true }
  readonly #connection: PoolConnection

  constructor(connection: PoolConnection) {
    super(connection)
    this.#connection = connection
  }

  commit(): Promise<void> {
    return this.#end('COMMIT')
  }

  rollback(): Promise<void> {
    return this.#end('ROLLBACK')
  }

  createSavepoint(name: string): Promise<void> {
    return this.#control(`SAVEPOINT ${name}`)
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.#control(`ROLLBACK TO SAVEPOINT ${name}`)
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.#control(`RELEASE SAVEPOINT ${name}`)
  }

  async #control(sql: string): Promise<void> {
    await runText(this.#connection, { sql })
  }

  async #end(sql: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    try {
      await this.#control(sql)
    } catch (error) {
      // Nobody knows what state it is in, and the next borrower must not find a transaction of another.
      this.#connection.destroy()
      throw error
    }
    this.#connection.release()
  }
}
