import type { AuroraPool } from 'aurora-mysql2'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pause, type Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, SCALE, simulateNotes, warmUp } from './lagging-readers.js'
import { look, WAYS, type WriteAndRead } from './ways-to-write-and-read.js'

// Ten thousand in all at full length: that is what the promise is stated for.
const TRIES = SCALE >= 1 ? 8_000 : 800
const LONG_TRIES = SCALE >= 1 ? 2_000 : 200
/** Some ways hold one connection while they ask for another. */
const CONNECTION_LIMIT = 80
/** At full length, with lags of seconds, tries take minutes. */
const TIMEOUT_MS = 300_000

let simulation: Simulation
let lags: Lags
let lastId = 0

beforeAll(async () => {
  // The table's times are in a zone that nobody is told: Nepal's, so that no whole hours help.
  simulation = await simulateNotes({ timestampZoneMinutes: 345 })
  lags = new Lags(simulation)
})

afterEach(async () => {
  await simulation.closePools()
  await lags.setAll(0)
})

async function open(consistency: 'session' | 'eventual' = 'session'): Promise<AuroraPool> {
  const pool = simulation.callbackPool({
    connectionLimit: CONNECTION_LIMIT,
    multipleStatements: true,
    aurora: { consistency },
  })
  await warmUp(pool, 8)
  return pool
}

const ways = Object.entries(WAYS)

describe('a row just written, while readers lag', () => {
  it('is missed by a reader that is asked without regard to it', async () => {
    const pool = await open('eventual')
    await lags.setAll(MOST_LAG_MS)
    for (const turn of [0, 1, 2, 3, 4, 5]) {
      const seen = await WAYS['query, then query']?.(pool, ++lastId)
      expect(seen, `try ${turn}`).toBe(false)
    }
  })

  it.each(ways)('is seen: %s', async (_, way) => {
    const pool = await open()
    await lags.setAll(MOST_LAG_MS)
    expect(await way(pool, ++lastId)).toBe(true)
    expect(await pool.aurora.session(() => way(pool, ++lastId))).toBe(true)
  })

  it.each([
    'callbacks of the pool',
    'callbacks of two connections',
    'events of a statement without a callback',
  ])('is seen on connections that another request has opened: %s', async (name) => {
    const way = WAYS[name] as WriteAndRead
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await warmUp(pool, 1, (work) => pool.aurora.session(work))
    await lags.setAll(MOST_LAG_MS)
    for (let turn = 0; turn < 5; turn++)
      expect(await pool.aurora.session(() => way(pool, ++lastId))).toBe(true)
  })

  it('is seen although what is told of readers is from a time when they did not lag', async () => {
    const pool = await open()
    const heal = await simulation.cluster.inject({ type: 'stale-view' })
    try {
      await lags.setAll(MOST_LAG_MS)
      await pool.aurora.session(async () => {
        const id = ++lastId
        expect(await WAYS['query, then query']?.(pool, id)).toBe(true)
        for (let turn = 0; turn < 8; turn++) {
          await pause(MOST_LAG_MS / 10)
          expect(await look(pool, id)).toBe(true)
        }
      })
    } finally {
      await heal()
    }
  })

  /** Lags wander while this goes on, mostly short, sometimes long; what the writer says of them is old at times. */
  async function whileLagsWander(work: Promise<unknown>): Promise<void> {
    const done = work.then(() => true)
    while (!(await Promise.race([done, pause(100).then(() => false)]))) {
      for (const { id } of simulation.cluster.readers)
        await lags.set(id, Math.random() < 0.3 ? 0 : Math.random() ** 3 * MOST_LAG_MS)
      if (Math.random() < 0.1)
        await simulation.cluster.inject({ type: 'stale-view', forMs: 2_000 * SCALE })
    }
  }

  /** Runs as many tries as there are, several at once, and returns the names of those that missed their row. */
  async function missedOf(
    tries: number,
    atOnce: number,
    attempt: (way: WriteAndRead, id: number) => Promise<boolean>,
  ): Promise<string[]> {
    const missed: string[] = []
    let left = tries
    const work = async () => {
      while (left-- > 0) {
        const [name, way] = ways[Math.floor(Math.random() * ways.length)] as [string, WriteAndRead]
        if (!(await attempt(way, ++lastId))) missed.push(name)
        await pause(Math.random() * 20)
      }
    }
    await whileLagsWander(Promise.all(Array.from({ length: atOnce }, work)))
    return missed
  }

  it(
    `is seen in each of ${TRIES} tries, in contexts and outside, whatever the lag`,
    async () => {
      const pool = await open()
      const missed = await missedOf(TRIES, 8, (way, id) =>
        Math.random() < 0.5 ? way(pool, id) : pool.aurora.session(() => way(pool, id)),
      )
      expect(missed).toEqual([])
    },
    TIMEOUT_MS,
  )

  it(
    `is seen in each of ${LONG_TRIES} contexts, again and again, while readers take over its reads`,
    async () => {
      const pool = await open()
      const readsOfReaders = () =>
        simulation.cluster.readers.reduce((sum, { counters }) => sum + counters.reads, 0)
      const before = readsOfReaders()
      let looks = 0
      const missed = await missedOf(LONG_TRIES, CONNECTION_LIMIT / 2, (way, id) =>
        pool.aurora.session(async () => {
          let isSeen = await way(pool, id)
          for (let turn = 0; turn < 3; turn++) {
            await pause((Math.random() ** 2 * MOST_LAG_MS) / 2)
            isSeen &&= await look(pool, id)
            looks++
          }
          return isSeen
        }),
      )
      expect(missed).toEqual([])
      expect(readsOfReaders() - before).toBeGreaterThan(looks / 4)
    },
    TIMEOUT_MS,
  )
})
