import type { Connection } from '../io/connection.js'
import type { Permit } from '../io/permits.js'
import type { Borrower } from './borrower.js'
import { ByteCount } from './byte-count.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { type OpeningPool, openLease } from './open-lease.js'

/** No permit of any pool. */
const NO_PERMIT: Permit = { number: 0 }

/**
 * Connections to an instance outside its limit, each for one statement: those within it may all be held by what a KILL is to end.
 * Like those of the monitor they are shown to nobody.
 */
export class Beside<P extends OpeningPool> {
  readonly leases = new Set<Connection<P>>()
  readonly #pool: P
  readonly #setup: InstancePoolSetup
  readonly #bytes = new ByteCount()

  constructor(pool: P, setup: InstancePoolSetup) {
    this.#pool = pool
    this.#setup = { ...setup, onConnection: () => {} }
  }

  /** Bytes received on all that there ever were. */
  get bytesRead(): number {
    return this.#bytes.total(this.leases)
  }

  async lend(borrower: Borrower<Connection<P>>): Promise<void> {
    const onDeath = (lease: Connection<P>): void => {
      if (this.leases.delete(lease)) this.#bytes.closed(lease)
    }
    const books = { permit: NO_PERMIT, bytes: this.#bytes, all: this.leases, onDeath }
    let lease: Connection<P>
    try {
      lease = await this.#setup.outside(() => openLease(this.#pool, this.#setup, books))
    } catch (error) {
      if (!borrower.hasWithdrawn) borrower.refuse(error)
      return
    }
    // Closed when it is given back.
    lease.isSpent = true
    if (borrower.hasWithdrawn) lease.end()
    else borrower.lend(lease)
  }

  /** Cuts the connects that are under way. */
  cutOpening(makeError: () => Error): void {
    this.#bytes.cutOpening(makeError)
  }
}
