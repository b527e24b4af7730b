import { MAX_TIMER_MS } from '../contract/checks.js'

/**
 * How long to wait before attempt `attempt` (0 is the first repetition): anything from nothing
 * to `baseMs` doubled per attempt, at most `capMs`. Full jitter spreads a crowd best
 * (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function fullJitterMs(
  attempt: number,
  baseMs: number,
  capMs: number,
  random: () => number,
): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt)
}

/** An interval give or take a share of itself: `spread` 0.5 means ± 50 %. No longer than a timer holds. */
export function aroundMs(intervalMs: number, spread: number, random: () => number): number {
  return Math.min(MAX_TIMER_MS, intervalMs * (1 + spread * (2 * random() - 1)))
}
