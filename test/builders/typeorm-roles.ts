import { type AuroraPool, type AuroraPoolOptions, createAuroraPool } from 'aurora-mysql2'
import type { PoolConnection } from 'mysql2'
import type { DataSourceOptions } from 'typeorm'
import type { Access } from './access.js'
import { CustomerEntity, VisitEntity } from './typeorm-shop.js'

type Callback = (error: NodeJS.ErrnoException | null, connection: PoolConnection) => void

/** What TypeORM takes for mysql2's pool cluster: one pool of ours, of which the master's connections are the writer's. */
function createPoolCluster() {
  let pool: AuroraPool
  return {
    add(_name: string, options: AuroraPoolOptions) {
      pool = createAuroraPool(options)
    },
    getConnection(name: string, callback: Callback) {
      const target = name === 'MASTER' ? pool.writer : pool
      target.getConnection(callback)
    },
    end: (callback: () => void) => pool.end(callback),
  }
}

/**
 * TypeORM's own division of reads and writes, over one pool: what TypeORM wants from its master, the reads that belong to a `save()` too,
 * is all done by the writer; finds and query builders are divided as ever.
 */
export function optionsWithRoles({ connection }: Access) {
  const { host, port, user, password, database, ...extra } = connection
  return {
    type: 'mysql',
    driver: { createPoolCluster },
    replication: { master: { host, port, username: user, password, database }, slaves: [] },
    extra,
    entities: [CustomerEntity, VisitEntity],
  } satisfies DataSourceOptions
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
