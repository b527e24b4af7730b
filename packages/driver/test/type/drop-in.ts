/**
 * Compiled by `tsc`, never run: what an application may write, and what the compiler must refuse.
 */
import {
  AuroraError,
  type AuroraEventMap,
  type AuroraOptions,
  type AuroraPool,
  type ClusterStats,
  createAuroraPool,
  type ErrorDetail,
  type Topology,
} from 'aurora-mysql2'
import {
  type AuroraPool as AuroraPromisePool,
  createAuroraPool as createPromisePool,
} from 'aurora-mysql2/promise'
import mysql, {
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2'
import mysqlPromise, {
  type Pool as PromisePool,
  type PoolConnection as PromisePoolConnection,
} from 'mysql2/promise'

interface User extends RowDataPacket {
  readonly id: number
}

/** A function of an application that knows nothing of ours. */
declare function takesCallbackPool(pool: Pool): void
declare function takesPromisePool(pool: PromisePool): void

export async function isAMysql2Pool(): Promise<void> {
  const callback: AuroraPool = createAuroraPool({ host: 'a', aurora: { maxLagMs: 100 } })
  const promise: AuroraPromisePool = createPromisePool('mysql://a/b')
  takesCallbackPool(callback)
  takesPromisePool(promise)
  takesPromisePool(callback.promise())
  takesCallbackPool(callback.writer)
  takesCallbackPool(callback.reader)
  takesPromisePool(promise.writer)
  takesPromisePool(promise.reader)

  const [users] = await promise.query<User[]>('SELECT id FROM user WHERE id = ?', [1])
  users[0]?.id.toFixed()
  const [written] = await promise.execute<ResultSetHeader>('DELETE FROM user')
  written.affectedRows.toFixed()
  callback.query<User[]>('SELECT id FROM user', (_error, rows) => rows[0]?.id.toFixed())
  callback.getConnection((_error, session: PoolConnection) => session.release())
  const session: PromisePoolConnection = await promise.getConnection()
  await session.beginTransaction()
  session.release()
  callback.on('connection', (connection) => connection.query('SET NAMES utf8mb4'))
}

export async function takesWhatMysql2Takes(): Promise<void> {
  createAuroraPool(mysql.createPool({}), { balance: 'random' })
  createAuroraPool(mysqlPromise.createPool({}))
  createPromisePool(mysqlPromise.createPool({}), { consistency: 'eventual' })
  createPromisePool({ host: 'a', ssl: { verifyIdentity: true }, connectionLimit: 3 })
  createPromisePool({
    aurora: { password: async ({ host, port, user }) => `${host}${port}${user}` },
  })
  createPromisePool({ aurora: { instanceEndpoint: (id) => ({ host: id, port: 1 }) } })
}

export async function takesOptionsPerStatement(): Promise<void> {
  const callback = createAuroraPool({})
  const promise = createPromisePool({})
  const session = await promise.getConnection()
  const { signal } = new AbortController()
  await promise.query<User[]>({ sql: 'SELECT 1', aurora: { role: 'reader', maxLagMs: 50 } })
  await promise.execute({
    sql: 'DELETE FROM user',
    aurora: { idempotent: true, waitMs: 5, signal },
  })
  await session.query<User[]>({ sql: 'SELECT 1', values: [], aurora: { role: 'writer' } })
  callback.query<User[]>(
    { sql: 'SELECT 1', aurora: { role: 'reader' } },
    (_error, rows) => rows[0]?.id,
  )
  // @ts-expect-error a role is one of two
  await promise.query({ sql: 'SELECT 1', aurora: { role: 'master' } })
  // @ts-expect-error no such option
  await promise.query({ sql: 'SELECT 1', aurora: { rol: 'reader' } })
}

export async function hasItsOwnUnderOneName(): Promise<void> {
  const pool = createPromisePool({})
  const topology: Topology | undefined = pool.aurora.topology
  const stats: ClusterStats = pool.aurora.stats()
  stats.instances[0]?.underWay.toFixed()
  topology?.writer?.endpoint.host.toLowerCase()
  await pool.aurora.ready()
  await pool.aurora.refresh()
  await pool.aurora.drain({ timeoutMs: 5 })
  pool.aurora.on('writerPromoted', ({ writer, previous }) => `${writer}${previous}`)
  pool.aurora.on('topologyChanged', (event: AuroraEventMap['topologyChanged']) => event.current)
  const inside: Promise<number> = pool.aurora.session(async () => 7)
  await inside
  // @ts-expect-error no such event
  pool.aurora.on('writerPromotd', () => {})
  // @ts-expect-error a topology is replaced, never edited
  topology?.readers.push(undefined as never)
  // @ts-expect-error a frozen value
  if (topology !== undefined) topology.version = 1
}

export function isRefused(): void {
  // @ts-expect-error an option of ours that does not exist
  createAuroraPool({ host: 'a', aurora: { maxLag: 1 } })
  // @ts-expect-error of another type
  createAuroraPool({ host: 'a', aurora: { maxLagMs: '1' } })
  // @ts-expect-error one of four
  const options: AuroraOptions = { consistency: 'strong' }
  // @ts-expect-error needs to know what to connect to
  createAuroraPool()
  return void options
}

export function tellsErrorsApart(error: unknown): ErrorDetail | undefined {
  if (!(error instanceof AuroraError)) return undefined
  switch (error.code) {
    case 'ERR_AURORA_NO_WRITER':
    case 'ERR_AURORA_NO_READER':
    case 'ERR_AURORA_QUEUE_FULL':
    case 'ERR_AURORA_ABORTED':
    case 'ERR_AURORA_OPTION':
    case 'ERR_AURORA_DRAINING':
    case 'ERR_AURORA_NO_CONNECTION':
    case 'ERR_AURORA_TRANSACTION_CONTROL':
    case 'ERR_AURORA_TRANSACTION_ENDED':
    case 'ERR_AURORA_TRANSACTION_NESTED':
    case 'ERR_AURORA_TOKEN_TABLE':
      return error.aurora
    default: {
      const others: never = error.code
      return others
    }
  }
}
