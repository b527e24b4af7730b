import type { CoreConnection, PoolConfig } from '../contract/mysql2.js'
import type { ResolvedOptions } from '../contract/options.js'
import type { ConnectTarget } from '../io/open-connection.js'
import type { TotalLimit } from './total-limit.js'

/** What an instance's pool needs from the cluster. */
export interface InstancePoolSetup {
  readonly config: PoolConfig
  readonly options: ResolvedOptions
  /** Bounds the connections of all instances together; undefined: nothing does. */
  readonly total: TotalLimit | undefined
  /** How connections are opened, but for where to. */
  readonly target: Omit<ConnectTarget, 'endpoint' | 'onSocket' | 'overrides'>
  /** Runs something outside any caller's asynchronous context. */
  outside<T>(work: () => T): T
  /** A connection is ready and has not been used yet: mysql2's `connection` event. */
  onConnection(core: CoreConnection): void
  /** Who is refused a connection may wait on for one that is given back; on a server that is not Aurora the error is for the caller. */
  mayWaitOn(): boolean
  /** Somebody has to wait because the limit is reached: mysql2's `enqueue` event. */
  onEnqueue(): void
  /** The process or the machine has just stood still: connections may have died meanwhile. */
  hasGap(nowMs: number): boolean
  onReachable(id: string, isReachable: boolean, error: unknown): void
  /** Whether a new connection must say who it is before it is lent (an episode is open, or has just been). */
  areTimesDoubtful(): boolean
}
