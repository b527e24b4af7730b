import { type AuroraPool, type AuroraPoolOptions, createAuroraPool } from 'aurora-mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  pause,
  QUICK,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { Lags, MOST_LAG_MS, simulateNotes, warmUp } from './lagging-readers.js'

const READ = 'SELECT COUNT(*) AS notes FROM app.note'

/** A read on this machine takes a millisecond or two. */
const STOOD_STILL_MS = 60

/** Reads that each instance has answered for this pool. */
function served(pool: AuroraPool): Record<string, number> {
  const { instances } = pool.aurora.stats()
  return Object.fromEntries(instances.map(({ id, statements }) => [id, statements]))
}

describe('reads are held on the writer', () => {
  it('for as long as readers lag, not for the interval at which they are asked about', async () => {
    // Asked about every two seconds by default; they report themselves thirty times a second, since no proof is younger than a report.
    const { cluster } = await simulate({ timings: { refreshMs: 30, lagMs: 20 } })
    await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT)')
    const pool = createAuroraPool(cluster.connection)
    await pool.aurora.ready()
    const onReaders = () => {
      const counts = served(pool)
      return cluster.readers.reduce((sum, { id }) => sum + (counts[id] ?? 0), 0)
    }
    const shares: number[] = []
    let notes = 0
    while (shares.length < 9) {
      await pool.query('INSERT INTO app.note VALUES ()')
      notes++
      const untilMs = performance.now() + 1_000
      const before = onReaders()
      let reads = 0
      let longestMs = 0
      for (let nowMs = performance.now(); nowMs < untilMs; ) {
        const [rows] = await pool.query<RowDataPacket[]>(READ)
        expect(rows[0]?.notes).toBe(notes)
        reads++
        await pause(2)
        longestMs = Math.max(longestMs, performance.now() - nowMs)
        nowMs = performance.now()
      }
      // Nothing is measured while the machine does something else.
      if (longestMs < STOOD_STILL_MS) shares.push((onReaders() - before) / reads)
    }
    await pool.end()
    expect(shares.toSorted((a, b) => a - b)[4]).toBeGreaterThanOrEqual(0.8)
  })
})

describe('what a read may miss', () => {
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

  /** A pool with one open connection to each instance. */
  async function open(aurora: AuroraPoolOptions['aurora']): Promise<AuroraPool> {
    const pool = simulation.pool({ connectionLimit: 1, aurora: aurora ?? {} })
    await warmUp(pool, 1)
    return pool
  }

  const write = (pool: AuroraPool, id: number) =>
    pool.query('INSERT INTO app.note VALUES (?, 1)', [id])

  async function sees(pool: AuroraPool, id: number, aurora = {}): Promise<boolean> {
    const options = { sql: 'SELECT id FROM app.note WHERE id = ?', values: [id], aurora }
    const [rows] = await pool.query<RowDataPacket[]>(options)
    return rows.length === 1
  }

  /** Which instances served some reads. */
  async function readsOf(pool: AuroraPool, read: () => Promise<unknown>): Promise<string[]> {
    const before = served(pool)
    for (let turn = 0; turn < 10; turn++) await read()
    const after = served(pool)
    return Object.keys(after).filter((id) => (after[id] ?? 0) > (before[id] ?? 0))
  }

  const knownLag = (pool: AuroraPool, isKnown: (lagMs: number, id: string) => boolean) =>
    eventually('the pool knows how far readers lag', () =>
      (pool.aurora.topology?.readers ?? []).every(({ lagMs, id }) => isKnown(lagMs ?? -1, id)),
    )

  it("by 'session': what another context wrote", async () => {
    const pool = await open({ consistency: 'session' })
    await lags.setAll(MOST_LAG_MS)
    const id = ++lastId
    await pool.aurora.session(() => write(pool, id))
    expect(await pool.aurora.session(() => sees(pool, id))).toBe(false)
    expect(await sees(pool, id)).toBe(true)
  })

  it("by 'session': nothing that was written outside any context", async () => {
    const pool = await open({ consistency: 'session' })
    await lags.setAll(MOST_LAG_MS)
    const id = ++lastId
    await write(pool, id)
    expect(await pool.aurora.session(() => sees(pool, id))).toBe(true)
  })

  it("by 'pool': nothing that this process wrote, in whichever context", async () => {
    const pool = await open({ consistency: 'pool' })
    await lags.setAll(MOST_LAG_MS)
    const id = ++lastId
    await pool.aurora.session(() => write(pool, id))
    expect(await pool.aurora.session(() => sees(pool, id))).toBe(true)
    expect(await sees(pool, id)).toBe(true)
  })

  it("by 'eventual': anything", async () => {
    const pool = await open({ consistency: 'eventual' })
    await lags.setAll(MOST_LAG_MS)
    const id = ++lastId
    await pool.aurora.session(async () => {
      await write(pool, id)
      expect(await sees(pool, id)).toBe(false)
    })
  })

  it("by 'writer': nothing, whoever wrote it; no reader serves", async () => {
    const pool = await open({ consistency: 'writer' })
    await lags.setAll(MOST_LAG_MS)
    const id = ++lastId
    await simulation.cluster.query('INSERT INTO app.note VALUES (?, 1)', [id])
    expect(await sees(pool, id)).toBe(true)
    expect(await readsOf(pool, () => sees(pool, id))).toEqual(['instance-1'])
    // Unless it is asked for.
    const asked = await readsOf(pool, () => sees(pool, id, { role: 'reader' }))
    expect(asked).not.toContain('instance-1')
  })

  it('again nothing, once readers have caught up: they serve', async () => {
    const pool = await open({})
    const lagMs = MOST_LAG_MS / 4
    await lags.setAll(lagMs)
    const id = ++lastId
    await pool.aurora.session(async () => {
      await write(pool, id)
      expect(await sees(pool, id)).toBe(true)
      await eventually('a reader serves again', async () => {
        // What has been read on the writer must be there too: a request that never pauses never leaves the writer.
        await pause(2 * lagMs)
        const before = served(pool)
        expect(await sees(pool, id)).toBe(true)
        return served(pool)['instance-1'] === before['instance-1']
      })
    })
  })

  it('by maxLagMs of the pool: no more than that; where readers lag more the writer serves', async () => {
    const pool = await open({ maxLagMs: 100 })
    await lags.set('instance-2', 1_000)
    await knownLag(pool, (lagMs, id) => id !== 'instance-2' || lagMs >= 1_000)
    expect(await readsOf(pool, () => pool.query(READ))).toEqual(['instance-3'])
    await lags.set('instance-3', 1_000)
    await knownLag(pool, (lagMs) => lagMs >= 1_000)
    expect(await readsOf(pool, () => pool.query(READ))).toEqual(['instance-1'])
    expect(pool.aurora.stats().heldReads.noReader).toBeGreaterThanOrEqual(10)
  })

  it('by maxLagMs of a statement: that outweighs the pool', async () => {
    const pool = await open({ maxLagMs: 100 })
    await lags.set('instance-2', 1_000)
    await lags.set('instance-3', 2_000)
    await knownLag(pool, (lagMs, id) => lagMs >= (id === 'instance-2' ? 1_000 : 2_000))
    const within = (maxLagMs: number) =>
      readsOf(pool, () => pool.query({ sql: READ, aurora: { maxLagMs } } as never))
    expect(await within(1_500)).toEqual(['instance-2'])
    expect((await within(10_000)).sort()).toEqual(['instance-2', 'instance-3'])
    expect(await within(0)).toEqual(['instance-1'])
  })

  it('by maxLagMs in a session: it moves when its reader lags too much', async () => {
    const pool = await open({ maxLagMs: 100 })
    await lags.set('instance-2', 1_000)
    await knownLag(pool, (lagMs, id) => id !== 'instance-2' || lagMs >= 1_000)
    const session = await pool.getConnection()
    expect(await readsOf(pool, () => session.query(READ))).toEqual(['instance-3'])
    session.release()
  })

  it("is an error where no reader is within maxLagMs and noReader is 'fail'", async () => {
    const pool = await open({ maxLagMs: 100, noReader: 'fail' })
    await lags.setAll(1_000)
    await knownLag(pool, (lagMs) => lagMs >= 1_000)
    const error = await failureOf(pool.query(READ))
    expect(error.code).toBe('ERR_AURORA_NO_READER')
  })

  it('is told by the figures', async () => {
    const pool = await open({ refreshIntervalMs: QUICK.refreshIntervalMs })
    await lags.setAll(MOST_LAG_MS)
    await write(pool, ++lastId)
    for (let turn = 0; turn < 3; turn++) await pool.query(READ)
    expect(pool.aurora.stats().heldReads).toEqual({ consistency: 3, noReader: 0 })
  })
})
