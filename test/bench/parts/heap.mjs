import { ClientProcess } from '../client/client-process.mjs'
import { median } from '../recovery/statistics.mjs'
import { OURS } from '../results.mjs'
import { withServer } from '../servers/server-process.mjs'

const QUERIES = 5_000_000
const DISTINCT_TEXTS = 100_000
const SAMPLES = 50
const WORKERS = 16
/** What may come and go: compiled code, caches that are not full yet. */
const FLAT_WITHIN_KB = 1_024

/** Whether anything is kept of what has been asked. */
export const heap = {
  title: 'Heap over many queries',
  /** @param {import('../parts.mjs').Wish} wish */
  async measure({ queries = QUERIES, node }) {
    const client = { contestant: OURS, api: 'promise', options: { connectionLimit: 10 } }
    const count = Math.ceil(queries / SAMPLES)
    const kept = await withServer({ kind: 'bare' }, async ({ target }) => {
      const one = await ClientProcess.start(
        { ...client, server: target },
        { node, flags: ['--expose-gc'] },
      )
      const samples = []
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        const wish = { workers: WORKERS, count, distinct: DISTINCT_TEXTS, from: sample * count }
        const { heapBytes } = await one.run('texts', wish)
        samples.push(heapBytes / 1_024)
      }
      await one.end()
      return samples
    })
    // Before the first fifth has run, caches are being filled.
    const early = kept.slice(SAMPLES / 5, (2 * SAMPLES) / 5)
    const late = kept.slice(-SAMPLES / 5)
    const note = `${Math.round(median(early) / 1_024)} MB throughout; ${queries.toLocaleString('en')} queries, ${DISTINCT_TEXTS.toLocaleString('en')} texts`
    const values = [median(late) - median(early)]
    return [
      {
        what: 'heap: growth from the second fifth to the last',
        unit: 'kB',
        values,
        goal: FLAT_WITHIN_KB,
        note,
      },
    ]
  },
}
