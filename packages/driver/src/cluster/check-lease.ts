import type { Connection, Lender } from '../io/connection.js'
import { lostError } from '../io/connection.js'
import { askIdentity } from '../io/questioner.js'
import type { Role } from '../model/topology.js'

/** How long a connection that may be dead has to answer. */
const ANSWER_WITHIN_MS = 1_000

/** The instance that a connection is believed to lead to. */
export interface BelievedInstance extends Lender {
  readonly role: Role
}

/** The instance has changed its role since this connection last said which one it has. */
export function isRoleInDoubt(lease: Connection, instance: BelievedInstance): boolean {
  return lease.roleVersion < instance.roleVersion
}

/** Whether a connection lives, and its instance says on it that it is what it is believed to be. */
export async function confirmsRole(
  lease: Connection,
  instance: BelievedInstance,
): Promise<boolean> {
  try {
    await within(ANSWER_WITHIN_MS, identify(lease, instance))
    return true
  } catch {
    return false
  }
}

/**
 * Asks a connection who is there, and in which role: an address may have moved, a role may have changed; only the connection
 * itself can tell.
 *
 * @throws an error like that of a lost connection when it is another instance, or a reader where a writer is believed
 */
export async function identify(lease: Connection, instance: BelievedInstance): Promise<void> {
  const { roleVersion } = instance
  const identity = await askIdentity(lease.core)
  if (identity.serverId !== instance.id || (instance.role === 'writer' && identity.isReadOnly)) {
    throw lostError(
      'Connection lost: the instance that answered is not the one that was looked for, or not in its role.',
    )
  }
  lease.roleVersion = roleVersion
}

/** Whether a connection that was unused for long is still there. */
export function answersPing(lease: Connection): Promise<boolean> {
  const answer = new Promise<void>((resolve, reject) => {
    lease.core.ping((error) => (error ? reject(error) : resolve()))
  })
  return within(ANSWER_WITHIN_MS, answer).then(
    () => true,
    () => false,
  )
}

/** Gives up on an answer after a time; the answer itself may still come and is ignored. */
function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(lostError(`No answer within ${limitMs} ms`)), limitMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
