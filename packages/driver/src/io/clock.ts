/**
 * Milliseconds on a clock that only goes forward: what every deadline, age and order of events in this library is measured by.
 * The wall clock is never asked, since it jumps.
 */
export function monotonicMs(): number {
  return performance.now()
}
