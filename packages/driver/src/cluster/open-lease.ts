import type { Transport } from '../contract/mysql2.js'
import { Connection, lostError } from '../io/connection.js'
import { type ConnectionOwner, openConnection } from '../io/open-connection.js'
import type { Permit } from '../io/permits.js'
import type { Endpoint } from '../model/endpoint.js'
import type { ByteCount } from './byte-count.js'
import { type BelievedInstance, identify } from './check-lease.js'
import type { InstancePoolSetup } from './instance-pool-setup.js'
import { initTextsOf } from './reset-connection.js'

export const FENCED_WHILE_CONNECTING = 'Connection lost: the instance was fenced while connecting.'

/** The pool of the instance that a connection is opened to. */
export interface OpeningPool extends BelievedInstance, ConnectionOwner {
  readonly endpoint: Endpoint
  setReachable(isReachable: boolean): void
}

/** Where a new connection is counted. */
export interface LeaseBooks<P extends OpeningPool> {
  readonly permit: Permit
  readonly bytes: ByteCount
  /** The connections of its instance. */
  readonly all: Set<Connection<P>>
  /** It is connected, and counted; it has still to be shown to the application, and to say who it is. */
  onConnected?(lease: Connection<P>): void
  onDeath(lease: Connection<P>): void
}

/**
 * Opens one more connection to an instance.
 *
 * @throws mysql2's own error; then whoever holds the permit releases it
 */
export async function openLease<P extends OpeningPool>(
  pool: P,
  setup: InstancePoolSetup,
  { permit, bytes, all, onConnected, onDeath }: LeaseBooks<P>,
): Promise<Connection<P>> {
  const { generation } = pool
  let socket: Transport | undefined
  let hasLease = false
  try {
    const core = await openConnection(pool, {
      ...setup.target,
      endpoint: pool.endpoint,
      onSocket: (opened) => {
        socket = opened
        bytes.opening(opened)
      },
    })
    const lease = new Connection<P>(core, pool, permit, onDeath)
    lease.generation = generation
    all.add(lease)
    onConnected?.(lease)
    await introduce(lease, pool, setup, all)
    hasLease = true
    return lease
  } finally {
    bytes.opened(socket, hasLease)
  }
}

/** Shows a new connection to the application, and lets it say who it is where that is in doubt. */
async function introduce<P extends OpeningPool>(
  lease: Connection<P>,
  pool: P,
  setup: InstancePoolSetup,
  all: Set<Connection<P>>,
): Promise<void> {
  try {
    if (pool._closed) throw lostError(FENCED_WHILE_CONNECTING)
    setup.onConnection(lease.core)
    lease.initTexts = initTextsOf(lease.core)
    if (setup.areTimesDoubtful()) await identify(lease, pool)
    if (lease.isFenced || lease.isDead || pool._closed) throw lostError(FENCED_WHILE_CONNECTING)
    pool.setReachable(true)
  } catch (error) {
    all.delete(lease)
    lease.end()
    throw error
  }
}
