import { optionError } from '../contract/errors.js'
import { monotonicMs } from '../io/clock.js'

/** What somebody has seen: every write acknowledged up to a moment, on this process's monotonic clock. */
export interface Mark {
  readonly seenUpToMs: number
}

const FORM = /^a1\.([0-9a-z]{1,12})$/

/** Clocks of two hosts that keep time by NTP differ by less; a mark is taken to be so much younger than it says. */
const CLOCK_SKEW_MS = 1_000

/**
 * All that can have been seen by now, as a text that another process understands: the wall clock, since monotonic clocks of two
 * processes have nothing in common.
 */
export function writeMark(): string {
  return `a1.${Math.ceil(Date.now()).toString(36)}`
}

/**
 * Reads a mark of this or another process. One that lies in the future of our clock is taken as now.
 *
 * @throws AuroraError `ERR_AURORA_OPTION` for a text that is no mark
 */
export function readMark(text: unknown): Mark {
  const digits = typeof text === 'string' ? FORM.exec(text)?.[1] : undefined
  if (digits === undefined) throw optionError('after', 'a text that mark() returned', text)
  const ageMs = Date.now() - Number.parseInt(digits, 36) - CLOCK_SKEW_MS
  return { seenUpToMs: monotonicMs() - Math.max(0, ageMs) }
}
