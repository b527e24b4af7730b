import { AuroraError, optionError } from './errors.js'
import { nearestName } from './nearest-name.js'

/** A timer of Node holds at most this many milliseconds (2^31 − 1); more would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647

/** Refuses a value that is not what it should be; `path` names the option. */
export type Check = (path: string, value: unknown) => void

/** true or false. */
export const isBoolean: Check = (path, value) => {
  if (typeof value !== 'boolean') throw optionError(path, 'a boolean', value)
}

/** Something that can be called. */
export const isFunction: Check = (path, value) => {
  if (typeof value !== 'function') throw optionError(path, 'a function', value)
}

/** One of these names. */
export const oneOf =
  (...names: readonly string[]): Check =>
  (path, value) => {
    if (typeof value !== 'string') throw optionError(path, listNames(names), value)
    if (!names.includes(value)) {
      throw new AuroraError(
        'ERR_AURORA_OPTION',
        `Option ${path} must be ${listNames(names)}, got '${value.slice(0, 40)}'`,
      )
    }
  }

/** Milliseconds, at least so many, at most what a timer holds. */
export const isDuration =
  (leastMs: number): Check =>
  (path, value) => {
    const fits = typeof value === 'number' && value >= leastMs && value <= MAX_TIMER_MS
    if (!fits)
      throw optionError(path, `a number of milliseconds from ${leastMs} to ${MAX_TIMER_MS}`, value)
  }

/** A whole number, at least so many. */
export const isCount =
  (least: number): Check =>
  (path, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < least) {
      throw optionError(path, `a whole number, at least ${least}`, value)
    }
  }

/** An AbortSignal. */
export const isSignal: Check = (path, value) => {
  if (!(value instanceof AbortSignal)) throw optionError(path, 'an AbortSignal', value)
}

/**
 * Checks each key of an options object; a key whose value is undefined counts as absent.
 *
 * @param prefix what stands before an option's name in its path
 * @throws AuroraError `ERR_AURORA_OPTION` for an unknown key (with the nearest valid name) or a bad value
 */
export function checkAll(
  given: object,
  checks: { readonly [name: string]: Check },
  unknown: string,
  prefix: string,
): void {
  for (const [key, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (check === undefined) {
      throw new AuroraError(
        'ERR_AURORA_OPTION',
        `${unknown}${key.slice(0, 60)}${didYouMean(key, Object.keys(checks), prefix)}`,
      )
    }
    if (value !== undefined) check(`${prefix}${key}`, value)
  }
}

function didYouMean(name: string, known: readonly string[], prefix: string): string {
  const nearest = nearestName(name, known)
  return nearest === undefined
    ? `; known are: ${known.join(', ')}`
    : `; did you mean ${prefix}${nearest}?`
}

function listNames(names: readonly string[]): string {
  return `one of ${names.map((name) => `'${name}'`).join(', ')}`
}
