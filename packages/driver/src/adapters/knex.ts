/** For Knex, and what stands on it. Knex is loaded by this entry alone. */
import knex, { type Knex } from 'knex'
import type { ConnectionConfig } from '../contract/mysql2.js'
import type { AuroraOptions } from '../contract/options.js'
import driver from './mysql2.js'

declare module 'knex' {
  namespace Knex {
    interface MySql2ConnectionConfig {
      /** Our options, for `AuroraClient`. */
      readonly aurora?: AuroraOptions
    }
  }
}

/** What cancelling needs of a connection of ours. */
interface Cancellable {
  readonly threadId: number | null
  destroy(): void
}

/** A connection or a pool, in the callback API. */
interface Queryable {
  query(sql: string, values: unknown[], done: (error: Error | null) => void): unknown
}

/** What of a mysql2 pool, in either API, Knex does not look at. */
interface GivenPool extends Queryable {
  /** In the promise API: the same in the callback API. */
  readonly pool?: GivenPool
  readonly config?: { readonly connectionConfig: ConnectionConfig }
}

/** Knex's own transaction. */
interface Committing {
  commit(connection: unknown, value: unknown): Promise<unknown>
  readonly transactor: { readonly executionPromise: Promise<unknown> }
}

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
  override initializeExternalPool(pool: object): void {
    super.initializeExternalPool(pool as Knex.ConnectionPool)
    this.connectionSettings = { database: inCallbacks(pool).config?.connectionConfig.database }
  }

  /** `await trx.commit()` rejects when COMMIT has failed. */
  override transaction(container: unknown, config: unknown, outer: unknown): Knex.Transaction {
    return tellFailedCommit(super.transaction(container, config, outer))
  }

  /** For `.timeout(ms, { cancel: true })`. A KILL through ours goes to the instance that runs the statement. */
  override async cancelQuery(connection?: Cancellable): Promise<void> {
    // Asked for once: it has none any more as soon as the statement has ended.
    const threadId = connection?.threadId
    // It waits for an instance, and must not run when nobody is there for its answer.
    if (threadId === null) return connection?.destroy()
    const { connectionPool } = this.config
    if (connectionPool !== undefined) return kill(inCallbacks(connectionPool), threadId)
    const killer = await this.acquireRawConnection()
    try {
      await kill(killer, threadId)
    } finally {
      await this.destroyRawConnection(killer)
    }
  }
}

/**
 * Puts a Knex on a cluster that somebody else has made, before its first query: where a client is configured by its name alone
 * (AdonisJS Lucid). Its `connection` takes our options as `aurora`.
 */
export function useAurora({ client }: Knex): void {
  const begin: Knex.Client['transaction'] = client.transaction
  client.driver = driver
  client.cancelQuery = AuroraClient.prototype.cancelQuery
  client.transaction = (...args: Parameters<typeof begin>) =>
    tellFailedCommit(begin.apply(client, args))
}

/** Knex resolves `trx.commit()` whatever became of COMMIT (knex/knex#3847): what a failover has undone would pass for done. */
function tellFailedCommit<T>(transaction: T): T {
  const committing = transaction as unknown as Committing
  const { commit } = committing
  const commitAndTell = async (connection: unknown, value: unknown): Promise<unknown> => {
    const answer = await commit.call(committing, connection, value)
    await committing.transactor.executionPromise
    return answer
  }
  committing.commit = (connection, value) => {
    const told = commitAndTell(connection, value)
    // Whoever does not wait for it hears of it by the transaction alone, as before.
    told.catch(() => {})
    return told
  }
  return transaction
}

function kill(by: Queryable, threadId: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    by.query('KILL QUERY ?', [threadId], (error) => (error === null ? resolve() : reject(error)))
  })
}

function inCallbacks(pool: object): GivenPool {
  const given = pool as GivenPool
  return given.pool ?? given
}

// Tools tell by the name which database it is.
Object.defineProperty(AuroraClient, 'name', { value: MysqlClient.name })
