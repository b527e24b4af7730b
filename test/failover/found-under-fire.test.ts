import type { AuroraPool } from 'aurora-mysql2/promise'
import type { RowDataPacket } from 'mysql2'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  nothingIsLeft,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

/** Each of these was found by the soak, and is told here by itself. */

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate({ timings: { dnsMs: 20 } })
  await simulation.cluster.query('CREATE TABLE app.half (id INT NOT NULL)')
})

async function rowsOf(pool: AuroraPool): Promise<number> {
  const [rows] = await pool.writer.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM half')
  return Number(rows[0]?.n)
}

describe('a transaction issued without awaiting that an instance forgets as it restarts', () => {
  it.each([
    ['at its beginning', 0],
    ['in the middle', 1],
  ])('%s leaves nothing behind, not even its second half', async (_, before) => {
    const { cluster } = simulation
    await cluster.query('DELETE FROM app.half')
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    for (let id = 0; id < before; id++) await session.query('INSERT INTO half VALUES (?)', [id])
    await cluster.inject({ type: 'zero-downtime-restart' })
    const ends = await Promise.allSettled([
      session.query('INSERT INTO half VALUES (10)'),
      session.query('INSERT INTO half VALUES (11)'),
      session.query('COMMIT'),
    ])
    expect(ends[0]).toMatchObject({
      status: 'rejected',
      reason: { aurora: { outcome: 'rolled-back' } },
    })
    session.release()
    expect(await rowsOf(pool)).toBe(0)
    await pool.end()
  })

  it('lets its session go on once it has been rolled back', async () => {
    const { cluster } = simulation
    await cluster.query('DELETE FROM app.half')
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await cluster.inject({ type: 'zero-downtime-restart' })
    await expect(session.query('INSERT INTO half VALUES (1)')).rejects.toThrow()
    await session.rollback().catch(() => {})
    session.release()
    await pool.query('INSERT INTO half VALUES (2)')
    expect(await rowsOf(pool)).toBe(1)
    await pool.end()
  })
})

describe('connections that are kept open though idle', () => {
  const MIN_IDLE = 2

  /** What a pool has opened for statements and not closed. */
  function watchSockets(pool: AuroraPool): Set<unknown> {
    const open = new Set<unknown>()
    pool.on('connection', (connection) => {
      const { stream } = connection as unknown as NodeJS.Dict<NodeJS.EventEmitter>
      open.add(stream)
      stream?.once('close', () => open.delete(stream))
    })
    return open
  }

  function openPerInstance(pool: AuroraPool): Record<string, number> {
    return Object.fromEntries(pool.aurora.stats().instances.map(({ id, open }) => [id, open]))
  }

  it('are those of the instances that there are, each counted', async () => {
    const { cluster } = simulation
    const pool = simulation.pool({ aurora: { minIdle: MIN_IDLE } })
    const sockets = watchSockets(pool)
    await pool.aurora.ready()
    const ids = cluster.instances.map(({ id }) => id)
    const isWarm = () => ids.every((id) => openPerInstance(pool)[id] === MIN_IDLE)
    await eventually('each instance has its connections', isWarm)
    // Twice: what an instance that is gone still opens shows when one of that name is back.
    for (let turn = 0; turn < 2; turn++) {
      const gone = String(cluster.readers[0]?.id)
      await cluster.removeReader(gone)
      await eventually('it has left', () => openPerInstance(pool)[gone] === undefined)
      await cluster.addReader({ id: gone })
      await eventually('it is back', () => openPerInstance(pool)[gone] === MIN_IDLE)
    }
    await eventually('all is quiet', () => nothingIsLeft(pool) && isWarm())
    await eventually('nothing is open beyond', () => sockets.size === ids.length * MIN_IDLE)
    await pool.end()
    await eventually('everything is closed', () => sockets.size === 0)
  })
})
