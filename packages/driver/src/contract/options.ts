import type { LookupFunction } from 'node:net'
import { type Endpoint, type InstanceEndpoint, isInstancePattern } from '../model/endpoint.js'
import {
  type Check,
  checkAll,
  isBoolean,
  isCount,
  isDuration,
  isFunction,
  isSignal,
  oneOf,
} from './checks.js'
import { optionError } from './errors.js'

/** Who is about to be connected to: what the password function is told. IAM signs exactly this host name. */
export interface PasswordTarget {
  readonly host: string
  readonly port: number
  readonly user: string | undefined
}

/** The one key of ours among mysql2's options: `createAuroraPool({ …, aurora: { … } })`. All durations are milliseconds. */
export interface AuroraOptions {
  /** With an instance endpoint as host: look for the rest of the cluster all the same. @default false */
  readonly discover?: boolean
  /**
   * How an instance's id becomes its endpoint, where the host's name does not tell (IP, own domain, tunnel):
   * a pattern such as `'?.abc123.eu-west-1.rds.amazonaws.com'` or a function.
   * @default derived from the host
   */
  readonly instanceEndpoint?: string | ((id: string) => Endpoint)
  /** Resolves names, in the shape of `dns.lookup`. @default `dns.lookup` */
  readonly lookup?: LookupFunction
  /** Asked before each physical connect, with the instance's own name; once more after "access denied". @default mysql2's `password` */
  readonly password?: (target: PasswordTarget) => string | Promise<string>
  /**
   * Which reader serves: the less busy of two picked at random, each in turn, any, or of two at random the one whose answers have been
   * quicker. @default 'p2c'
   */
  readonly balance?: 'p2c' | 'round-robin' | 'random' | 'fastest'
  /**
   * Readers that lag more serve nothing. While reads have such a limit the topology is asked for every 0.7 s at least, so that a
   * reader that falls behind is passed over within a second. @default Infinity
   */
  readonly maxLagMs?: number
  /** When no reader can serve a read: the writer does, or the read fails. @default 'writer' */
  readonly noReader?: 'writer' | 'fail'
  /**
   * What a read may miss. `'session'`: nothing that its own request, `session(fn)` or un-contexted work wrote;
   * `'pool'`: nothing that this process wrote; `'eventual'`: readers serve whatever they have; `'writer'`: all reads go to the writer.
   * @default 'session'
   */
  readonly consistency?: 'session' | 'pool' | 'eventual' | 'writer'
  /** How often the topology is asked for in calm (jittered). @default 2000 */
  readonly refreshIntervalMs?: number
  /** How often each candidate is asked during an episode (± 50 %). @default 100 */
  readonly urgentIntervalMs?: number
  /** How long an episode keeps that pace before it slows down to one question a second. @default 15000 */
  readonly urgentForMs?: number
  /** After so long without a statement nothing is asked any more, so that a serverless cluster can pause. @default 60000 */
  readonly idleAfterMs?: number
  /** How long a statement waits for a writer before it fails. @default 60000 */
  readonly failoverTimeoutMs?: number
  /** How many statements may wait at once. @default 10000 */
  readonly maxWaiting?: number
  /**
   * Connects under way to one instance when an episode ends, one more with each success. For a second no more than so many begin in any
   * tenth of it. @default 2
   */
  readonly maxConnecting?: number
  /** An instance that owes answers and says nothing for so long is asked. @default 500 */
  readonly suspectAfterMs?: number
  /** How long that question may stay unanswered before the writer is looked for. @default 300 */
  readonly questionTimeoutMs?: number
  /** After so long without a byte from it, and three questions unanswered, an instance's connections are cut. @default 4000 */
  readonly condemnAfterMs?: number
  /** How long a statement that is refused a connection ("too many connections") waits for one. @default 2000 */
  readonly overloadWaitMs?: number
  /** A connection unused for so long is pinged before it carries a write. @default 30000 */
  readonly checkIdleAfterMs?: number
  /** Connections kept open to each instance even when idle. @default 0 */
  readonly minIdle?: number
  /**
   * The most connections open, or being opened, to all instances together; mysql2's `connectionLimit` is per instance. At the limit an
   * instance that needs one more gets it for an idle one, which is closed elsewhere, or has to wait. As with `connectionLimit` the
   * connections that the library's own questions are asked on, and those for KILL, are not counted. @default none
   */
  readonly totalLimit?: number
}

/** The options after defaults; frozen. */
export interface ResolvedOptions {
  readonly discover: boolean
  readonly instanceEndpoint: string | InstanceEndpoint | undefined
  readonly lookup: LookupFunction | undefined
  readonly password: AuroraOptions['password'] | undefined
  readonly balance: NonNullable<AuroraOptions['balance']>
  readonly maxLagMs: number
  readonly noReader: 'writer' | 'fail'
  readonly consistency: NonNullable<AuroraOptions['consistency']>
  readonly refreshIntervalMs: number
  readonly urgentIntervalMs: number
  readonly urgentForMs: number
  readonly idleAfterMs: number
  readonly failoverTimeoutMs: number
  readonly maxWaiting: number
  readonly maxConnecting: number
  readonly suspectAfterMs: number
  readonly questionTimeoutMs: number
  readonly condemnAfterMs: number
  readonly overloadWaitMs: number
  readonly checkIdleAfterMs: number
  readonly minIdle: number
  readonly totalLimit: number | undefined
}

const defaults: ResolvedOptions = Object.freeze({
  discover: false,
  instanceEndpoint: undefined,
  lookup: undefined,
  password: undefined,
  balance: 'p2c',
  maxLagMs: Number.POSITIVE_INFINITY,
  noReader: 'writer',
  consistency: 'session',
  refreshIntervalMs: 2_000,
  urgentIntervalMs: 100,
  urgentForMs: 15_000,
  idleAfterMs: 60_000,
  failoverTimeoutMs: 60_000,
  maxWaiting: 10_000,
  maxConnecting: 2,
  suspectAfterMs: 500,
  questionTimeoutMs: 300,
  condemnAfterMs: 4_000,
  overloadWaitMs: 2_000,
  checkIdleAfterMs: 30_000,
  minIdle: 0,
  totalLimit: undefined,
})

const checks: { readonly [K in keyof ResolvedOptions]: Check } = {
  discover: isBoolean,
  instanceEndpoint: (path, value) => {
    if (typeof value === 'function') return
    if (typeof value !== 'string' || !isInstancePattern(value)) {
      throw optionError(
        path,
        "a function, or a pattern with one '?' for the instance's id, such as '?.abc123.eu-west-1.rds.amazonaws.com'",
        value,
      )
    }
  },
  lookup: isFunction,
  password: isFunction,
  balance: oneOf('p2c', 'round-robin', 'random', 'fastest'),
  maxLagMs: (path, value) => {
    if (typeof value !== 'number' || !(value >= 0))
      throw optionError(path, 'a number of milliseconds, at least 0', value)
  },
  noReader: oneOf('writer', 'fail'),
  consistency: oneOf('session', 'pool', 'eventual', 'writer'),
  refreshIntervalMs: isDuration(10),
  urgentIntervalMs: isDuration(5),
  urgentForMs: isDuration(0),
  idleAfterMs: isDuration(0),
  failoverTimeoutMs: isDuration(0),
  maxWaiting: isCount(0),
  maxConnecting: isCount(1),
  suspectAfterMs: isDuration(10),
  questionTimeoutMs: isDuration(10),
  condemnAfterMs: isDuration(100),
  overloadWaitMs: isDuration(0),
  checkIdleAfterMs: isDuration(0),
  minIdle: isCount(0),
  totalLimit: isCount(1),
}

/**
 * Checks what stands under `aurora` and fills in the defaults, once, at construction.
 *
 * @throws AuroraError `ERR_AURORA_OPTION` for an unknown key (with the nearest valid name) or a bad value
 */
export function resolveOptions(given: unknown): ResolvedOptions {
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw optionError('aurora', 'an object', given)
  }
  checkAll(given, checks, 'Unknown option aurora.', 'aurora.')
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.freeze({ ...defaults, ...Object.fromEntries(chosen) })
}

const statementChecks: { readonly [name: string]: Check } = {
  role: oneOf('reader', 'writer'),
  maxLagMs: checks.maxLagMs,
  idempotent: isBoolean,
  waitMs: isDuration(0),
  signal: isSignal,
}

/**
 * Checks the `aurora` key of one statement.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`
 */
export function checkStatementOptions(given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw optionError('aurora', 'an object', given)
  checkAll(given, statementChecks, 'Unknown statement option aurora.', 'aurora.')
}
