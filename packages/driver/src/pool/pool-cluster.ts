import type { EventEmitter } from 'node:events'
import mysql from 'mysql2'
import type { PoolConfig } from '../contract/mysql2.js'
import { type AuroraPoolOptions, makePool } from './create-pool.js'

interface Node {
  pool: { readonly config: PoolConfig; _removeIdleTimeoutConnectionsTimer?: NodeJS.Timeout }
}

interface PoolClusterShape extends EventEmitter {
  readonly _nodes: Record<string, Node | undefined>
  add(id: string | object, config?: unknown): void
}

/** mysql2's PoolCluster; the typings hide the class. */
const MysqlPoolCluster = (
  mysql as unknown as {
    readonly PoolCluster: new (config?: mysql.PoolClusterOptions) => PoolClusterShape
  }
).PoolCluster

/** mysql2's pool cluster, with ours in the place of each pool: for whoever takes a cluster of named targets (`replication`). */
export class PoolCluster extends MysqlPoolCluster {
  override add(id: string | object, config?: unknown): void {
    const options = (typeof id === 'object' ? id : config) as AuroraPoolOptions | string
    const before = new Set(Object.keys(this._nodes))
    // Before mysql2 has it: what is refused is not added.
    const pool = makePool(options, undefined)
    // Ours never reach mysql2: it complains of keys that it does not know.
    const { aurora: _, ...forMysql } = typeof options === 'string' ? { uri: options } : options
    if (typeof id === 'object') super.add(forMysql)
    else super.add(id, forMysql)
    const added = Object.keys(this._nodes).find((name) => !before.has(name))
    const node = added === undefined ? undefined : this._nodes[added]
    if (node === undefined) return pool.end()
    clearTimeout(node.pool._removeIdleTimeoutConnectionsTimer)
    node.pool = pool
  }
}
