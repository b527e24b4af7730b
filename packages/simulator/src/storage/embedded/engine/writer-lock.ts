import { SqlError } from '../sql-error.js'

/** Somebody who may hold the lock; told apart by identity. */
export type LockOwner = object

interface Waiter {
  readonly owner: LockOwner
  readonly grant: () => void
  readonly fail: (error: Error) => void
}

/**
 * The one lock of the volume: whoever writes, or reads with a lock, holds it until its transaction ends. The others wait
 * in order of arrival, so there are no deadlocks. Reading without a lock never needs it.
 */
export class WriterLock {
  #owner: LockOwner | undefined
  readonly #waiters: Waiter[] = []

  isHeldBy(owner: LockOwner): boolean {
    return this.#owner === owner
  }

  /** Takes the lock if nobody has it. */
  tryAcquire(owner: LockOwner): boolean {
    if (this.#owner === undefined) this.#owner = owner
    return this.#owner === owner
  }

  /** Waits for the lock; 1205 after `timeoutMs`, 1317 if `signal` says so. */
  acquire(owner: LockOwner, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.tryAcquire(owner)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', interrupt)
        const at = this.#waiters.indexOf(waiter)
        if (at >= 0) this.#waiters.splice(at, 1)
      }
      const waiter: Waiter = {
        owner,
        grant: () => {
          leave()
          resolve()
        },
        fail: (error) => {
          leave()
          reject(error)
        },
      }
      const interrupt = (): void => waiter.fail(interrupted())
      const timer = setTimeout(() => waiter.fail(lockWaitTimeout()), timeoutMs)
      signal.addEventListener('abort', interrupt)
      this.#waiters.push(waiter)
      if (signal.aborted) interrupt()
    })
  }

  release(owner: LockOwner): void {
    if (this.#owner !== owner) return
    const next = this.#waiters[0]
    this.#owner = next?.owner
    next?.grant()
  }
}

/** 1205. */
export function lockWaitTimeout(): SqlError {
  return new SqlError(1205, 'HY000', 'Lock wait timeout exceeded; try restarting transaction')
}

/** 1317. */
export function interrupted(): SqlError {
  return new SqlError(1317, '70100', 'Query execution was interrupted')
}
