import type { SqlClass } from '../policy/sql-class.js'
import type { Holder } from './holder.js'
import type { Lease } from './instance-pool.js'
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

/** `getConnection()`: a session gets its first lease, so that an unreachable server shows at once, as in mysql2. */
export class Checkout extends Work {
  readonly text = undefined
  readonly wasSent = false
  readonly hasDelivered = false
  readonly usedLocalInfile = false
  readonly #done: (error: unknown) => void

  constructor(runner: Runner, holder: Holder, done: (error: unknown) => void) {
    super(runner, NOTHING, undefined, holder, undefined)
    this.#done = done
  }

  override get isCheckout(): boolean {
    return true
  }

  begin(): void {
    this.runner.succeeded(this)
    // Never inside the call, whether or not a connection was idle.
    process.nextTick(this.#done, null)
  }

  fail(error: unknown): void {
    this.#done(error)
  }

  whenReplied(): void {}

  forgetStatement(_lease: Lease): void {}
}
