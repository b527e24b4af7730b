import type { EventEmitter } from 'node:events'
import type { PoolConfig } from '../contract/mysql2.js'
import type { CallbackPool } from './callback-pool.js'

/** A mysql2 pool that an application has already, as far as it is touched. */
export interface ExistingPool extends EventEmitter {
  readonly config: PoolConfig
  _closed: boolean
  _removeIdleTimeoutConnectionsTimer?: NodeJS.Timeout
  readonly _freeConnections: { readonly length: number; get(index: number): { destroy(): void } }
  readonly _allConnections: {
    readonly length: number
    get(index: number): { _realEnd(callback: () => void): void }
  }
  readonly _connectionQueue: {
    readonly length: number
    shift(): (error: unknown, connection?: unknown) => void
  }
}

/** Events of a mysql2 pool; init statements hang on `connection`. */
const POOL_EVENTS = ['connection', 'acquire', 'enqueue', 'release'] as const

/** Members of a mysql2 pool whose calls go to ours from now on. */
const FORWARDED = [
  'query',
  'execute',
  'getConnection',
  'promise',
  'format',
  'escape',
  'escapeId',
] as const

/** The callback pool underneath, whichever API the caller holds. */
export function underlyingPool(pool: unknown): ExistingPool | undefined {
  const candidate = pool as {
    readonly pool?: unknown
    readonly config?: { readonly connectionConfig?: unknown }
  } | null
  if (typeof candidate !== 'object' || candidate === null) return undefined
  if (candidate.config?.connectionConfig !== undefined) return candidate as unknown as ExistingPool
  return candidate.pool === undefined ? undefined : underlyingPool(candidate.pool)
}

/**
 * Puts ours in the place of a pool that exists: its listeners hear ours, its open connections are closed (one that is in use,
 * when it is released), later calls on it go to ours, and `end()` on either ends both.
 */
export function takeOver(existing: ExistingPool, ours: CallbackPool): void {
  clearTimeout(existing._removeIdleTimeoutConnectionsTimer)
  // Listeners stay where the application put them, and hear what happens in ours.
  for (const event of POOL_EVENTS) ours.on(event, (...args) => existing.emit(event, ...args))
  while (existing._freeConnections.length > 0) existing._freeConnections.get(0).destroy()
  while (existing._connectionQueue.length > 0) ours.getConnection(existing._connectionQueue.shift())
  const target = existing as unknown as Record<string, unknown>
  for (const name of FORWARDED) {
    target[name] = (...args: unknown[]) =>
      (
        (ours as unknown as Record<string, (...all: unknown[]) => unknown>)[name] as (
          ...all: unknown[]
        ) => unknown
      ).apply(ours, args)
  }
  target.releaseConnection = (connection: {
    readonly _pool?: unknown
    destroy?(): void
    release?(): void
  }) => {
    if (connection._pool === existing) connection.destroy?.()
    else ours.releaseConnection(connection)
  }
  target.end = (callback?: (error?: Error | null) => void) => ours.end(callback)
  const end = ours.end.bind(ours)
  ours.end = (callback) => {
    // mysql2 closes connections that are out, too.
    for (let i = 0; i < existing._allConnections.length; i++) {
      existing._allConnections.get(i)._realEnd(() => {})
    }
    existing._closed = true
    end(callback)
  }
}
