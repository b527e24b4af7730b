import { serverStatus } from '../protocol/capabilities.js'
import { roleStatements } from '../storage/storage.js'
import type { Role } from './session-host.js'
import type { StorageLink } from './storage-link.js'

/**
 * What a session may do at the storage: it follows its instance's role, also while it lives.
 * A reader's session has an account without write rights and only read-only transactions, so that code
 * with its definer's rights is refused too; a demoted session of a writer keeps its account.
 */
export class SessionRole {
  readonly #storage: StorageLink
  #role: Role = 'writer'
  #hasReaderAccount = false
  #hasGainedRights = false

  constructor(storage: StorageLink) {
    this.#storage = storage
  }

  get role(): Role {
    return this.#role
  }

  /** The session lacks the right to change rows (and is not merely told not to). */
  get hasReaderRights(): boolean {
    return this.#hasReaderAccount && !this.#hasGainedRights
  }

  /** After a login, COM_CHANGE_USER or COM_RESET_CONNECTION: the storage has forgotten what it was told. */
  async begin(role: Role, hasReaderAccount: boolean): Promise<void> {
    this.#role = 'writer'
    this.#hasReaderAccount = hasReaderAccount
    this.#hasGainedRights = false
    if (role === 'reader') await this.become('reader')
    else if (hasReaderAccount) await this.#gainRights()
  }

  /** As `begin` after COM_RESET_CONNECTION, which keeps the account. */
  async beginAgain(role: Role): Promise<void> {
    await this.begin(role, this.#hasReaderAccount)
  }

  async become(role: Role): Promise<void> {
    if (this.#role === role) return
    this.#role = role
    if (role === 'writer') {
      await this.#storage.run(roleStatements.readWrite)
      if (this.#hasReaderAccount) await this.#gainRights()
      return
    }
    await this.#storage.run(roleStatements.readOnly)
    if (this.#hasGainedRights) {
      this.#hasGainedRights = false
      await this.#storage.run(roleStatements.loseRights)
    }
  }

  /** Rolls back a transaction of the client's. False: there was none. */
  async abortTransaction(): Promise<boolean> {
    const isOpen = (this.#storage.tracker.status & serverStatus.inTransaction) !== 0
    if (isOpen) await this.#storage.run('ROLLBACK')
    return isOpen
  }

  /** Named locks are an instance's own: a demoted one has lost those that it gave. */
  async dropNamedLocks(): Promise<void> {
    await this.#storage.run(roleStatements.dropNamedLocks)
  }

  async #gainRights(): Promise<void> {
    this.#hasGainedRights = true
    await this.#storage.run(roleStatements.gainRights)
  }
}
