import type { ConnectionConfig } from '../contract/mysql2.js'
import type { Kill } from '../policy/parse-kill.js'
import type { Holder } from './holder.js'
import type { InstancePool, Lease } from './instance-pool.js'
import type { Members } from './members.js'

/** Destroyed connections that are remembered: what ran on them may run on until a KILL ends it. */
const DESTROYED_REMEMBERED = 100

/** Where a KILL has to go. */
export interface KillAim {
  /** The instance on which it means anything; undefined: nothing runs that it could end. */
  readonly pool: InstancePool | undefined
  readonly threadId: number
  /** The session whose statement it is to end, if that is one of ours. */
  readonly holder: Holder | undefined
}

/**
 * Whose connection a config is of: a KILL is mostly sent on a connection made for it, from the `config` of the one that it is meant for.
 * By its `stream` function, which each of our connections has for itself, since configs are copied.
 */
const byStream = new WeakMap<object, ThreadTellings>()

interface Destroyed {
  readonly toldId: number
  readonly pool: InstancePool
  readonly threadId: number
}

/**
 * Who was told which thread id. A session may run on another connection by the time that a KILL with that id is sent, and ids are
 * counted by each instance for itself: sent as it is, it could end somebody else's statement.
 */
export class ThreadTellings {
  readonly #members: Members
  readonly #told = new Map<Holder, number>()
  #destroyed: readonly Destroyed[] = []

  constructor(members: Members) {
    this.#members = members
  }

  /** Those of the cluster that this config comes from, if it is the config of one of our connections. */
  static of({ stream }: Pick<ConnectionConfig, 'stream'>): ThreadTellings | undefined {
    return typeof stream === 'function' ? byStream.get(stream) : undefined
  }

  /** A connection that may be told of. */
  note({ stream }: Pick<ConnectionConfig, 'stream'>): void {
    if (typeof stream === 'function') byStream.set(stream, this)
  }

  /** Somebody has read the thread id of a session, or asks where it is. Whoever asked last is meant, of several that were told one id. */
  tell(holder: Holder, threadId: number): void {
    this.#told.delete(holder)
    this.#told.set(holder, threadId)
  }

  /** The session is over, or belongs to nobody. */
  forget(holder: Holder): void {
    this.#told.delete(holder)
  }

  /** The session has cut its connection; the server may not have noticed. */
  noteDestroyed(holder: Holder, lease: Lease): void {
    const threadId = lease.core.threadId ?? 0
    const entry = { toldId: this.#told.get(holder) ?? threadId, pool: lease.lender, threadId }
    this.#destroyed = [...this.#destroyed, entry].slice(-DESTROYED_REMEMBERED)
  }

  /** What a KILL is meant for; undefined: nothing is known of that thread here. */
  aim({ threadId }: Kill): KillAim | undefined {
    const last = [...this.#told].findLast(([, id]) => id === threadId)
    if (last !== undefined) return aimAt(last[0])
    const destroyed = this.#destroyed.findLast(({ toldId }) => toldId === threadId)
    return destroyed === undefined
      ? this.#aimAtConnection(threadId)
      : { ...destroyed, holder: undefined }
  }

  /** One of our connections that has this id; of several the one on which something runs. */
  #aimAtConnection(threadId: number): KillAim | undefined {
    let found: InstancePool | undefined
    for (const pool of this.#members.all()) {
      for (const lease of pool.leases) {
        if (lease.core.threadId !== threadId) continue
        if (found === undefined || !pool.idleCores().includes(lease.core)) found = pool
      }
    }
    return found === undefined ? undefined : { pool: found, threadId, holder: undefined }
  }
}

function aimAt(holder: Holder): KillAim {
  const { lease } = holder
  return { pool: lease?.lender, threadId: lease?.core.threadId ?? 0, holder }
}
