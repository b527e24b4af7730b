import { Connection } from '../io/connection.js'
import { openConnection } from '../io/open-connection.js'
import type { Permit } from '../io/permits.js'
import type { Borrower, InstancePool, Lease } from './instance-pool.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'

/** No permit of any pool. */
const NO_PERMIT: Permit = { number: 0 }

/**
 * Lends a connection outside an instance's limit, for one statement: those within it may all be held by what a KILL is to end. Like
 * those of the monitor it is shown to nobody.
 */
export async function lendBeside(
  borrower: Borrower,
  pool: InstancePool,
  { target, outside }: InstancePoolSetup,
): Promise<void> {
  let lease: Lease
  try {
    const core = await outside(() => openConnection(pool, { ...target, endpoint: pool.endpoint }))
    lease = new Connection(core, pool, NO_PERMIT, () => {})
  } catch (error) {
    if (!borrower.hasWithdrawn) borrower.refuse(error)
    return
  }
  // Closed when it is given back.
  lease.isSpent = true
  if (borrower.hasWithdrawn) lease.end()
  else borrower.lend(lease)
}
