import type { EventEmitter } from 'node:events'
import type { PoolConfig } from '../contract/mysql2.js'
import type { CallbackPool } from './callback-pool.js'
import { type QueueView, show } from './queue-views.js'

/** A mysql2 pool that an application has already, as far as it is touched. */
export interface ExistingPool extends EventEmitter {
  readonly config: PoolConfig
  _closed: boolean
  _removeIdleTimeoutConnectionsTimer?: NodeJS.Timeout
  readonly _freeConnections: { readonly length: number; get(index: number): { destroy(): void } }
  readonly _allConnections: { readonly length: number; get(index: number): OldConnection }
  readonly _connectionQueue: {
    readonly length: number
    shift(): (error: unknown, connection?: unknown) => void
  }
}

/** One that the pool had opened itself. */
interface OldConnection {
  _realEnd(callback: () => void): void
}

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
 * Puts ours in the place of a pool that exists: its open connections are closed (one that is in use, when it is released), later calls
 * on it go to ours, what tools read of it is that of ours, and `end()` on either ends both.
 *
 * @returns what closes the old pool when ours is ended
 */
export function takeOver(existing: ExistingPool, ours: CallbackPool): () => void {
  clearTimeout(existing._removeIdleTimeoutConnectionsTimer)
  const { _freeConnections: free } = existing
  for (const connection of Array.from({ length: free.length }, (_, at) => free.get(at)))
    connection.destroy()
  while (existing._connectionQueue.length > 0) ours.getConnection(existing._connectionQueue.shift())
  // What is in use, or being opened.
  const old = new Set<OldConnection>()
  for (let i = 0; i < existing._allConnections.length; i++) old.add(existing._allConnections.get(i))
  const target = existing as unknown as Record<string, unknown>
  // mysql2 calls it for each that is closed.
  target._removeConnection = (connection: OldConnection) => old.delete(connection)
  showQueuesOf(ours, existing, old)
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
  return () => {
    // mysql2 closes connections that are out, too.
    for (const connection of old) connection._realEnd(() => {})
    existing._closed = true
  }
}

/** How many there are, in ours and still of the old pool. */
function showQueuesOf(ours: CallbackPool, existing: ExistingPool, old: Set<OldConnection>): void {
  const { _allConnections, _freeConnections, _connectionQueue } = ours as unknown as Readonly<
    Record<'_allConnections' | '_freeConnections' | '_connectionQueue', QueueView>
  >
  const all = (): unknown[] => [
    ...Array.from({ length: _allConnections.length }, (_, at) => _allConnections.get(at)),
    ...old,
  ]
  show(existing, '_allConnections', () => _allConnections.length + old.size, all)
  Object.defineProperties(existing, {
    _freeConnections: { value: _freeConnections, enumerable: true, configurable: true },
    _connectionQueue: { value: _connectionQueue, enumerable: true, configurable: true },
  })
}
