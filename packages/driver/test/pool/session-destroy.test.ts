import type { PoolConnection } from 'mysql2'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, nothingIsLeft, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(50))')
})

beforeEach(() => simulation.closePools())

function run(session: PoolConnection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.query(sql, (error, rows) => (error ? reject(error) : resolve(rows)))
  })
}

async function idsOf(): Promise<unknown[]> {
  const rows = await simulation.cluster.query('SELECT id FROM app.note ORDER BY id')
  return rows.map(({ id }) => Number(id))
}

/** A session, of the callback API, on a pool that knows its cluster. */
async function openSession(connectionLimit: number) {
  const pool = simulation.callbackPool({ connectionLimit })
  await pool.aurora.ready()
  const take = () =>
    new Promise<PoolConnection>((resolve, reject) => {
      pool.getConnection((error, session) => (error ? reject(error) : resolve(session)))
    })
  return { pool, take }
}

describe('destroy()', () => {
  it('of a session that is dead ends what it has just been given once, and no more', async () => {
    const { pool, take } = await openSession(2)
    const session = await take()
    await run(session, 'BEGIN')
    await run(session, "INSERT INTO app.note VALUES (90, 'x')")
    await simulation.cluster.inject({ type: 'reset', instance: 'instance-1' })
    await failureOf(run(session, 'SELECT 1'))
    let calls = 0
    session.query('ROLLBACK', () => {
      calls++
    })
    session.destroy()
    await eventually('it has ended', () => calls > 0 && nothingIsLeft(pool))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(calls).toBe(1)
    expect(pool.aurora.stats().active).toBe(0)
  })

  it('fails what runs and what is queued, and leaves nothing lent', async () => {
    const { pool, take } = await openSession(2)
    const session = await take()
    const running = run(session, 'SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_10000 b')
    const queued = run(session, 'SELECT 1')
    session.destroy()
    await failureOf(running)
    await failureOf(queued)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('takes back a statement that waits for the writer: it never runs', async () => {
    await simulation.cluster.query('DELETE FROM app.note')
    const { pool, take } = await openSession(1)
    const holder = await take()
    await run(holder, 'START TRANSACTION')
    const other = await take()
    const waiting = failureOf(run(other, "INSERT INTO note VALUES (1, 'must not be written')"))
    await eventually('it waits', () =>
      pool.aurora.stats().instances.some(({ waiting: count }) => count > 0),
    )
    other.destroy()
    await run(holder, 'COMMIT')
    holder.release()
    await waiting
    await pool.promise().query("INSERT INTO note VALUES (2, 'after it')")
    expect(await idsOf()).toEqual([2])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('gives the place free: the pool goes on with a limit of one', async () => {
    const { pool, take } = await openSession(1)
    for (let turn = 0; turn < 5; turn++) {
      const session = await take()
      await run(session, 'SELECT 1')
      session.destroy()
    }
    const [rows] = await pool.promise().query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
  })
})
