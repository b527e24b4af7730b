import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  Transaction,
} from '@prisma/driver-adapter-utils'
import type { Pool } from 'mysql2/promise'
import { findOutsideQuotes } from './find-outside-quotes.js'
import { adapterErrorFrom } from './map-error.js'
import { runText, Statements } from './statements.js'
import { beginTransaction } from './transaction.js'

/** What a client of Prisma runs on, from its first statement to `$disconnect()`. */
export class Adapter extends Statements implements SqlDriverAdapter {
  readonly #pool: Pool
  readonly #info: ConnectionInfo
  readonly #endPool: () => Promise<void>

  /** @param endPool what becomes of the pool when the client disconnects */
  constructor(pool: Pool, info: ConnectionInfo, endPool: () => Promise<void>) {
    super(pool)
    this.#pool = pool
    this.#info = info
    this.#endPool = endPool
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#info
  }

  startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    return beginTransaction(this.#pool, isolationLevel)
  }

  /** One statement after the other on one connection. A body with semicolons of its own (BEGIN … END) cannot be among them. */
  async executeScript(script: string): Promise<void> {
    const connection = await this.#pool.getConnection().catch((error: unknown) => {
      throw adapterErrorFrom(error)
    })
    try {
      for (const sql of statementsIn(script)) await runText(connection, { sql })
    } finally {
      connection.release()
    }
  }

  dispose(): Promise<void> {
    return this.#endPool()
  }
}

function statementsIn(script: string): readonly string[] {
  const ends = [...findOutsideQuotes(script, ';'), script.length]
  return ends
    .map((end, index) => script.slice(index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, end))
    .filter((statement) => statement.trim() !== '')
}
