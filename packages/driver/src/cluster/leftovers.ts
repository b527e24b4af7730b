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

/** What a session has set is its own; what it found on the connection stays the connection's. */
export function noteState({ stateText, holder, sqlClass }: Work, lease: Lease): void {
  const isSetting = sqlClass.setsState || (sqlClass.pins && !sqlClass.isSingle)
  if (!isSetting) return
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
