import { monotonicMs } from '../io/clock.js'
import type { Connection, Lender } from '../io/connection.js'
import { lostError } from '../io/connection.js'
import { askIdentity } from '../io/questioner.js'
import type { Role } from '../model/topology.js'
import { type Borrower, stateFit } from './borrower.js'
import { catchUp } from './catch-up.js'
import { resetConnection } from './reset-connection.js'

/** How long a connection that may be dead has to answer. */
export const ANSWER_WITHIN_MS = 1_000

/** The instance that a connection is believed to lead to. */
export interface BelievedInstance extends Lender {
  readonly role: Role
}

/** The instance has changed its role since this connection last said which one it has. */
export function isRoleInDoubt(lease: Connection, instance: BelievedInstance): boolean {
  return lease.roleVersion < instance.roleVersion
}

/**
 * Makes a connection fit for its borrower: checks it, where that is wanted, and brings it to the wanted state.
 * `dead`: it did not answer, or is not what it was believed to be; `spoiled`: it could not be reset; `unfit`: the server refused a
 * setting, with this error.
 *
 * @param borrower undefined: what is set on it is its borrower's
 */
export async function makeReady(
  lease: Connection<BelievedInstance>,
  borrower: Borrower<unknown> | undefined,
  isInDoubt: boolean,
): Promise<readonly ['ready' | 'dead' | 'spoiled'] | readonly ['unfit', unknown]> {
  if (isInDoubt) {
    const check = isRoleInDoubt(lease, lease.lender) ? identify(lease, lease.lender) : ping(lease)
    try {
      await within(ANSWER_WITHIN_MS, check)
    } catch {
      return ['dead']
    }
    lease.isDoubtful = false
    lease.lastUsedMs = monotonicMs()
  }
  if (borrower === undefined || borrower.isCheckout) return ['ready']
  try {
    if (stateFit(lease, borrower) === 'foreign') await resetConnection(lease)
  } catch {
    return ['spoiled']
  }
  try {
    if (stateFit(lease, borrower) === 'missing') await catchUp(lease, borrower.state)
  } catch (error) {
    return ['unfit', error]
  }
  return ['ready']
}

/**
 * Asks a connection who is there, and in which role: an address may have moved, a role may have changed; only the connection
 * itself can tell.
 *
 * @throws an error like that of a lost connection when it is another instance, or a reader where a writer is believed
 */
export async function identify(lease: Connection, instance: BelievedInstance): Promise<void> {
  const { roleVersion } = instance
  const identity = await lease.whileAlive(askIdentity(lease.core))
  if (identity.serverId !== instance.id || (instance.role === 'writer' && identity.isReadOnly)) {
    throw lostError(
      'Connection lost: the instance that answered is not the one that was looked for, or not in its role.',
    )
  }
  lease.roleVersion = roleVersion
}

/** Whether a connection that was unused for long is still there. */
function ping(lease: Connection): Promise<void> {
  const answer = new Promise<void>((resolve, reject) => {
    lease.core.ping((error) => (error ? reject(error) : resolve()))
  })
  return lease.whileAlive(answer)
}

/** Gives up on an answer after a time; the answer itself may still come and is ignored. */
export function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = (): void => reject(lostError(`No answer within ${limitMs} ms`))
    // If it was us who stood still, the answer lies in the kernel: it is read first.
    const timer = setTimeout(() => setImmediate(expire), limitMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
