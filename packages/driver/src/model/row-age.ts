import type { TopologyReport } from './topology.js'

/** Every zone offset in use is a multiple of 15 minutes. */
const ZONE_STEP_MICROS = 15 * 60 * 1_000_000
/** A row may seem this much younger than the question, since clocks differ; beyond, it proves nothing. */
const MAX_FUTURE_MS = 1_000
/** A row older than this says too little about now. */
const MAX_AGE_MS = 5_000
/** The lag is a sample: pad it, as ProxySQL does (`add_lag_ms`, `min_lag_ms`, both 30). */
const LAG_PADDING_MS = 30

/** The smallest age in an answer: that of its newest row. */
export function newestAgeMicros(report: TopologyReport): number | undefined {
  let newest: number | undefined
  for (const { ageMicros } of report.rows) {
    if (ageMicros !== undefined && (newest === undefined || ageMicros < newest)) {
      newest = ageMicros
    }
  }
  return newest
}

/**
 * How old a row was when it was read, in milliseconds: its distance to the newest row of the same
 * answer (where zones cancel out), plus that row's distance to the answering instance's clock
 * (taken modulo 15 minutes, nearest to zero). Undefined: unknown.
 */
export function rowAgeMs(
  ageMicros: number | undefined,
  newestMicros: number | undefined,
): number | undefined {
  if (ageMicros === undefined || newestMicros === undefined) {
    return undefined
  }
  const nearest = newestMicros - Math.round(newestMicros / ZONE_STEP_MICROS) * ZONE_STEP_MICROS
  return (ageMicros - newestMicros + nearest) / 1000
}

/**
 * The moment S (our monotonic clock) at which a row was certainly not yet refreshed or just so.
 * Undefined: the age is unknown, negative beyond 1 s, or above 5 s.
 */
export function refreshedAtMs(askedAtMs: number, ageMs: number | undefined): number | undefined {
  if (ageMs === undefined || ageMs < -MAX_FUTURE_MS || ageMs > MAX_AGE_MS) {
    return undefined
  }
  return askedAtMs - Math.max(0, ageMs)
}

/**
 * Every write acknowledged before this moment is visible on the reader: S less its lag, padded by
 * 30 ms. Undefined: proves nothing.
 */
export function visibleUpToMs(
  askedAtMs: number,
  ageMs: number | undefined,
  lagMs: number | undefined,
): number | undefined {
  const refreshed = refreshedAtMs(askedAtMs, ageMs)
  return refreshed === undefined || lagMs === undefined
    ? undefined
    : refreshed - lagMs - LAG_PADDING_MS
}
