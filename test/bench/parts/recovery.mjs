import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROGRAM = fileURLToPath(new URL('../recovery/index.mjs', import.meta.url))
const RESULTS = new URL('../recovery/results.json', import.meta.url)
/** Half of the urgent interval that the driver has by default. */
const GOAL_MS = 50

/** From a promotion to the first write, of `bench:recovery`. */
export const recovery = {
  title: 'A crash of the writer',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ node = process.execPath }) {
    // It ends with 1 when a promise was not kept, and has written what it measured.
    await promisify(execFile)(node, [PROGRAM, '--how', 'crash']).catch((error) => {
      if (error.code !== 1) throw error
    })
    const { runs } = JSON.parse(readFileSync(RESULTS, 'utf8'))
    const values = runs.crash.map(({ ours }) => ours.aboveMinimumMs)
    const what = 'first write after a promotion, beyond the bare minimum'
    return [{ what, unit: 'ms', values, goal: GOAL_MS }]
  },
}
