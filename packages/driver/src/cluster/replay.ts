import type { OkResult } from '../contract/mysql2.js'
import type { Lease } from './instance-pool.js'
import type { Runner, Work } from './work.js'

/**
 * Opens a transaction again, on another instance, in which nothing had run but what opened it; then begins the statement.
 * mysql2 keeps the order, so no answer is waited for but the last; an error of any of them is the statement's.
 */
export function replay(work: Work, lease: Lease, runner: Runner): void {
  const texts = work.prelude ?? []
  let left = texts.length
  let failure: Error | undefined
  if (left === 0) return work.begin(lease)
  for (const text of texts) {
    lease.core.query(text, undefined, (error, result) => {
      failure ??= error ?? undefined
      if (error === null || error === undefined) lease.noteOk(result as OkResult)
      if (--left > 0 || work.lease !== lease) return
      if (failure !== undefined) return runner.failed(work, failure)
      work.prelude = undefined
      work.wasInTransaction = lease.isInTransaction
      work.begin(lease)
    })
  }
}
