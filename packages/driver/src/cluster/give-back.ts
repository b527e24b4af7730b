import { monotonicMs } from '../io/clock.js'
import { lostError } from '../io/connection.js'
import type { Holder } from './holder.js'
import type { Lease } from './instance-pool.js'
import { canReset, resetConnection, runOn } from './reset-connection.js'

/**
 * Gives a lease back to its instance, clean for whoever borrows it next.
 *
 * Two departures from mysql2: an open transaction is rolled back, and a connection that carries locks, user variables, temporary
 * tables, or another autocommit than it was born with, is reset, or closed where it cannot be. What `SET` and `USE` leave stays, as
 * in mysql2.
 */
export function giveBack(
  lease: Lease,
  holder: Holder | undefined,
  resetOnRelease: boolean,
  replyWithinMs: number,
): void {
  if (lease.isDead) return
  if (holder?.leavesState || lease.state.isLong) lease.isSoiled = true
  if (lease.isReplyDue)
    return whenReplied(lease, replyWithinMs, () =>
      giveBack(lease, holder, resetOnRelease, replyWithinMs),
    )
  if (lease.isAutocommit !== lease.wasBornAutocommit) lease.isSoiled = true
  if (lease.isSpent || lease.isFenced) return lease.lender.give(lease)
  if (lease.isSoiled || resetOnRelease) {
    // With mysql2's option what listeners have sent is lost, as in mysql2.
    const mayReset = (resetOnRelease && lease.core.reset !== undefined) || canReset(lease)
    if (mayReset) return void reset(lease)
    if (lease.isSoiled) lease.isSpent = true
  }
  if (lease.isSpent) return lease.lender.give(lease)
  // Where connections are born without autocommit, what the application has left open on the writer is for it to commit.
  const mayRollBack = lease.isAutocommit || lease.lender.role === 'reader'
  if (lease.isInTransaction && mayRollBack) return void rollBack(lease)
  lease.lender.give(lease)
}

async function rollBack(lease: Lease): Promise<void> {
  await clean(lease, lease.whileAlive(runOn(lease.core, 'ROLLBACK')))
  lease.isInTransaction = false
  lease.doubt = undefined
  lease.lender.give(lease)
}

async function reset(lease: Lease): Promise<void> {
  await clean(lease, resetConnection(lease))
  lease.lender.give(lease)
}

/** Waits for what makes a lease clean; one that it fails on is not lent again. */
async function clean(lease: Lease, answer: Promise<void>): Promise<void> {
  const { lender } = lease
  // An answer is owed: a silence must be noticed.
  lender.underWay++
  try {
    await answer
  } catch {
    lease.isSpent = true
  }
  lender.underWay--
}

/** How often a reply that came too late is looked for. */
const LOOK_EVERY_MS = 20

/** A statement ran into mysql2's `timeout`: its connection is lent to nobody until the reply has come, or has not. */
function whenReplied(lease: Lease, withinMs: number, done: () => void): void {
  const untilMs = monotonicMs() + withinMs
  const timer = setInterval(() => {
    if (lease.isReplyDue && !lease.isDead && monotonicMs() < untilMs) return
    clearInterval(timer)
    if (lease.isReplyDue) lease.cut(lostError('The reply to a statement that timed out never came'))
    else done()
  }, LOOK_EVERY_MS)
  timer.unref()
}
