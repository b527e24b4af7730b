import type { StatementOptions } from '../contract/statement-options.js'
import type { SqlClass } from '../policy/sql-class.js'
import type { Holder } from './holder.js'
import type { Lease } from './instance-pool.js'
import type { Monitor } from './monitor.js'
import type { Placement } from './placement.js'
import type { ClusterState } from './state.js'
import { type Runner, Work } from './work.js'

/** Opening a session does nothing on the server. */
const NOTHING: SqlClass = Object.freeze({
  intent: 'read',
  isRepeatable: true,
  pins: false,
  setsState: false,
  control: 'none',
  isSingle: true,
  isCall: false,
  mayCommit: false,
  hint: undefined,
  hintError: undefined,
})

/** Gives a session that begins an idle connection, without a look at it; false where there is none, or a look is needed. */
export function checkOutAtOnce(
  holder: Holder,
  state: ClusterState,
  { placement, monitor }: { readonly placement: Placement; readonly monitor: Monitor },
): boolean {
  if (state.isClosed || state.mode === 'unknown' || monitor.isAsleep) return false
  const lease = placement.placeAtOnce(holder.role)?.takeReady()
  if (lease === undefined) return false
  holder.takeFirst(lease)
  return true
}

/** `getConnection()`: a session gets its first lease, so that an unreachable server shows at once, as in mysql2. */
export class Checkout extends Work {
  readonly text = undefined
  readonly wasSent = false
  readonly hasDelivered = false
  readonly usedLocalInfile = false
  readonly #done: (error: unknown) => void

  constructor(
    runner: Runner,
    holder: Holder,
    done: (error: unknown) => void,
    options?: StatementOptions,
  ) {
    super(runner, NOTHING, options, holder, undefined)
    this.#done = done
  }

  override get isCheckout(): boolean {
    return true
  }

  begin(): void {
    // Never inside the call, whether or not a connection was idle; and before what stands behind it.
    process.nextTick(this.#done, null)
  }

  fail(error: unknown): void {
    this.#done(error)
  }

  whenReplied(): void {}

  forgetStatement(_lease: Lease): void {}
}
