/** For Knex, and what stands on it. Knex is loaded by this entry alone. */
import knex, { type Knex } from 'knex'
import mysql from 'mysql2'
import type { ConnectionConfig } from '../contract/mysql2.js'
import driver from './mysql2.js'

/** What cancelling needs of a connection of ours. */
interface Cancellable {
  readonly threadId: number | null
  readonly config: ConnectionConfig
  destroy(): void
}

/** What of a mysql2 pool, in either API, Knex does not look at. */
interface PoolWithConfig {
  readonly pool?: PoolWithConfig
  readonly config?: { readonly connectionConfig: ConnectionConfig }
}

/** mysql2's typings hide this constructor's argument. */
const Connection = mysql.Connection as unknown as new (options: {
  readonly config: ConnectionConfig
}) => mysql.Connection

/** Knex does not export its dialects; a client that connects to nothing is of its class. */
const MysqlClient = knex({ client: 'mysql2' }).client.constructor as typeof Knex.Client

/**
 * Knex's MySQL client on a cluster: `knex({ client: AuroraClient, … })`, with one of
 * - `connection`: mysql2's options, and `aurora` beside them. The connections live in Knex's own pool, whose settings all hold; those
 *   that are idle there hold nothing.
 * - `connectionPool`: a pool of `createAuroraPool`, in either API. It stays yours: `knex.destroy()` does not end it.
 */
export class AuroraClient extends MysqlClient {
  _driver(): typeof driver {
    return driver
  }

  /** Knex knows nothing about a pool that it is given; `columnInfo()` and the schema builder ask for the database. */
  override initializeExternalPool(pool: Knex.ConnectionPool): void {
    super.initializeExternalPool(pool)
    const given = pool as PoolWithConfig
    const config = (given.pool ?? given).config?.connectionConfig
    this.connectionSettings = { database: config?.database }
  }

  /** For `.timeout(ms, { cancel: true })`. Thread ids are an instance's own, so the KILL goes to the one that runs the statement. */
  override async cancelQuery(connection?: Cancellable): Promise<void> {
    if (connection === undefined) return
    const { threadId, config } = connection
    // It waits for an instance, and must not run when nobody is there for its answer.
    if (threadId === null) return connection.destroy()
    const killer = new Connection({ config })
    try {
      await killer.promise().query('KILL QUERY ?', [threadId])
    } finally {
      killer.destroy()
    }
  }
}

// Tools tell by the name which database it is.
Object.defineProperty(AuroraClient, 'name', { value: MysqlClient.name })
