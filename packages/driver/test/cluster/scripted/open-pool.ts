import { type AuroraPool, type AuroraPoolOptions, createAuroraPool } from 'aurora-mysql2/promise'
import { CLUSTER_HOST, type ScriptedCluster } from './scripted-cluster.js'

type Done = (error: null, address: string, family: number) => void

/** A pool on a cluster in memory. */
export function openPool(cluster: ScriptedCluster, options: AuroraPoolOptions = {}): AuroraPool {
  return createAuroraPool({
    host: CLUSTER_HOST,
    user: 'app',
    database: 'app',
    connectTimeout: 0,
    stream: ({ config }: { config: { host: string } }) => cluster.connect(config.host),
    ...options,
    aurora: {
      lookup: (_name: string, _options: unknown, done: Done) => done(null, '192.0.2.1', 4),
      ...options.aurora,
    },
  } as AuroraPoolOptions)
}
