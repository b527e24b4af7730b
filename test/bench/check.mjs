import { PARTS } from './parts.mjs'
import { summarise } from './report/summaries.mjs'

/** A run that a busy machine spoiled is not followed by another one. */
const RUNS = 2
const ROUNDS = 9

/**
 * Whether `query` costs at most so many times what it costs with mysql2, in one of two runs.
 *
 * @param {import('./parts.mjs').Wish} wish
 * @param {number} limit
 */
export async function checkQuery(wish, limit) {
  for (let run = 1; run <= RUNS; run += 1) {
    const [row] = await PARTS.query.measure({ ...wish, rounds: ROUNDS, isShort: true })
    const { comparison } = summarise(row)
    const { ratio, same } = comparison
    const isWithin = ratio <= limit
    console.log(
      `${row.what}: ${ratio.toFixed(3)} times mysql2's, which is ${same.toFixed(3)} times itself; ${isWithin ? 'within' : 'above'} ${limit}`,
    )
    if (isWithin) return true
  }
  return false
}
