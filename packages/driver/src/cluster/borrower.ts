import type { Connection, Lender } from '../io/connection.js'
import type { SessionState } from '../io/session-state.js'
import { SessionState as State } from '../io/session-state.js'
import type { Role } from '../model/topology.js'
import type { Queued } from './fifo.js'

/** Who borrows a connection: gets exactly one of the two calls, unless it has withdrawn. */
export interface Borrower<L> extends Queued {
  /** The connection must be able to carry writes: it is asked for its role when that is in doubt. */
  readonly needsWriter: boolean
  /** What has been set in the session that it belongs to. */
  readonly state: SessionState
  /** The statement that it will run, when that does nothing but set something for its session. */
  readonly setting: string | undefined
  /** It runs nothing: whatever is set will do. */
  readonly takesAny: boolean
  /** Gave up waiting; it is passed over. */
  readonly hasWithdrawn: boolean
  lend(lease: L): void
  refuse(error: unknown): void
}

/** A session that begins: it has set nothing, and nothing runs yet. */
export const NEW_SESSION: Borrower<unknown> = {
  next: undefined,
  needsWriter: false,
  state: State.BASE,
  setting: undefined,
  takesAny: false,
  hasWithdrawn: false,
  lend: () => {},
  refuse: () => {},
}

/**
 * Whether a connection carries what its borrower wants of it:
 * `same`; `missing`: less, and the rest can be sent first; `foreign`: something that the borrower has not set.
 */
export function stateFit(
  lease: Connection<Lender & { readonly role: Role }>,
  borrower: Borrower<unknown>,
): 'same' | 'missing' | 'foreign' {
  const { state } = borrower
  if (state === lease.state || borrower.takesAny) return 'same'
  // Every session of a query builder's own pool begins with the same SET, which others have left here.
  if (borrower.setting !== undefined && state.after(borrower.setting) === lease.state) return 'same'
  // What a released session left on a writer's connection stays for the next one, as in mysql2: tools rely on it.
  const takesAsLeft = state === State.BASE && lease.lender.role === 'writer'
  if (takesAsLeft && lease.state === lease.leftState) return 'same'
  return state.since(lease.state) === undefined ? 'foreign' : 'missing'
}
