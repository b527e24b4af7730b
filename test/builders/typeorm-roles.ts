import { createAuroraPool } from 'aurora-mysql2'
import type { PoolConnection } from 'mysql2'
import type { DataSourceOptions } from 'typeorm'
import type { Access } from './access.js'
import { CustomerEntity, VisitEntity } from './typeorm-shop.js'

type Callback = (error: NodeJS.ErrnoException | null, connection: PoolConnection) => void

/**
 * TypeORM's own division of reads and writes, over one pool: what TypeORM wants from its master, the reads that belong to a `save()` too,
 * is all done by the writer; finds and query builders are divided as ever.
 */
export function optionsWithRoles({ connection }: Access): DataSourceOptions {
  const pool = createAuroraPool(connection)
  return {
    type: 'mysql',
    driver: {
      createPoolCluster: () => ({
        add() {},
        getConnection(name: string, callback: Callback) {
          const target = name === 'MASTER' ? pool.writer : pool
          target.getConnection(callback)
        },
        end: (callback: () => void) => pool.end(callback),
      }),
    },
    replication: { master: { database: connection.database }, slaves: [] },
    entities: [CustomerEntity, VisitEntity],
  }
}

/** TypeORM's `replication` as its manual writes it: two endpoints, two pools that know nothing of each other. */
export function optionsWithReplication(
  { mysql2, connection }: Access,
  readerEndpoint: string,
): DataSourceOptions {
  const { host, port, user, password, database, ...extra } = connection
  const credentials = { port, username: user, password, database }
  return {
    type: 'mysql',
    driver: mysql2,
    replication: {
      master: { ...credentials, host },
      slaves: [{ ...credentials, host: readerEndpoint }],
    },
    extra,
    entities: [CustomerEntity, VisitEntity],
  }
}
