import { expect, it } from 'vitest'
import { soak } from './soak.mjs'

/** Another one with each run would make a red build that nobody can bring back: long runs take other seeds. */
const SEED = 1
const FOR_MS = 20_000

it('a storm of every fault breaks no promise', { timeout: 240_000 }, async () => {
  const { violations, timeLine, requests, writes } = await soak({ seed: SEED, forMs: FOR_MS })
  expect(violations, timeLine.slice(-200).join('\n')).toEqual([])
  for (const [name, { ended }] of requests) expect(ended, name).toBeGreaterThan(0)
  expect(writes.acknowledged).toBeGreaterThan(0)
})
