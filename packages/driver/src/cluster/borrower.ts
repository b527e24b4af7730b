import type { Connection, Lender } from '../io/connection.js'
import type { SessionState } from '../io/session-state.js'
import { SessionState as State } from '../io/session-state.js'
import type { Role } from '../model/topology.js'
import type { Queued } from './fifo.js'
import { canReset } from './reset-connection.js'

/** Who borrows a connection: gets exactly one of the two calls, unless it has withdrawn. */
export interface Borrower<L> extends Queued {
  /** The connection must be able to carry writes: it is asked for its role when that is in doubt. */
  readonly needsWriter: boolean
  /** What has been set in the session that it belongs to. */
  readonly state: SessionState
  /** The statement that it will run, when that does nothing but set something for its session. */
  readonly setting: string | undefined
  /** It runs nothing itself: what is set on its connection is looked at when its session's first statement comes. */
  readonly isCheckout: boolean
  /** Its session has its place in the pool: limits on who may wait are not for it. */
  readonly isAdmitted: boolean
  /** Gave up waiting; it is passed over. */
  readonly hasWithdrawn: boolean
  /** It stands in line for a connection. */
  onQueued(): void
  lend(lease: L): void
  refuse(error: unknown): void
}

/** A session that begins: it has set nothing, and nothing runs yet. */
export const NEW_SESSION: Borrower<unknown> = {
  next: undefined,
  needsWriter: false,
  state: State.BASE,
  setting: undefined,
  isCheckout: true,
  isAdmitted: false,
  hasWithdrawn: false,
  onQueued: () => {},
  lend: () => {},
  refuse: () => {},
}

/** How a connection's state meets its borrower's, the better first. */
export type StateFit = 'same' | 'missing' | 'foreign' | 'unfit'

/**
 * Whether a connection carries what its borrower wants of it: `same`; `missing`: not all of it, and the rest can be sent first;
 * `foreign`: something that the borrower has not set, so that it must be reset first; `unfit`: which cannot be done.
 */
export function stateFit(
  lease: Connection<Lender & { readonly role: Role }>,
  borrower: Borrower<unknown>,
): StateFit {
  const { state } = borrower
  if (state === lease.state) return 'same'
  // What a released session left on a writer's connection stays for the next one, as in mysql2: tools rely on it.
  const takesAsLeft = state === State.BASE && lease.lender.role === 'writer'
  if (takesAsLeft && lease.state === lease.leftState) return 'same'
  // It sets itself all that is missing: the same as others have left here, or the same thing otherwise.
  const { setting } = borrower
  if (setting !== undefined && setsAll(setting, state, lease.state)) return 'same'
  if (state.since(lease.state) !== undefined) return 'missing'
  return borrower.isCheckout || canReset(lease) ? 'foreign' : 'unfit'
}

function setsAll(setting: string, state: SessionState, found: SessionState): boolean {
  const missing = state.after(setting).since(found)
  return (
    missing !== undefined &&
    (missing.length === 0 || (missing.length === 1 && missing[0] === setting))
  )
}
