import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { LRUCache } from 'lru-cache'
import { codeOf } from '../contract/error-code.js'
import { monotonicMs } from './clock.js'

/** More instance names than any cluster has (15 readers and a writer), with room for renamed and autoscaled ones. */
const MAX_NAMES = 256

/** Aurora's zones have a TTL of 5 s (AWS Aurora MySQL DBA handbook): an address that fails for longer may have moved. */
const ZONE_TTL_MS = 5_000

/** An address that works is looked up again this often, beside the traffic. */
const REFRESH_AFTER_MS = 60_000

/** A name that does not exist is asked for again after so long, then doubling. */
const MISSING_FOR_MS = 500
const MISSING_FOR_MOST_MS = 10_000
/** While a writer is looked for, it may be the one whose name has just been made. */
const MISSING_WHILE_URGENT_MS = 1_000

/** Connects that did not reach a host. One that refuses, or cuts a connection, is there. */
const LEADS_NOWHERE: ReadonlySet<string | undefined> = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
])

/** An answer that takes longer may never come: a resolver of one's own can lose one. Whoever asks then has it ask anew. */
const ANSWER_WITHIN_MS = 10_000

type Resolved = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void

/** A name that is being looked up, and who waits for it. */
interface LookUp {
  askedAtMs: number
  readonly callbacks: Resolved[]
}

interface Missing {
  readonly error: NodeJS.ErrnoException
  readonly pauseMs: number
  readonly askedAtMs: number
}

interface Entry {
  addresses: readonly LookupAddress[]
  lookedUpAtMs: number
  failingSinceMs: number | undefined
}

/**
 * Addresses of instance endpoints, so that a reconnect makes no look-up: an instance keeps its address over a failover, and DNS is
 * slow or away just then. The cluster's own names never come here, since they move.
 */
export class AddressCache {
  readonly #lookup: LookupFunction
  readonly #underWay = new Map<string, LookUp>()
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_NAMES })
  /** Names that do not exist (ghosts stay in the topology for a day), and when each may be asked for again. */
  readonly #missing = new LRUCache<string, Missing>({ max: MAX_NAMES })
  /** A writer is being looked for. */
  isUrgent = false

  constructor(lookup: LookupFunction | undefined) {
    this.#lookup = lookup ?? (systemLookup as LookupFunction)
  }

  /** For `net.connect`: answers from the cache; looks up, and remembers, a name that is not in it. */
  readonly cached: LookupFunction = (host, options, callback) => {
    const entry = this.#entries.get(host)
    if (entry !== undefined) {
      this.#refreshWhenDue(host, entry)
      process.nextTick(answer, entry.addresses, options, callback)
      return
    }
    const missing = this.#missing.get(host)
    if (missing !== undefined && this.#isPaused(missing)) {
      process.nextTick(callback, missing.error, '', 0)
      return
    }
    this.#resolve(host, (error, addresses) => {
      if (error !== null) callback(error, '', 0)
      else {
        this.#keep(host, addresses)
        answer(addresses, options, callback)
      }
    })
  }

  /** For `net.connect`: resolves afresh, and remembers nothing. */
  readonly fresh: LookupFunction = (host, options, callback) => {
    this.#lookup(host, options, callback)
  }

  /** Fills the cache as soon as an instance is known, so that its first connection waits for no DNS either. */
  prefetch(host: string): void {
    const missing = this.#missing.get(host)
    if (this.#entries.has(host) || (missing !== undefined && this.#isPaused(missing))) return
    this.#resolve(host, (error, addresses) => {
      if (error === null) this.#keep(host, addresses)
    })
  }

  /**
   * A connect to the name, or a connection, failed. An address that cannot be reached, or that fails for longer
   * than the zone's TTL, may have moved and is looked up again beside the next attempts. It is kept until an answer comes: during
   * a failover DNS may be away.
   */
  failed(host: string, code: string | undefined): void {
    const entry = this.#entries.get(host)
    if (entry === undefined) return
    const nowMs = monotonicMs()
    entry.failingSinceMs ??= nowMs
    if (LEADS_NOWHERE.has(code) || nowMs - entry.failingSinceMs >= ZONE_TTL_MS)
      this.#refresh(host, entry)
  }

  /** The name leads nowhere now, and nobody is held up: looks it up beside the next attempts, whatever the reason. */
  recheck(host: string, hasMoved: () => void = ignore): void {
    const entry = this.#entries.get(host)
    if (entry !== undefined) this.#refresh(host, entry, hasMoved)
  }

  /** A connect to the name succeeded. */
  succeeded(host: string): void {
    const entry = this.#entries.peek(host)
    if (entry !== undefined) entry.failingSinceMs = undefined
  }

  /** The address belongs to somebody else: the next connect looks the name up. */
  forget(host: string): void {
    this.#missing.delete(host)
    this.#entries.delete(host)
  }

  #noteMissing(host: string, error: NodeJS.ErrnoException | null): void {
    if (error === null) this.#missing.delete(host)
    if (error?.code !== 'ENOTFOUND') return
    const pauseMs = Math.min(
      MISSING_FOR_MOST_MS,
      2 * (this.#missing.get(host)?.pauseMs ?? MISSING_FOR_MS / 2),
    )
    this.#missing.set(host, { error, pauseMs, askedAtMs: monotonicMs() })
  }

  #isPaused({ pauseMs, askedAtMs }: Missing): boolean {
    const mostMs = this.isUrgent ? MISSING_WHILE_URGENT_MS : MISSING_FOR_MOST_MS
    return monotonicMs() - askedAtMs < Math.min(pauseMs, mostMs)
  }

  #keep(host: string, addresses: readonly LookupAddress[]): void {
    this.#entries.set(host, {
      addresses,
      lookedUpAtMs: monotonicMs(),
      failingSinceMs: undefined,
    })
  }

  #refreshWhenDue(host: string, entry: Entry): void {
    const isDue = monotonicMs() - entry.lookedUpAtMs >= REFRESH_AFTER_MS
    if (isDue && entry.failingSinceMs === undefined) this.#refresh(host, entry)
  }

  #refresh(host: string, entry: Entry, hasMoved: () => void = ignore): void {
    if (this.#isBeingAsked(host)) return
    this.#resolve(host, (error, addresses) => {
      entry.lookedUpAtMs = monotonicMs()
      if (error !== null) return
      const isKnown = addresses.some(({ address }) =>
        entry.addresses.some((known) => known.address === address),
      )
      entry.addresses = addresses
      if (!isKnown) hasMoved()
    })
  }

  #isBeingAsked(host: string): boolean {
    const { askedAtMs = Number.NEGATIVE_INFINITY } = this.#underWay.get(host) ?? {}
    return monotonicMs() - askedAtMs < ANSWER_WITHIN_MS
  }

  /** Looks a name up; who asks for it meanwhile gets the same answer. */
  #resolve(host: string, callback: Resolved): void {
    const isBeingAsked = this.#isBeingAsked(host)
    const lookUp = this.#underWay.get(host) ?? { askedAtMs: monotonicMs(), callbacks: [] }
    lookUp.callbacks.push(callback)
    if (isBeingAsked) return
    lookUp.askedAtMs = monotonicMs()
    this.#underWay.set(host, lookUp)
    this.#ask(host, (error, addresses) => {
      // The first answer counts, whoever was asked again.
      if (this.#underWay.get(host) !== lookUp) return
      this.#underWay.delete(host)
      this.#noteMissing(host, error)
      for (const each of lookUp.callbacks) each(error, addresses)
    })
  }

  #ask(host: string, done: Resolved): void {
    const take: Parameters<LookupFunction>[2] = (error, found, family) => {
      if (error !== null) return done(failureOf(host, error), [])
      const addresses =
        typeof found === 'string' ? [{ address: found, family: family ?? 4 }] : found
      if (addresses.length > 0) return done(null, addresses)
      const missing: NodeJS.ErrnoException = new Error(`getaddrinfo ENOTFOUND ${host}`)
      missing.code = 'ENOTFOUND'
      done(missing, [])
    }
    try {
      this.#lookup(host, { all: true }, take)
    } catch (error) {
      done(failureOf(host, error), [])
    }
  }
}

/** What a look-up failed with; a resolver of one's own may give no code, by which it is known for what it is. */
function failureOf(host: string, error: unknown): NodeJS.ErrnoException {
  if (codeOf(error) !== undefined) return error as NodeJS.ErrnoException
  const failure = new Error(`The look-up of ${host} failed`, { cause: error })
  return Object.assign(failure, { code: 'EAI_FAIL', syscall: 'getaddrinfo' })
}

/** Gives addresses in the form that `net.connect` asked for. */
function answer(
  addresses: readonly LookupAddress[],
  options: { readonly all?: boolean | undefined; readonly family?: unknown },
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | LookupAddress[],
    family?: number,
  ) => void,
): void {
  if (options.all === true) return callback(null, [...addresses])
  const wanted = addresses.find(({ family }) => family === options.family) ?? addresses[0]
  callback(null, wanted?.address ?? '', wanted?.family)
}

function ignore(): void {}
