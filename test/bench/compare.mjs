import { median } from './recovery/statistics.mjs'

/** Samples drawn to tell how far a median can be trusted, and the part of them that the interval holds. */
const RESAMPLES = 1_000
const INTERVAL = 0.95

/**
 * What one row of the table says of two sides.
 *
 * @typedef {object} Comparison
 * @property {number} ratio ours to the peer's, the median of the rounds' ratios
 * @property {number} low of the ratio's interval
 * @property {number} high
 * @property {number} same the peer against itself
 * @property {number} noise how far the peer may be from itself: what is within it says nothing
 * @property {'met' | 'within noise' | 'missed' | 'stated'} verdict
 */

/**
 * Compares within each round, so that what befalls a whole round falls out. A goal is met, or missed, only beyond the noise.
 *
 * @param {object} row
 * @param {readonly number[]} row.ours
 * @param {readonly number[]} row.peer
 * @param {readonly number[]} row.again
 * @param {number | undefined} row.goal
 * @param {boolean} [row.isAtLeast] the goal is a lower bound
 * @returns {Comparison}
 */
export function compare({ ours, peer, again, goal, isAtLeast = false }) {
  const ratios = ours.map((one, round) => one / ((peer[round] + again[round]) / 2))
  const same = again.map((one, round) => one / peer[round])
  const interval = intervalOfMedian(ratios)
  const ofSame = intervalOfMedian(same)
  const noise = Math.max(Math.abs(ofSame.low - 1), Math.abs(ofSame.high - 1))
  const ratio = median(ratios)
  return {
    ratio,
    ...interval,
    same: median(same),
    noise,
    verdict: verdictOf(ratio, noise, goal, isAtLeast),
  }
}

function verdictOf(ratio, noise, goal, isAtLeast) {
  if (goal === undefined) return 'stated'
  const beyond = isAtLeast ? ratio - goal : goal - ratio
  if (beyond >= noise) return 'met'
  return beyond < -noise ? 'missed' : 'within noise'
}

/** By drawing the samples again and again from themselves; the draws are the same for the same samples. */
function intervalOfMedian(samples) {
  const random = randomFrom(samples.length)
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(samples.map(() => samples[Math.floor(random() * samples.length)])),
  ).sort((a, b) => a - b)
  const outside = Math.round(((1 - INTERVAL) / 2) * RESAMPLES)
  return { low: medians[outside], high: medians[RESAMPLES - 1 - outside] }
}

/** Mulberry32. */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
