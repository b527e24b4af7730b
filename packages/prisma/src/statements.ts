import type { SqlQuery, SqlQueryable, SqlResultSet } from '@prisma/driver-adapter-utils'
import type { FieldPacket, Pool, QueryOptions, QueryResult } from 'mysql2/promise'
import { bindArguments } from './bind-arguments.js'
import { adapterErrorFrom } from './map-error.js'
import { readValue } from './read-value.js'
import { type Answer, affectedRowsOf, resultSetOf } from './result-set.js'

/** The name by which Prisma calls this adapter in its messages. */
export const ADAPTER_NAME = 'aurora-mysql2-prisma'

/** A pool or a connection of mysql2's promise API. */
export type StatementRunner = Pick<Pool, 'query'>

/**
 * Runs Prisma's statements, one for each that Prisma asks for.
 *
 * They go out as text (`query`), not as prepared statements: preparing costs a round trip for each text on each connection of each
 * instance, Prisma's texts are many (one for each length of an `IN` list) where servers keep few (`max_prepared_stmt_count`), handles do
 * not survive a failover, and RDS Proxy pins a connection that has any.
 */
export class Statements implements SqlQueryable {
  readonly provider = 'mysql'
  readonly adapterName = ADAPTER_NAME
  readonly #runner: StatementRunner

  constructor(runner: StatementRunner) {
    this.#runner = runner
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return resultSetOf(await this.#run(query))
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    return affectedRowsOf(await this.#run(query))
  }

  async #run(query: SqlQuery): Promise<Answer> {
    const { sql, values } = bindArguments(query)
    return runText(this.#runner, {
      sql,
      // Always an array: without one older versions of mysql2 look for names in the text where the pool has `namedPlaceholders`.
      values: [...(values ?? [])],
      rowsAsArray: true,
      nestTables: false,
      namedPlaceholders: false,
      typeCast: readValue,
    })
  }
}

/** Runs one text. @throws AuroraAdapterError */
export async function runText(
  runner: StatementRunner,
  statement: QueryOptions,
): Promise<[QueryResult, FieldPacket[]]> {
  try {
    return await runner.query(statement)
  } catch (error) {
    throw adapterErrorFrom(error)
  }
}
