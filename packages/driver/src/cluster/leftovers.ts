import { SessionState } from '../io/session-state.js'
import { classifyError, type ErrorKind } from '../policy/classify-error.js'
import type { SqlClass } from '../policy/sql-class.js'
import type { Lease } from './instance-pool.js'
import type { Work } from './work.js'

/**
 * Errors bring no flags. What ran before the failure, in one text or in a procedure, may have left a transaction open, and more; and
 * the failure may have ended the one that was: an implicit commit comes before what fails, a deadlock rolls back.
 */
export function noteLeftovers(work: Work, lease: Lease, error: Error): void {
  const { sqlClass, holder } = work
  const { isRepeatable, isSingle, isCall, pins, control, mayCommit } = sqlClass
  const ranSeveral = !isSingle || isCall
  if (holder !== undefined && !isRepeatable && control !== 'commit') holder.hasChanges = true
  work.doubt = lease.doubt
  if (ranSeveral) lease.isInTransaction = true
  if (ranSeveral && pins) {
    lease.isSoiled = true
    lease.state = SessionState.unknown()
  }
  if (!lease.isInTransaction && lease.isAutocommit) return
  if (mayCommit || ranSeveral) lease.doubt = 'committed'
  else if (classifyError(error) === 'rolled-back') lease.doubt ??= 'undone'
}

/** Whether others may see something new, once this has ended well. A transaction in which everything was a read shows nothing. */
export function showsWrite(work: Work): boolean {
  const { text, sqlClass, holder, wasInTransaction, destination } = work
  const { control, isRepeatable, setsState } = sqlClass
  // A KILL changes no data, and `reset` and `changeUser` roll back what is open.
  if (destination !== undefined || text === undefined) return false
  // Each of these commits a transaction that is open.
  const isSetting = setsState || control === 'begin' || control === 'set-transaction'
  if (isSetting && !wasInTransaction) return false
  if (control === 'none') return !isRepeatable
  return holder === undefined || holder.hasChanges
}

/**
 * Whether only a writer can have done what has ended well. A reader runs much of what is not certainly a read: `DO`, locks, procedures,
 * temporary tables.
 */
export function provesWriter({ sqlClass, wasPinned }: Work, lease: Lease | undefined): boolean {
  const { intent, control, isSingle, isCall, pins, setsState } = sqlClass
  const isPlain = intent === 'write' && control === 'none' && isSingle && !setsState
  return isPlain && !isCall && !pins && !wasPinned && lease !== undefined && lease.affectedRows > 0
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
