import type { AuroraPool } from 'aurora-mysql2/promise'
import type { PoolConnection, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  const { cluster } = simulation
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
  await cluster.query(
    'CREATE PROCEDURE app.write_and_commit() BEGIN INSERT INTO app.note (text) VALUES (4); COMMIT; END',
  )
})

beforeEach(() => simulation.cluster.query('DELETE FROM app.note'))

afterEach(() => simulation.closePools())

const READ = 'SELECT COUNT(*) AS notes FROM app.note'
const WRITE = "INSERT INTO app.note (text) VALUES ('x')"
const eventual = { consistency: 'eventual' } as const

async function notes(): Promise<unknown> {
  return (await simulation.cluster.query(READ))[0]?.notes
}

/** Which instances answered statements while this ran. */
async function placesOf(pool: AuroraPool, work: () => Promise<unknown>): Promise<string[]> {
  const counts = () => {
    const { instances } = pool.aurora.stats()
    return new Map(instances.map(({ id, statements }) => [id, statements]))
  }
  const before = counts()
  await work()
  return [...counts()].filter(([id, now]) => now > (before.get(id) ?? 0)).map(([id]) => id)
}

/** How the transaction that a session has open is isolated, in the server's own words. */
async function isolationOf(session: PoolConnection): Promise<unknown> {
  await session.query(READ)
  // The server renews this table only when nobody has looked at it for 100 ms.
  await pause(150)
  const rows = await simulation.cluster.query(
    'SELECT trx_isolation_level AS level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = ?',
    [session.threadId],
  )
  return rows[0]?.level
}

describe('SET TRANSACTION', () => {
  it.each([
    ['SERIALIZABLE', 'SERIALIZABLE'],
    ['READ COMMITTED', 'READ COMMITTED'],
    ['READ UNCOMMITTED', 'READ UNCOMMITTED'],
  ])('ISOLATION LEVEL %s holds for the next BEGIN, and for that alone', async (level, seen) => {
    const pool = await simulation.readyPool({ aurora: eventual })
    // So that there are several connections to choose from, on every instance.
    await Promise.all(Array.from({ length: 12 }, (_, n) => pool.query(n % 2 ? READ : WRITE)))
    const session = await pool.getConnection()
    await session.query(READ)
    await session.query(`SET TRANSACTION ISOLATION LEVEL ${level}`)
    await session.query('BEGIN')
    expect(await isolationOf(session)).toBe(seen)
    await session.query('ROLLBACK')
    await session.query('BEGIN')
    expect(await isolationOf(session)).toBe('REPEATABLE READ')
    await session.query('ROLLBACK')
    session.release()
  })

  it('READ ONLY holds for the next BEGIN: it refuses to write', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query(READ)
    await session.query('SET TRANSACTION READ ONLY')
    await session.beginTransaction()
    const error = await failureOf(session.query(WRITE))
    expect(error.errno).toBe(1792)
    await session.rollback()
    await session.beginTransaction()
    await session.query(WRITE)
    await session.commit()
    session.release()
    expect(await notes()).toBe(1)
  })
})

describe('START TRANSACTION READ ONLY', () => {
  it.each([
    'START TRANSACTION READ ONLY',
    'start transaction /* x */ read only, with consistent snapshot',
  ])('goes to a reader, with all that is read in it: %s', async (begin) => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const places = await placesOf(pool, async () => {
      const session = await pool.getConnection()
      await session.query(begin)
      for (let turn = 0; turn < 5; turn++) await session.query(READ)
      await session.query('COMMIT')
      session.release()
    })
    expect(places).toHaveLength(1)
    expect(places).not.toContain('instance-1')
  })

  it('shows one state of the data all the way', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query('START TRANSACTION READ ONLY')
    for (let turn = 0; turn < 5; turn++) {
      const [rows] = await session.query<RowDataPacket[]>(READ)
      expect(rows).toEqual([{ notes: 0 }])
      await pool.query(WRITE)
    }
    await session.query('COMMIT')
    await session.query(WRITE)
    session.release()
    expect(await notes()).toBe(6)
  })

  it('goes to the writer where a listener has chosen an isolation level, which readers ignore', async () => {
    const pool = simulation.pool({ aurora: eventual })
    pool.on('connection', (connection) => {
      void connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    })
    await pool.aurora.ready()
    await pool.query(READ)
    const places = await placesOf(pool, async () => {
      const session = await pool.getConnection()
      await session.query('START TRANSACTION READ ONLY')
      await session.query(READ)
      await session.query('COMMIT')
      session.release()
    })
    expect(places).toEqual(['instance-1'])
  })

  it('stays on the writer after SET TRANSACTION', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    const places = await placesOf(pool, async () => {
      await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await session.query('START TRANSACTION READ ONLY')
      expect(await isolationOf(session)).toBe('READ COMMITTED')
      await session.query('COMMIT')
    })
    session.release()
    expect(places).toEqual(['instance-1'])
  })

  it.each([
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    "SET SESSION tx_isolation = 'READ-COMMITTED'",
    "SET @@session.tx_isolation = 'READ-COMMITTED'",
  ])('stays on the writer after %s, since readers ignore that', async (set) => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query(READ)
    await session.query(set)
    const places = await placesOf(pool, async () => {
      await session.query('START TRANSACTION READ ONLY')
      expect(await isolationOf(session)).toBe('READ COMMITTED')
      await session.query('COMMIT')
      // Outside of transactions, too: what is asked for is not what a reader does.
      await session.query(READ)
    })
    expect(places).toEqual(['instance-1'])
    session.release()
  })

  it('sees what its request has written', async () => {
    const pool = await simulation.readyPool()
    for (const { id } of simulation.cluster.readers)
      await simulation.cluster.inject({ type: 'lag', instance: id, lagMs: 2_000 })
    const session = await pool.getConnection()
    await pool.query(WRITE)
    await session.query('START TRANSACTION READ ONLY')
    const [rows] = await session.query<RowDataPacket[]>(READ)
    expect(rows).toEqual([{ notes: 1 }])
    await session.query('COMMIT')
    session.release()
    for (const { id } of simulation.cluster.readers)
      await simulation.cluster.inject({ type: 'lag', instance: id, lagMs: 0 })
  })
})

describe('what commits by the way', () => {
  /** Whether the session outlives its connection: it does when it is in no transaction. */
  async function outlives(session: PoolConnection): Promise<boolean> {
    const { id } = simulation.cluster.writer
    await simulation.cluster.inject({ type: 'reset', instance: id })
    return session.query({ sql: READ, aurora: { role: 'writer' } } as never).then(
      () => true,
      () => false,
    )
  }

  it('is nothing while a transaction goes on: the session ends with its connection', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(WRITE)
    expect(await outlives(session)).toBe(false)
    session.release()
    expect(await notes()).toBe(0)
  })

  it.each([
    ['DDL', 'CREATE TABLE IF NOT EXISTS app.made (id INT)'],
    ['a procedure', 'CALL app.write_and_commit()'],
    ['COMMIT', 'COMMIT'],
    ['autocommit', 'SET autocommit = 1'],
  ])('is known by the flags: %s', async (what, statement) => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    if (what === 'autocommit') await session.query('SET autocommit = 0')
    else await session.beginTransaction()
    await session.query(WRITE)
    await session.query(statement)
    if (what !== 'autocommit') expect(await outlives(session)).toBe(true)
    session.release()
    await pool.query(WRITE)
    expect(await notes()).toBe(what === 'a procedure' ? 3 : 2)
  })
})

describe('a session given back in the middle', () => {
  it.each([
    ['a transaction', 'START TRANSACTION'],
    ['a transaction without autocommit', 'SET autocommit = 0'],
    ['a chained transaction', 'BEGIN; COMMIT AND CHAIN'],
    ['a read-only transaction', 'START TRANSACTION READ ONLY'],
  ])('of %s leaves nothing to the next', async (what, begin) => {
    const pool = await simulation.readyPool({
      connectionLimit: 1,
      multipleStatements: true,
      aurora: eventual,
    })
    for (let turn = 0; turn < 3; turn++) {
      const session = await pool.getConnection()
      await session.query(begin)
      if (what === 'a read-only transaction') await session.query(READ)
      else await session.query(WRITE)
      session.release()
      const [rows] = await pool.query<RowDataPacket[]>(READ)
      expect(rows).toEqual([{ notes: turn }])
      await pool.query(WRITE)
      expect(await notes()).toBe(turn + 1)
    }
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})
