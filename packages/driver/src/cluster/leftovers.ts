import { SessionState } from '../io/session-state.js'
import type { ErrorKind } from '../policy/classify-error.js'
import type { SqlClass } from '../policy/sql-class.js'
import type { Lease } from './instance-pool.js'
import type { Work } from './work.js'

/** Errors bring no flags: what ran before the failure, in one text or in a procedure, may have left a transaction open, and more. */
export function noteLeftovers({ isSingle, isCall, pins }: SqlClass, lease: Lease): void {
  if (isSingle && !isCall) return
  lease.isInTransaction = true
  if (pins) lease.isSpent = true
}

/** Whether others may see something new, once this has ended well. A transaction in which everything was a read shows nothing. */
export function showsWrite({ sqlClass, holder, wasInTransaction, destination }: Work): boolean {
  const { control, isRepeatable, setsState } = sqlClass
  // A KILL changes no data.
  if (destination !== undefined) return false
  // Each of these commits a transaction that is open.
  const isSetting = setsState || control === 'begin' || control === 'set-transaction'
  if (isSetting && !wasInTransaction) return false
  if (control === 'none') return !isRepeatable
  return holder === undefined || holder.hasChanges
}

/** What a session has set is its own; what it found on the connection stays the connection's. */
export function noteState(work: Work, lease: Lease): void {
  const { holder, sqlClass } = work
  const isSetting = sqlClass.setsState || (sqlClass.pins && !sqlClass.isSingle)
  if (!isSetting) return
  const { stateText } = work
  const after = (state: SessionState): SessionState =>
    stateText === undefined ? SessionState.unknown() : state.after(stateText)
  lease.state = after(lease.state)
  if (holder === undefined) return
  holder.state = after(holder.state)
  if (stateText === undefined || holder.state.isLong) holder.bindForGood()
}

/**
 * Whether a statement that was to set something for those after it (a transaction, a lock, a variable) has failed without an answer
 * of the server: what follows must not run without it. On mysql2's connection, which is lost then, nothing would.
 */
export function leavesUnset(
  { control, pins, setsState }: SqlClass,
  lease: Lease | undefined,
  kind: ErrorKind,
): boolean {
  const isAnswered = lease !== undefined && kind !== 'lost' && kind !== 'stopping'
  const ends = control === 'commit' || control === 'rollback' || control === 'savepoint'
  return !isAnswered && !ends && (pins || setsState || control !== 'none')
}
