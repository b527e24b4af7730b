import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pause, type Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, SCALE, simulateNotes, warmUp } from './lagging-readers.js'

const ROUNDS = SCALE >= 1 ? 100 : 20
const READS_PER_ROUND = 25

let simulation: Simulation
let lags: Lags
let stopCounting: () => Promise<void>

/** Somebody else writes all the time: a row whose version only grows. */
beforeAll(async () => {
  simulation = await simulateNotes({ instances: 4 })
  lags = new Lags(simulation)
  const { cluster } = simulation
  await cluster.query('INSERT INTO app.note VALUES (0, 0)')
  let isCounting = true
  const counting = (async () => {
    while (isCounting) {
      await cluster.query('UPDATE app.note SET version = version + 1 WHERE id = 0')
      await pause(2)
    }
  })()
  stopCounting = async () => {
    isCounting = false
    await counting
  }
})

afterEach(async () => {
  await simulation.closePools()
  await lags.setAll(0)
})

afterAll(() => stopCounting())

// One connection to each instance: in the simulator each lags by itself, while all of an Aurora reader's show the same.
async function open(): Promise<AuroraPool> {
  const pool = simulation.pool({ connectionLimit: 1 })
  await warmUp(pool, 1)
  return pool
}

async function version(of: Pick<Connection, 'query'>): Promise<number> {
  const [rows] = await of.query<RowDataPacket[]>('SELECT version FROM app.note WHERE id = 0')
  return rows[0]?.version as number
}

/** One read, or several at once; each must show at least what was seen before they began. */
type Read = (pool: AuroraPool) => Promise<number | readonly number[]>

const byPool: Read = (pool) => version(pool)

const byConnection: Read = async (pool) => {
  const session = await pool.getConnection()
  try {
    return await version(session)
  } finally {
    session.release()
  }
}

const severalAtOnce: Read = (pool) => Promise.all([version(pool), version(pool), version(pool)])

let lastId = 0

const afterWrite: Read = async (pool) => {
  await pool.query('INSERT INTO app.note VALUES (?, 0)', [++lastId])
  return version(pool)
}

/** How far reads went back in time, at most; each round is a request of its own, in which every reader lags as it likes. */
async function furthestBack(ways: readonly Read[]): Promise<number> {
  const pool = await open()
  let furthest = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (const { id } of simulation.cluster.readers)
      await lags.set(id, Math.random() < 0.3 ? 0 : Math.random() * MOST_LAG_MS)
    await pool.aurora.session(async () => {
      let newest = 0
      for (let read = 0; read < READS_PER_ROUND; read++) {
        const way = ways[Math.floor(Math.random() * ways.length)] as Read
        const seen = [await way(pool)].flat()
        furthest = Math.max(furthest, newest - Math.min(...seen))
        newest = Math.max(newest, ...seen)
        await pause(Math.random() * 10)
      }
    })
  }
  return furthest
}

describe('the reads of one request', () => {
  it('would go back in time if each went anywhere', async () => {
    const pool = await open()
    const [first] = simulation.cluster.readers
    if (first === undefined) throw new Error('There is no reader')
    await lags.set(first.id, MOST_LAG_MS)
    let newest = 0
    // No context: each read is balanced. It ends as soon as one has gone back.
    for (;;) {
      const seen = await version(pool)
      if (seen < newest) break
      newest = seen
    }
  })

  it('never go back in time', async () => {
    expect(await furthestBack([byPool])).toBe(0)
  })

  it('never go back in time, whether by the pool or by connections', async () => {
    expect(await furthestBack([byPool, byConnection])).toBe(0)
  })

  it('never go back in time, several at once among them', async () => {
    expect(await furthestBack([severalAtOnce, byPool])).toBe(0)
  })

  it('never go back in time, although it writes and its reads are held meanwhile', async () => {
    expect(
      await furthestBack([byPool, byPool, byPool, byPool, byPool, byPool, byPool, afterWrite]),
    ).toBe(0)
  })
})
