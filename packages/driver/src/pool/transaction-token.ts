import { randomBytes } from 'node:crypto'
import { AuroraError } from '../contract/errors.js'
import type { OpenTransaction } from './open-transaction.js'

/** Tokens are kept for so long, by the server's clock: nobody looks for one after `failoverTimeoutMs`. */
const KEPT_FOR_HOURS = 24
/** After so many tokens a batch of twice as many old ones is removed, so that removing keeps up with adding. */
export const TOKENS_PER_SWEEP = 100

/** What the user creates, in the database that the pool uses. */
const TOKEN_TABLE_DDL =
  'CREATE TABLE aurora_mysql2_token (token BINARY(16) NOT NULL PRIMARY KEY, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (created_at))'

/** Removes a batch of old tokens; runs outside of transactions, and twice as well as once. */
export const SWEEP_TOKENS = `DELETE FROM aurora_mysql2_token WHERE created_at < NOW() - INTERVAL ${KEPT_FOR_HOURS} HOUR ORDER BY created_at LIMIT ${2 * TOKENS_PER_SWEEP}`

const DUPLICATE = 1062
const NO_SUCH_TABLE = 1146
const NO_DATABASE = 1046

/** How long a thread that was killed may take to be gone before the token is asked for all the same. */
const LOOKS_AT_DYING = 20
const LOOK_EVERY_MS = 50

/**
 * What makes a transaction run exactly once: a row that is committed with it. Whoever inserts the same row again learns what became
 * of it: it is there (committed), it is not (rolled back), or the insert waits for the row's lock (still under way).
 */
export class TransactionToken {
  readonly #token = randomBytes(16)
  /** Names the session that holds a transaction of this token: a lock of that name can be traced to its thread without any privilege. */
  readonly #lockName = `aurora_mysql2:${this.#token.toString('hex')}`
  /** Where the attempt before ran; undefined when it has ended for certain. */
  #before: { readonly instance: string; readonly threadId: number | null } | undefined
  #hasLock = false

  /**
   * The first thing in every attempt. `applied`: an attempt before was committed, and nothing must run again.
   *
   * @throws whatever the server says: 1205 and 1213 mean that an attempt before has not ended yet
   * @throws AuroraError `ERR_AURORA_TOKEN_TABLE`
   */
  async claim(transaction: OpenTransaction): Promise<'new' | 'applied'> {
    if (this.#before !== undefined && this.#before.instance === transaction.place?.instance)
      await this.#endBefore(transaction)
    this.#before = transaction.place
    this.#hasLock = true
    await transaction.ask('DO GET_LOCK(?, 0)', [this.#lockName])
    transaction.noteChanges()
    try {
      await transaction.ask('INSERT INTO aurora_mysql2_token (token) VALUES (?)', [this.#token])
      return 'new'
    } catch (error) {
      const errno = (error as { errno?: unknown } | null)?.errno
      if (errno === DUPLICATE) return 'applied'
      if (errno === NO_SUCH_TABLE || errno === NO_DATABASE) throw tableError(error)
      throw error
    }
  }

  /** The attempt has ended well: nothing of it is left on its connection. */
  async release(transaction: OpenTransaction): Promise<void> {
    if (!this.#hasLock) return
    this.#hasLock = false
    try {
      await transaction.ask('DO RELEASE_LOCK(?)', [this.#lockName])
    } catch {
      transaction.spoil()
    }
  }

  /**
   * The same server may still hold the session of the attempt before, since nobody has told it that the client is gone: its
   * transaction would be open for hours. The lock's holder is that session and no other, also where thread ids begin anew.
   */
  async #endBefore(transaction: OpenTransaction): Promise<void> {
    for (let look = 0; look < LOOKS_AT_DYING; look++) {
      const [row] = (await transaction.ask('SELECT IS_USED_LOCK(?) AS thread', [
        this.#lockName,
      ])) as { readonly thread: number | string | null }[]
      const thread = row?.thread ?? null
      if (thread === null || Number(thread) === transaction.place?.threadId) return
      if (look === 0) await transaction.ask('KILL ?', [Number(thread)]).catch(ignore)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
}

function tableError(cause: unknown): AuroraError {
  const message = `transaction({ exactlyOnce: true }) needs a table in the database that the pool uses; create it with: ${TOKEN_TABLE_DDL}`
  return new AuroraError('ERR_AURORA_TOKEN_TABLE', message, { cause })
}

function ignore(): void {}
