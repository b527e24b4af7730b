import { type Check, checkAll } from './checks.js'
import { optionError } from './errors.js'

/** How `drain()` goes about it. */
export interface DrainOptions {
  /** How long what runs may still take, in milliseconds; then it is cut. @default 30000 */
  readonly timeoutMs?: number
}

/** What a session knows of what went before it. */
export interface SessionOptions {
  /** A text that `mark()` returned, here or in another process. */
  readonly after?: string
}

const DRAIN_WITHIN_MS = 30_000

const drainChecks: { readonly [K in keyof DrainOptions]-?: Check } = {
  timeoutMs: (path, value) => {
    if (typeof value !== 'number' || !(value >= 0))
      throw optionError(path, 'a number of milliseconds, at least 0', value)
  },
}

const sessionChecks: { readonly [K in keyof SessionOptions]-?: Check } = {
  after: (path, value) => {
    if (typeof value !== 'string') throw optionError(path, 'a text that mark() returned', value)
  },
}

/**
 * Checks the options of `drain()` and fills in the defaults.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`
 */
export function resolveDrainOptions(given: unknown): Required<DrainOptions> {
  const { timeoutMs = DRAIN_WITHIN_MS } = checked<DrainOptions>(given, 'drain', drainChecks)
  return { timeoutMs }
}

/**
 * Checks the options of `session()`: one that is mistyped would be a mark that nobody follows.
 *
 * @throws AuroraError `ERR_AURORA_OPTION`
 */
export function checkSessionOptions(given: unknown): SessionOptions {
  return checked<SessionOptions>(given, 'session', sessionChecks)
}

function checked<T extends object>(
  given: unknown,
  name: string,
  checks: { readonly [name: string]: Check },
): T {
  if (given === undefined) return {} as T
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw optionError(`${name} options`, 'an object', given)
  checkAll(given, checks, `Unknown ${name} option `, '')
  return given as T
}
