import { createConnection } from 'aurora-mysql2/mysql2/promise'
import { type AuroraPool, type AuroraPoolOptions, session } from 'aurora-mysql2/promise'
import type { Pool, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Simulation } from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, simulateNotes, warmUp } from './lagging-readers.js'

let simulation: Simulation
let lags: Lags
let lastId = 0

beforeAll(async () => {
  simulation = await simulateNotes()
  lags = new Lags(simulation)
})

afterEach(async () => {
  await simulation.closePools()
  await lags.setAll(0)
})

/** A pool whose readers' connections are open, and lag. */
async function open(aurora: AuroraPoolOptions['aurora'] = {}): Promise<AuroraPool> {
  const pool = simulation.pool({ connectionLimit: 2, aurora })
  await warmUp(pool, 2)
  await lags.setAll(MOST_LAG_MS)
  return pool
}

type Queries = Pick<Pool, 'query'>

async function write(through: Queries): Promise<number> {
  const id = ++lastId
  await through.query('INSERT INTO app.note VALUES (?, 1)', [id])
  return id
}

async function sees(through: Queries, id: number): Promise<boolean> {
  const [rows] = await through.query<RowDataPacket[]>('SELECT id FROM app.note WHERE id = ?', [id])
  return rows.length === 1
}

describe('a context within another', () => {
  it('sees what the outer one wrote', async () => {
    const pool = await open()
    await pool.aurora.session(async () => {
      const id = await write(pool)
      expect(await pool.aurora.session(() => sees(pool, id))).toBe(true)
    })
  })

  it('shows the outer one what it wrote', async () => {
    const pool = await open()
    await pool.aurora.session(async () => {
      const id = await pool.aurora.session(() => write(pool))
      expect(await sees(pool, id)).toBe(true)
    })
  })

  it('goes on from the mark that it is given, and sees what the outer one wrote too', async () => {
    const pool = await open()
    await pool.aurora.session(async () => {
      const mark = pool.aurora.mark()
      const id = await write(pool)
      const seen = await pool.aurora.session(() => sees(pool, id), { after: mark })
      expect(seen).toBe(true)
    })
  })
})

describe('session(fn), without a pool at hand', () => {
  it('is one request on every pool and connection', async () => {
    const pool = await open()
    const connection = await createConnection(simulation.cluster.connection)
    try {
      for (let turn = 0; turn < 20; turn++) await sees(connection, 0)
      await lags.setAll(MOST_LAG_MS)
      for (const through of [pool, connection]) {
        const id = await session(() => write(through))
        // Another request follows nothing of it: the reader that lags answers.
        expect(await session(() => sees(through, id))).toBe(false)
        await session(async () => expect(await sees(through, await write(through))).toBe(true))
      }
    } finally {
      await connection.end()
    }
  })

  it('goes on from a mark, and refuses what is none', async () => {
    const pool = await open()
    const id = await session(() => write(pool))
    expect(await session(() => sees(pool, id), { after: pool.aurora.mark() })).toBe(true)
    expect(() => session(() => 1, { after: 'yesterday' })).toThrow(
      expect.objectContaining({ code: 'ERR_AURORA_OPTION' }),
    )
  })
})

describe('work outside any context', () => {
  it('is that in its callbacks too, although a request has opened the connections', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await warmUp(pool, 1, (work) => pool.aurora.session(work))
    await lags.setAll(MOST_LAG_MS)
    for (let turn = 0; turn < 5; turn++) {
      const id = await pool.aurora.session(() => write(pool.promise() as unknown as Queries))
      const isSeen = await new Promise((resolve, reject) => {
        pool.query('SELECT 1', (error) => {
          if (error) return reject(error)
          pool.query<RowDataPacket[]>(
            'SELECT id FROM app.note WHERE id = ?',
            [id],
            (failure, rows) => (failure ? reject(failure) : resolve(rows.length === 1)),
          )
        })
      })
      expect(isSeen).toBe(true)
    }
  })
})

describe('a row written', () => {
  it('through pool.writer is seen through pool and pool.reader', async () => {
    const pool = await open()
    const { writer, reader } = pool as unknown as { writer: Queries; reader: Queries }
    for (const run of [
      <T>(work: () => T) => work(),
      <T>(work: () => T) => pool.aurora.session(work),
    ]) {
      await run(async () => {
        const id = await write(writer)
        expect(await sees(pool, id)).toBe(true)
        expect(await sees(reader, id)).toBe(true)
      })
    }
  })

  it("through one of mysql2's connections is seen through another to the same cluster", async () => {
    const options = simulation.cluster.connection
    const [one, other] = await Promise.all([createConnection(options), createConnection(options)])
    try {
      // Both know the cluster by now, or soon; each reader's connection lags from its first statement on.
      for (let turn = 0; turn < 20; turn++) await Promise.all([sees(one, 0), sees(other, 0)])
      await lags.setAll(MOST_LAG_MS)
      for (let turn = 0; turn < 5; turn++) expect(await sees(other, await write(one))).toBe(true)
    } finally {
      await Promise.all([one.end(), other.end()])
    }
  })

  it('by another pool is seen by who follows its mark, by each consistency that promises anything', async () => {
    const one = await open()
    for (const consistency of ['session', 'pool'] as const) {
      const other = await open({ consistency })
      const id = await write(one)
      const mark = one.aurora.mark()
      expect(await sees(other, id)).toBe(false)
      expect(await other.aurora.session(() => sees(other, id), { after: mark })).toBe(true)
    }
  })
})
