import mysql from 'mysql2'
import mysqlPromise from 'mysql2/promise'

/** mysql2's typings leave its classes out. */
const { Connection, Pool, PoolConnection } = mysql as unknown as Record<
  'Connection' | 'Pool' | 'PoolConnection',
  { readonly prototype: object }
>

type PoolConnectionClass = { end(callback?: () => void): void }

/** `reset()` and `resetOnRelease` came with mysql2 3.22. */
export const HAS_RESET = 'reset' in Connection.prototype

/** In older versions nobody is called back by the `end()` of a pool's connection. */
export const CALLS_BACK_RELEASED = (PoolConnection.prototype as PoolConnectionClass).end.length > 0

/** The disposal symbols came later than the oldest mysql2 that we support. */
export const HAS_DISPOSAL = Symbol.dispose in Pool.prototype

/** The same in its promise API. */
export const HAS_ASYNC_DISPOSAL =
  Symbol.asyncDispose in
  (mysqlPromise as unknown as { readonly PromisePool: { readonly prototype: object } }).PromisePool
    .prototype

/** Older versions let one connection's `changeUser` change the user of the whole pool. */
export const HAS_CONFIGS_APART = '_createConnectionConfig' in Pool.prototype

/** What older versions of mysql2's promise API copy of an error; all else of it is lost on the way. */
const COPIED = ['message', 'code', 'errno', 'sql', 'sqlState', 'sqlMessage'] as const

/** Whether its promise API rejects with the error itself, and leaves the caller's stack away without `trace`. */
export const REJECTS_WITH_THE_ERROR = await rejectsWithTheError()

async function rejectsWithTheError(): Promise<boolean> {
  const pool = mysqlPromise.createPool({ host: '127.0.0.1', port: 1 })
  const error: unknown = await pool.query('DO 1').catch((reason: unknown) => reason)
  await pool.end()
  return (error as { readonly fatal?: boolean }).fatal === true
}

/** What must be seen of an error after mysql2's promise API. */
export function rejected(error: object): object {
  if (REJECTS_WITH_THE_ERROR) return error
  const given = error as Record<string, unknown>
  return Object.fromEntries(
    COPIED.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  )
}
