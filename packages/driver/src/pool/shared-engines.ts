import type { AuroraPoolOptions } from './create-pool.js'
import { makeEngine } from './create-pool.js'
import type { Engine } from './engine.js'

/** How long a cluster outlives the last connection that used it: pools of query builders close one and open the next. */
const LINGER_MS = 1_000

/** More connections than there will ever be, and fewer than no limit: mysql2 closes idle ones only where `maxIdle` is below the limit. */
const MANY = 1_000_000

/** One use of a cluster that several connections share. */
export interface SharedEngine {
  readonly engine: Engine
  /** This connection needs it no more. */
  leave(): void
}

interface Entry {
  readonly engine: Engine
  users: number
  /** Closes it, while it lingers. */
  timer: NodeJS.Timeout | undefined
}

/**
 * The clusters behind `createConnection()`: equal targets share one, counted by use, closed a second after the last. This register is
 * the only process-wide state of the library beside the current request and the subscription to incoming ones (`consistency.ts`).
 * While one of them lingers the end of the process is listened for, so that the server is said goodbye to.
 */
const entries = new Map<string, Entry>()

/** Numbers for what cannot be compared by value. */
const identities = new WeakMap<object, number>()
let lastIdentity = 0

/** The cluster for these options. */
export function shareEngine(options: AuroraPoolOptions | string): SharedEngine {
  const key = keyOf(options)
  let entry = entries.get(key)
  if (entry === undefined) {
    // How many connections there may be is for the pool to say in which they live. Idle ones are kept for `idleTimeout`.
    const limits = { connectionLimit: 0, ...(hasMaxIdle(options) ? {} : { maxIdle: MANY }) }
    entry = { engine: makeEngine(options, limits), users: 0, timer: undefined }
    entries.set(key, entry)
  }
  const shared = entry
  shared.users++
  clearTimeout(shared.timer)
  shared.timer = undefined
  let hasLeft = false
  return {
    engine: shared.engine,
    leave: () => {
      if (hasLeft) return
      hasLeft = true
      if (--shared.users > 0) return
      shared.timer = setTimeout(() => close(key, shared), LINGER_MS)
      shared.timer.unref()
      process.off('beforeExit', closeLingering)
      process.once('beforeExit', closeLingering)
    },
  }
}

function close(key: string, { engine, timer }: Entry): void {
  clearTimeout(timer)
  entries.delete(key)
  if (![...entries.values()].some(lingers)) process.off('beforeExit', closeLingering)
  engine.end(() => {})
}

/** The process has nothing else to do. */
function closeLingering(): void {
  for (const [key, entry] of [...entries]) if (lingers(entry)) close(key, entry)
}

function lingers({ timer }: Entry): boolean {
  return timer !== undefined
}

function hasMaxIdle(options: AuroraPoolOptions | string): boolean {
  return typeof options === 'object' && options.maxIdle !== undefined
}

/** Equal for options that lead to equal connections: plain values by value, functions and instances by identity. */
function keyOf(value: unknown): string {
  if (typeof value === 'function') return `#${identityOf(value)}`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `#${identityOf(value)}`
  // Hidden ones count too: two logins must not become one.
  const members = Object.getOwnPropertyNames(value)
    .sort()
    .map((name) => [name, (value as Readonly<Record<string, unknown>>)[name]] as const)
    .filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${keyOf(member)}`).join()}}`
}

function identityOf(value: object): number {
  let identity = identities.get(value)
  if (identity === undefined) {
    identity = ++lastIdentity
    identities.set(value, identity)
  }
  return identity
}
