import { interrupted } from '../engine/writer-lock.js'
import { SqlError } from '../sql-error.js'

/** A session, as locks by name know it. */
export interface UserLockOwner {
  readonly connectionId: number
}

interface Waiter {
  readonly owner: UserLockOwner
  grant(): void
}

interface UserLock {
  owner: UserLockOwner
  /** How often the owner has taken it. */
  count: number
  readonly waiters: Waiter[]
}

/** MySQL's limit. */
const maxNameChars = 64

/** The locks of GET_LOCK: by name, for a session, until it gives them back or ends. Names are case-insensitive. */
export class UserLocks {
  readonly #locks = new Map<string, UserLock>()
  readonly #wanted = new Map<UserLockOwner, string>()

  /** Takes a lock, waiting for it; false when the time is over. A negative time has no end. */
  acquire(
    name: string,
    owner: UserLockOwner,
    seconds: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const key = checkedName(name)
    const lock = this.#locks.get(key)
    if (!lock) {
      this.#locks.set(key, { owner, count: 1, waiters: [] })
      return Promise.resolve(true)
    }
    if (lock.owner === owner) {
      lock.count += 1
      return Promise.resolve(true)
    }
    if (seconds === 0) return Promise.resolve(false)
    this.#wanted.set(owner, key)
    if (this.#isInCircle(owner)) {
      this.#wanted.delete(owner)
      throw deadlock()
    }
    return this.#wait(lock, owner, seconds, signal)
  }

  /** Gives a lock back once; undefined: nobody has it, false: somebody else. */
  release(name: string, owner: UserLockOwner): boolean | undefined {
    const key = checkedName(name)
    const lock = this.#locks.get(key)
    if (!lock) return undefined
    if (lock.owner !== owner) return false
    lock.count -= 1
    if (lock.count === 0) this.#passOn(key, lock)
    return true
  }

  /** Gives everything back that a session holds; tells how often it had taken something. */
  releaseAll(owner: UserLockOwner): number {
    let count = 0
    for (const [key, lock] of this.#locks) {
      if (lock.owner !== owner) continue
      count += lock.count
      this.#passOn(key, lock)
    }
    return count
  }

  ownerOf(name: string): UserLockOwner | undefined {
    return this.#locks.get(checkedName(name))?.owner
  }

  #wait(
    lock: UserLock,
    owner: UserLockOwner,
    seconds: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', interrupt)
        this.#wanted.delete(owner)
        const place = lock.waiters.indexOf(waiter)
        if (place >= 0) lock.waiters.splice(place, 1)
      }
      const waiter: Waiter = {
        owner,
        grant() {
          leave()
          resolve(true)
        },
      }
      const interrupt = () => {
        leave()
        reject(interrupted())
      }
      const giveUp = () => {
        leave()
        resolve(false)
      }
      const timer = seconds < 0 ? undefined : setTimeout(giveUp, seconds * 1000)
      lock.waiters.push(waiter)
      signal.addEventListener('abort', interrupt)
      if (signal.aborted) interrupt()
    })
  }

  #passOn(key: string, lock: UserLock): void {
    const [next] = lock.waiters
    if (!next) {
      this.#locks.delete(key)
      return
    }
    lock.owner = next.owner
    lock.count = 1
    next.grant()
  }

  /** Whether a session would wait, through others that wait, for itself. */
  #isInCircle(owner: UserLockOwner): boolean {
    let current: UserLockOwner | undefined = owner
    for (let steps = 0; current && steps <= this.#wanted.size; steps += 1) {
      const wanted = this.#wanted.get(current)
      current = wanted === undefined ? undefined : this.#locks.get(wanted)?.owner
      if (current === owner) return true
    }
    return false
  }
}

function checkedName(name: string): string {
  const length = [...name].length
  if (length > 0 && length <= maxNameChars) return name.toLowerCase()
  throw new SqlError(3057, '42000', `Incorrect user-level lock name '${name}'.`)
}

function deadlock(): SqlError {
  return new SqlError(
    3058,
    'HY000',
    'Deadlock found when trying to get user-level lock; try rolling back transaction/releasing locks and restarting lock acquisition.',
  )
}
