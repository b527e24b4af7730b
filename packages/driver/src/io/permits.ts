import { createPool, type Pool } from 'generic-pool'

/** The right to own one physical connection. */
export interface Permit {
  readonly number: number
}

/**
 * How many physical connections an instance may have: generic-pool as a pool of permits, not of connections, since a rejected
 * `create` never reaches generic-pool's waiter but is tried again in a busy loop (coopernurse/node-pool issues 175 and 183).
 * Making a permit cannot fail, so a connect error reaches whoever connects, at once.
 */
export class Permits {
  readonly #pool: Pool<Permit>
  readonly #out = new Set<Permit>()
  #made = 0

  /** @param limit how many at once; 0 means no limit, as mysql2's `connectionLimit` does (generic-pool would read 0 as 1) */
  constructor(limit: number) {
    const max = limit === 0 ? Number.MAX_SAFE_INTEGER : limit
    this.#pool = createPool(
      {
        create: () => Promise.resolve({ number: ++this.#made }),
        destroy: () => Promise.resolve(),
      },
      { max, autostart: false },
    )
  }

  /** Waits for a permit. A waiter cannot be withdrawn: one that gave up must `release` what it gets. */
  async acquire(): Promise<Permit> {
    const permit = await this.#pool.acquire()
    this.#out.add(permit)
    return permit
  }

  /** Gives a permit back. A connection may die while it is being opened, and both ends give back: the second time is ignored. */
  release(permit: Permit): void {
    if (this.#out.delete(permit)) void this.#pool.release(permit)
  }
}
