import type { ConnectionOptions } from 'mysql2'
import { type Connection, createConnection } from 'mysql2/promise'
import { afterEach } from 'vitest'
import {
  type Cluster,
  type ClusterInstance,
  type ClusterOptions,
  startCluster,
} from '../src/index.js'

/** What each behaviour of the front-end must hold on. */
export const storages = ['mysqld', 'embedded'] as const

const toClose: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** Starts a cluster that ends with the test. */
export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster({ storage: 'mysqld', ...options })
  toClose.push(() => cluster.close())
  return cluster
}

/** Connects plain mysql2 to an instance, or to the cluster endpoint; ends with the test. */
export async function connectTo(
  cluster: Cluster,
  instance?: ClusterInstance,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const { endpoint: host, port } = instance ?? {
    endpoint: cluster.writerEndpoint,
    port: cluster.port,
  }
  const connection = await createConnection({ ...cluster.plainConnection, host, port, ...options })
  // An error on an idle connection is what several tests provoke.
  connection.on('error', () => undefined)
  toClose.push(async () => connection.destroy())
  return connection
}

/** The first row of a query. */
export async function firstRow(
  connection: Connection,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>> {
  const [rows] = await connection.query(sql, values)
  return (rows as Record<string, unknown>[])[0] ?? {}
}

/** What a promise is rejected with. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; errno?: number; sqlState?: string }> {
  return promise.then(
    () => expectFailure(),
    (error) => error,
  )
}

function expectFailure(): never {
  throw new Error('expected a rejection')
}

/** Resolves when a connection has lost its socket; tells the error's code. */
export function lossOf(connection: Connection): Promise<string> {
  return new Promise((resolve) => connection.once('error', (error) => resolve(error.code ?? '')))
}

/** `silent` when nothing is heard within the time, else what the promise gives. */
export function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | 'silent'> {
  const silence = new Promise<'silent'>((resolve) => {
    setTimeout(() => resolve('silent'), timeoutMs)
  })
  return Promise.race([promise, silence])
}
