import type { AuroraPool } from 'aurora-mysql2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pause, type Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, SCALE, simulateNotes, warmUp } from './lagging-readers.js'
import { look, WAYS } from './ways-to-write-and-read.js'

const FAILOVERS = SCALE >= 1 ? 6 : 2
const AT_ONCE = 12

let simulation: Simulation
let lags: Lags
let pool: AuroraPool
let lastId = 0

beforeAll(async () => {
  simulation = await simulateNotes({ instances: 4 })
  lags = new Lags(simulation)
  pool = simulation.callbackPool({ connectionLimit: 2 * AT_ONCE })
  await warmUp(pool, 4)
})

afterAll(() => simulation.closePools())

describe('while the writer fails and comes back as a reader', () => {
  it('each context goes on seeing what it wrote, whoever serves it', async () => {
    const missed: string[] = []
    let isOver = false
    let written = 0
    const attempt = async () => {
      const id = ++lastId
      const write = WAYS['query, then query']
      // A write that fails, its outcome unknown, promises nothing.
      const isSeen = await write?.(pool, id).catch(() => undefined)
      if (isSeen === undefined) return
      written++
      if (!isSeen) missed.push('at once')
      for (let turn = 0; turn < 3; turn++) {
        await pause((Math.random() ** 2 * MOST_LAG_MS) / 2)
        if (!(await look(pool, id))) missed.push(`later, look ${turn}`)
      }
    }
    const work = async () => {
      while (!isOver) await pool.aurora.session(attempt)
    }
    const working = Promise.all(Array.from({ length: AT_ONCE }, work))
    for (let turn = 0; turn < FAILOVERS; turn++) {
      for (const { id } of simulation.cluster.readers)
        await lags.set(id, Math.random() < 0.3 ? 0 : (Math.random() * MOST_LAG_MS) / 2)
      await pause(2_000 * SCALE)
      await simulation.cluster.failover()
      // Beyond the return of the former writer.
      await pause(5_000 * SCALE)
    }
    isOver = true
    await working
    expect(missed).toEqual([])
    expect(written).toBeGreaterThan(10 * FAILOVERS)
  }, 300_000)
})
