import type { SqlClass } from '../policy/sql-class.js'
import type { Holder } from './holder.js'
import type { Lease } from './instance-pool.js'
import type { Work } from './work.js'

/** What becomes of the lease of a session between its statements, and at its end. */
export class SessionLeases {
  readonly #giveBack: (lease: Lease, holder: Holder) => void

  constructor(giveBack: (lease: Lease, holder: Holder) => void) {
    this.#giveBack = giveBack
  }

  /** It begins with this lease. */
  begin(holder: Holder, lease: Lease): void {
    holder.takeFirst(lease)
    this.letGo(holder)
  }

  /** One of its statements begins on this lease. */
  noteBegin(holder: Holder, work: Work, lease: Lease): void {
    holder.lease = lease
    if (work.setting === undefined) holder.isFresh = false
    holder.isRunning = true
  }

  /** A statement has ended well. */
  noteEnd(holder: Holder, text: string | undefined, sqlClass: SqlClass): void {
    holder.note(text, sqlClass)
    // What is asked of a write in the same turn (SHOW WARNINGS, LAST_INSERT_ID()) must find its connection.
    if (sqlClass.intent === 'write' && holder.mayLetGo) setImmediate(() => this.letGo(holder))
    else this.letGo(holder)
  }

  /** A KILL that was meant for it has ended. */
  spare(holder: Holder): void {
    holder.killers--
    if (!holder.isReleased) this.letGo(holder)
  }

  /** Between statements a session keeps its lease, unless it was released or must hold nothing. */
  letGo(holder: Holder): void {
    if (holder.isReleased) return this.release(holder)
    const { lease } = holder
    if (lease === undefined || holder.isRunning) return
    if (holder.isBound) this.#watch(holder, lease)
    if (!holder.mayLetGo) return
    holder.lease = undefined
    this.#giveBack(lease, holder)
  }

  /** The connection is lost; what the session has set is set again on the next one, unless it was lost with it. */
  drop(holder: Holder, error: unknown): void {
    if (holder.isReleased) return this.release(holder)
    holder.lease = undefined
    if (holder.isDead) tell(holder, error as Error)
  }

  /** A lock, a transaction: the session ends when its connection does, also between its statements. */
  #watch(holder: Holder, lease: Lease): void {
    holder.lossListener ??= {
      onConnectionLost: (error, { doubt }) => {
        holder.dieWith(doubt)
        tell(holder, error)
      },
    }
    lease.lossListener = holder.lossListener
  }

  /** A session gives back what it holds. */
  release(holder: Holder): void {
    const { lease } = holder
    holder.lease = undefined
    holder.isReleased = true
    if (lease !== undefined) {
      if (lease.lossListener === holder.lossListener) lease.lossListener = undefined
      if (holder.mayLeave(lease)) lease.leftState = lease.state
      this.#giveBack(lease, holder)
    }
    holder.forget()
  }
}

function tell(holder: Holder, error: Error): void {
  const { listener } = holder
  holder.listener = undefined
  listener?.onSessionLost(error)
}
