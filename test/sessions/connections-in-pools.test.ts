import { channel } from 'node:diagnostics_channel'
import type { AuroraPool } from 'aurora-mysql2'
import { session } from 'aurora-mysql2'
import { createConnection } from 'aurora-mysql2/mysql2/promise'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  pause,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

let simulation: Simulation
const connections: Connection[] = []

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT)')
})

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.end()))
  await simulation.closePools()
})

const READ = 'SELECT COUNT(*) FROM app.note'
const WRITE = 'INSERT INTO app.note VALUES ()'

/** As a pool of a query builder holds it: used again and again, and never released. */
async function open(): Promise<Connection> {
  const connection = await createConnection(simulation.cluster.connection)
  connections.push(connection)
  return connection
}

/** Reads, with pauses, until a reader has answered. */
async function reachesReader(connection: Connection): Promise<void> {
  await eventually('a reader answers', async () => {
    const before = simulation.counts()
    await connection.query(READ)
    const { writer } = simulation.cluster
    const counts = Object.entries(simulation.countsSince(before))
    return counts.some(([id, { reads }]) => id !== writer.id && reads > 0)
  })
}

describe('a connection in somebody else’s pool', () => {
  it('that begins a transaction in the turn in which its write has ended has its connection to itself', async () => {
    const { connection: options } = simulation.cluster
    // Each statement's connection is asked first whether it lives.
    const careful = { ...options, aurora: { ...options.aurora, checkIdleAfterMs: 1 } }
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => createConnection(careful)))
    connections.push(...all)
    const [one, ...others] = all as [Connection, ...Connection[]]
    const ids: number[] = []
    const heal = await simulation.cluster.inject({ type: 'slow', delayMs: 20 })
    for (let round = 0; round < 5; round++) {
      await one.query(WRITE)
      const begun = one.query('BEGIN')
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      const inserts = others.map((each) => each.query<ResultSetHeader>(WRITE))
      await begun
      await one.query(WRITE)
      await pause(50)
      await one.query('ROLLBACK')
      for (const [{ insertId }] of await Promise.all(inserts)) ids.push(insertId)
    }
    await heal()
    const [rows] = await one.query<RowDataPacket[]>('SELECT id FROM app.note WHERE id IN (?)', [
      ids,
    ])
    expect(rows).toHaveLength(ids.length)
  })

  it('reads from readers again after a write, a transaction, and one with an isolation level', async () => {
    const connection = await open()
    await reachesReader(connection)
    await connection.query(WRITE)
    await reachesReader(connection)
    await connection.beginTransaction()
    await connection.query(WRITE)
    await connection.commit()
    await reachesReader(connection)
    await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
    await connection.query('BEGIN')
    await connection.query(WRITE)
    await connection.query('COMMIT')
    await reachesReader(connection)
  })

  it('finds the connections of a moment ago still open', async () => {
    const connection = await open()
    await reachesReader(connection)
    for (let turn = 0; turn < 10; turn++) await connection.query(READ)
    const opened = () =>
      simulation.cluster.instances.reduce(
        (sum, { counters }) => sum + counters.connectionsAccepted,
        0,
      )
    const before = opened()
    // Idle connections are looked over once a second.
    await pause(2_500)
    for (let turn = 0; turn < 10; turn++) await connection.query(READ)
    expect(opened()).toBe(before)
  })

  it('begins with the same SET as the others without a connection of its own', async () => {
    const first = await open()
    await reachesReader(first)
    const { writer } = simulation.cluster
    const before = writer.counters.connectionsAccepted
    for (let turn = 0; turn < 12; turn++) {
      const connection = await open()
      await connection.query("SET time_zone = '+02:00'")
      await connection.query(READ)
    }
    expect(writer.counters.connectionsAccepted - before).toBeLessThanOrEqual(3)
  })
})

describe('a connection that nobody ends leaves nothing behind', () => {
  /** There are subscribers while a cluster is open. */
  const isOpen = () => channel('http.server.request.start').hasSubscribers
  const nothingIsLeft = () =>
    eventually('everything is closed', () => {
      const open = simulation.cluster.instances.map(({ counters }) => counters.connectionsOpen)
      return !isOpen() && open.every((count) => count === 0)
    })

  it('when it is refused', async () => {
    await nothingIsLeft()
    const wrong = { ...simulation.cluster.connection, password: 'wrong' }
    await expect(createConnection(wrong)).rejects.toMatchObject({ errno: 1045 })
    expect(isOpen()).toBe(true)
    await nothingIsLeft()
  })

  it('when it has lost its transaction', async () => {
    const connection = await createConnection(simulation.cluster.connection)
    await connection.beginTransaction()
    await simulation.cluster.inject({ type: 'reset' })
    await expect(connection.query(WRITE)).rejects.toMatchObject({ fatal: true })
    await nothingIsLeft()
  })
})

describe('sessions', () => {
  it('are spread over the readers, one after the other too', async () => {
    const pool = await simulation.readyPool()
    const before = simulation.counts()
    for (let turn = 0; turn < 100; turn++) {
      const connection = await pool.getConnection()
      await connection.query(READ)
      connection.release()
    }
    const counts = simulation.countsSince(before)
    for (const { id } of simulation.cluster.readers) expect(counts[id]?.reads).toBeGreaterThan(20)
  })

  it('in whose transactions everything was a read hold no reads on the writer', async () => {
    const pool = await simulation.readyPool()
    const connection = await pool.getConnection()
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await connection.query('BEGIN')
      await connection.query(READ)
      await connection.query(end)
      await pool.query(READ)
    }
    connection.release()
    expect(pool.aurora.stats().heldReads.consistency).toBe(0)
    await pool.query(WRITE)
    await pool.query(READ)
    expect(pool.aurora.stats().heldReads.consistency).toBe(1)
  })
})

describe('a COMMIT is followed', () => {
  it.each([
    ['SET autocommit = 0 in the middle', ['BEGIN', WRITE, 'SET autocommit = 0', 'COMMIT']],
    ['a savepoint in the middle', ['BEGIN', WRITE, 'SAVEPOINT a', 'RELEASE SAVEPOINT a', 'COMMIT']],
    ['a transaction begun by another', ['BEGIN', WRITE, 'BEGIN']],
    ['SET autocommit = 1', ['SET autocommit = 0', WRITE, 'SET autocommit = 1']],
  ])('with %s', async (_, statements) => {
    const pool = await simulation.readyPool()
    const connection = await pool.getConnection()
    const last = statements.at(-1) as string
    for (const sql of statements.slice(0, -1)) await connection.query(sql)
    // Until a reader is known to have what was written before it.
    await eventually('reads are held no more', async () => {
      const before = pool.aurora.stats().heldReads.consistency
      await pool.query(READ)
      return pool.aurora.stats().heldReads.consistency === before
    })
    await connection.query(last)
    const before = pool.aurora.stats().heldReads.consistency
    await pool.query(READ)
    expect(pool.aurora.stats().heldReads.consistency).toBe(before + 1)
    await connection.query('ROLLBACK')
    connection.release()
  })
})

describe('session(fn)', () => {
  it('returns a command of the callback API as it is', async () => {
    const pool = simulation.callbackPool()
    let command: unknown
    const rows = await new Promise((resolve, reject) => {
      command = session(() =>
        pool.query('SELECT 1 AS one', (error, answer) => (error ? reject(error) : resolve(answer))),
      )
    })
    expect(rows).toEqual([{ one: 1 }])
    expect(command).toMatchObject({ sql: 'SELECT 1 AS one' })
  })

  it('runs a query that begins when it is awaited within the request', async () => {
    const pool: AuroraPool = simulation.callbackPool()
    await pool.aurora.ready()
    /** As query builders make it: nothing runs before `then`. */
    const lazy = (sql: string): PromiseLike<unknown> => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about
      then: (resolve, reject) => pool.promise().query(sql).then(resolve, reject),
    })
    await session(() => lazy(WRITE))
    await pool.promise().query(READ)
    // The write belongs to its request; outside of any request everything is followed.
    expect(pool.aurora.stats().heldReads.consistency).toBe(1)
    await session(() => pool.promise().query(READ))
    expect(pool.aurora.stats().heldReads.consistency).toBe(1)
  })
})
