import type { Cluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  scaled,
  simulate,
} from '../simulation.js'
import { seesLoss } from '../watch-pool.js'

let simulation: Simulation
let cluster: Cluster

async function start(instances = 3): Promise<void> {
  simulation = await simulate({ instances })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
}

beforeEach(() => start())

afterEach(async () => {
  await simulation.closePools()
  await cluster.close()
})

const write = "INSERT INTO note (text) VALUES ('x')"

async function notes(): Promise<number> {
  const [row] = await cluster.query('SELECT COUNT(*) AS notes FROM app.note')
  return Number(row?.notes)
}

describe('a read that costs every instance its connection', () => {
  it('is not sent to all of them again and again', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    let isOver = false
    const reading = failureOf(
      pool.query('SELECT COUNT(*) FROM seq_1_to_300000 a, seq_1_to_30000 b'),
    ).finally(() => {
      isOver = true
    })
    while (!isOver) {
      for (const { id, underWay } of pool.aurora.stats().instances)
        if (underWay > 0) await cluster.inject({ type: 'reset', instance: id })
      await pause(5)
    }
    const error = await reading
    expect(error.aurora).toMatchObject({ kind: 'lost', attempts: 4 })
    expect(error.aurora).not.toHaveProperty('outcome')
    await pool.query(write)
  })
})

describe('while no reader is there', () => {
  it('reads and sessions that begin wait for the writer, and go to a reader that comes back', async () => {
    const pool = await simulation.readyPool({
      connectionLimit: 1,
      aurora: { consistency: 'eventual' },
    })
    const holder = await pool.getConnection()
    await holder.beginTransaction()
    await holder.query(write)
    await Promise.all(cluster.readers.map(({ id }) => cluster.crash(id)))
    const instances = () => pool.aurora.stats().instances
    await eventually('their connections are lost', () =>
      instances().every(({ role, open }) => role === 'writer' || open === 0),
    )
    const session = pool.getConnection().then((begun) => begun.release())
    const waiting = Promise.all([session, pool.query('SELECT 1')])
    await eventually('they wait for the writer', () =>
      instances().some(({ role, waiting: count }) => role === 'writer' && count === 2),
    )
    await cluster.restart(cluster.readers[0]?.id ?? '')
    await waiting
    await holder.commit()
    holder.release()
    expect(await notes()).toBe(1)
  })
})

describe('a reader', () => {
  const READ = 'SELECT COUNT(*) FROM note'

  it.each(['crash', 'hang'] as const)('that is struck by a %s: no read fails', async (fault) => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    let isOver = false
    const load = Array.from({ length: 6 }, async () => {
      while (!isOver) await pool.query(READ)
    })
    await pause(50)
    const [reader] = cluster.readers
    const id = String(reader?.id)
    await (fault === 'crash' ? cluster.crash(id) : cluster.hang(id))
    await eventually('it is passed over', () =>
      pool.aurora.stats().instances.some((each) => each.id === id && !each.isReachable),
    )
    await pause(scaled(400))
    isOver = true
    await Promise.all(load)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('that was away serves again when it is back', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const id = 'instance-2'
    await pool.query(READ)
    await cluster.crash(id, { returnAfterMs: scaled(400) })
    await eventually('it serves again', async () => {
      const before = simulation.counts()
      for (let turn = 0; turn < 20; turn++) await pool.query(READ)
      return (
        cluster.instance(id).state === 'up' && (simulation.countsSince(before)[id]?.reads ?? 0) > 0
      )
    })
  })

  it('that is added serves, that is removed does not, and its connections are closed', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const added = await cluster.addReader()
    await eventually('the new one serves', async () => {
      for (let turn = 0; turn < 10; turn++) await pool.query(READ)
      return added.counters.reads > 0
    })
    await cluster.removeReader(added.id)
    await eventually(
      'it is gone',
      () => !pool.aurora.topology?.instances.some(({ id }) => id === added.id),
    )
    for (let turn = 0; turn < 20; turn++) await pool.query(READ)
    await eventually('nothing is left of it', () =>
      pool.aurora.stats().instances.every(({ id }) => id !== added.id),
    )
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('none is left: the writer serves reads', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    await Promise.all(cluster.readers.map(({ id }) => cluster.crash(id)))
    for (let turn = 0; turn < 10; turn++) await pool.query(READ)
    expect(cluster.writer.counters.reads).toBeGreaterThan(0)
    expect(pool.aurora.stats().heldReads.noReader).toBeGreaterThan(0)
  })

  it("none is left, and noReader is 'fail': the read fails, a write does not", async () => {
    const pool = await simulation.readyPool({
      aurora: { consistency: 'eventual', noReader: 'fail' },
    })
    await pool.query(READ)
    await Promise.all(cluster.readers.map(({ id }) => cluster.crash(id)))
    await eventually('both are known to be away', async () => {
      await pool.query(READ).catch(() => {})
      return pool.aurora.stats().instances.filter(({ isReachable }) => !isReachable).length === 2
    })
    const error = await failureOf(pool.query(READ))
    expect(error.code).toBe('ERR_AURORA_NO_READER')
    expect(error.message).toContain('aurora.noReader')
    await pool.query(write)
  })
})

describe('work between statements on an instance that falls silent', () => {
  it('settings that are being carried over: the statement goes on elsewhere', async () => {
    await simulation.closePools()
    await cluster.close()
    await start(2)
    const pool = await simulation.readyPool({
      aurora: { consistency: 'eventual', refreshIntervalMs: 600_000 },
    })
    await pool.query('SELECT 1')
    const session = await pool.getConnection()
    await session.query({ sql: 'SELECT 1', aurora: { role: 'writer' } })
    await session.query("SET time_zone = '+03:00'")
    await cluster.hang('instance-2')
    const [rows] = await session.query<RowDataPacket[]>('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    session.release()
  })

  it('a transaction that is being rolled back: its place is free again', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    const promoted = cluster.failover({ how: 'hang', promoteMs: 300, returnMs: 600_000 })
    session.release()
    await promoted
    await pool.query(write)
    await eventually('nothing is left', () => nothingIsLeft(pool))
    expect(await notes()).toBe(1)
  })

  it('a connection lost while it says who it is: nothing is given back twice', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const former = cluster.writer.id
    const promoted = cluster.failover({ promoteMs: 50, detectMs: 10 })
    await seesLoss(pool, former)
    await pool.query(write)
    await promoted
    const heal = await cluster.inject({ type: 'slow', delayMs: 200 })
    const load = Promise.allSettled(Array.from({ length: 6 }, () => pool.query(write)))
    await pause(100)
    await cluster.inject({ type: 'reset' })
    await heal()
    await load
    await pool.query(write)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})
