import { session as inRequest } from 'aurora-mysql2'
import { createConnection } from 'aurora-mysql2/mysql2'
import mysql, { type Connection, type PoolConnection } from 'mysql2'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Simulation, simulate } from '../../packages/driver/test/simulation.js'

// An instance of the simulator knows its own sessions alone, as a server does: sent elsewhere, a KILL fails with 1094.

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text INT)')
  await simulation.cluster.query('INSERT INTO app.note VALUES (1, 0)')
})

afterEach(() => simulation.closePools())

const SLOW_READ = 'SELECT COUNT(*) FROM app.note WHERE SLEEP(10) = 0'
const SLOW_WRITE = 'UPDATE app.note SET text = SLEEP(10)'

/** Whether a statement that sleeps runs in the storage, for whichever instance. */
async function isSleeping(): Promise<boolean> {
  const list = await simulation.cluster.query('SHOW PROCESSLIST')
  return list.some(({ Info }) => String(Info).includes('SLEEP(10)'))
}

/** Counted when they begin. */
const writesAtWriter = () => simulation.cluster.writer.counters.writes

type Runs = Pick<Connection, 'query'>

const run = (on: Runs, sql: string) =>
  new Promise<{ code?: string | undefined }>((resolve) => {
    on.query(sql, (error) => resolve(error ?? {}))
  })

/** The session as pools and query builders meet it, on a reader and with its thread id told before anything runs. */
async function openSession(connectionLimit = 3) {
  const pool = simulation.callbackPool({ connectionLimit })
  await pool.aurora.ready()
  const promises = pool.promise()
  // An idle connection on each instance.
  await Promise.all(Array.from({ length: 3 * connectionLimit }, () => promises.query('DO 0')))
  await eventually('readers have idle connections', async () => {
    await promises.query('SELECT COUNT(*) FROM app.note')
    return pool.aurora.stats().instances.every(({ role, idle }) => role !== 'reader' || idle > 0)
  })
  const session = await new Promise<PoolConnection>((resolve, reject) =>
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection))),
  )
  return { pool, session, toldId: session.threadId }
}

describe.each([
  ['a read', SLOW_READ],
  ['a write, which has moved to the writer since the id was told', SLOW_WRITE],
])('KILL QUERY ends %s', (_, slow) => {
  it('through the pool, also where that has no connection left', async () => {
    const { pool, session, toldId } = await openSession(1)
    const running = run(session, slow)
    await eventually('it runs', isSleeping)
    expect(await run(pool, `KILL QUERY ${toldId}`)).toEqual({})
    expect((await running).code).toBe('ER_QUERY_INTERRUPTED')
    session.release()
  })

  it('through another session', async () => {
    const { pool, session, toldId } = await openSession()
    const running = run(session, slow)
    await eventually('it runs', isSleeping)
    const other = await pool.promise().getConnection()
    await other.query('kill query ?', [toldId])
    expect((await running).code).toBe('ER_QUERY_INTERRUPTED')
    other.release()
    session.release()
  })

  it.each([
    ['ours', createConnection],
    ['mysql2', mysql.createConnection],
  ])('on a connection of %s made from its config, asked for while it runs', async (name, make) => {
    const { session, toldId } = await openSession()
    const running = run(session, slow)
    await eventually('it runs', isSleeping)
    const threadId = name === 'ours' ? toldId : session.threadId
    const {
      clientFlags: _,
      maxPacketSize: __,
      ...config
    } = session.config as never as object & {
      clientFlags: unknown
      maxPacketSize: unknown
    }
    const killer = make(config as never)
    expect(await run(killer, `KILL QUERY ${threadId}`)).toEqual({})
    expect((await running).code).toBe('ER_QUERY_INTERRUPTED')
    killer.destroy()
    session.release()
  })

  it('of a connection in somebody else’s pool', async () => {
    const connection = createConnection(simulation.cluster.connection)
    await new Promise((resolve) => connection.once('connect', resolve))
    for (let turn = 0; turn < 20; turn++) await run(connection, 'SELECT COUNT(*) FROM app.note')
    const running = run(connection, slow)
    await eventually('it runs', isSleeping)
    const killer = createConnection(simulation.cluster.connection)
    expect(await run(killer, `KILL QUERY ${connection.threadId}`)).toEqual({})
    expect((await running).code).toBe('ER_QUERY_INTERRUPTED')
    killer.destroy()
    connection.destroy()
  })
})

describe('KILL', () => {
  it('ends the statement of the session that was asked last, of two that were told the same id', async () => {
    const { pool, session, toldId } = await openSession(1)
    const writes = writesAtWriter()
    // Requests of their own: the read does not follow the write to the writer, should that have ended.
    const moved = inRequest(() => run(session, 'UPDATE app.note SET text = SLEEP(0.5)'))
    await eventually('it has moved to the writer', () => writesAtWriter() > writes)
    const sessions = await Promise.all([
      pool.promise().getConnection(),
      pool.promise().getConnection(),
    ])
    const second = sessions.find(({ threadId }) => threadId === toldId)
    const running = inRequest(() => run(second?.connection as never, SLOW_READ))
    await eventually('it runs', isSleeping)
    expect(await run(pool, `KILL QUERY ${second?.threadId}`)).toEqual({})
    expect((await running).code).toBe('ER_QUERY_INTERRUPTED')
    expect(await moved).toEqual({})
    for (const each of sessions) each.release()
    session.release()
  })

  it('takes no statement of the promise API for a question: the session that was asked last is meant', async () => {
    const { pool, session, toldId } = await openSession(1)
    const moved = session.promise()
    // Requests of their own: the read does not follow the write to the writer.
    await inRequest(() => moved.query('UPDATE app.note SET text = 0'))
    const sessions = await Promise.all([
      pool.promise().getConnection(),
      pool.promise().getConnection(),
    ])
    const second = sessions.find(({ threadId }) => threadId === toldId)
    const running = inRequest(() => second?.query(SLOW_READ).catch((error: unknown) => error))
    await eventually('it runs', isSleeping)
    // Issued after the other was asked for its id.
    const writes = writesAtWriter()
    const kept = moved.query('UPDATE app.note SET text = SLEEP(0.5)')
    await eventually('that runs too', () => writesAtWriter() > writes)
    expect(await run(pool, `KILL QUERY ${toldId}`)).toEqual({})
    await kept
    expect(await running).toMatchObject({ code: 'ER_QUERY_INTERRUPTED' })
    for (const each of sessions) each.release()
    session.release()
  })

  it('ends what a destroyed session has left running', async () => {
    const { pool, session, toldId } = await openSession()
    void run(session, SLOW_READ)
    await eventually('it runs', isSleeping)
    const { config } = session
    session.destroy()
    expect(session.config.host).toBe(config.host)
    await run(pool, `KILL CONNECTION ${toldId}`)
    await eventually('it is gone', async () => !(await isSleeping()))
  })

  it('QUERY of a session that runs nothing ends nobody’s statement', async () => {
    const { pool, session, toldId } = await openSession(1)
    await run(session, 'UPDATE app.note SET text = 1')
    session.release()
    const others = Array.from({ length: 6 }, () =>
      run(pool, 'SELECT id FROM app.note WHERE SLEEP(0.2) = 0'),
    )
    const connection = createConnection(simulation.cluster.connection)
    await new Promise((resolve) => connection.once('connect', resolve))
    await run(connection, `KILL QUERY ${toldId}`)
    connection.destroy()
    expect(await Promise.all(others)).toEqual(others.map(() => ({})))
  })

  it('of a thread that nobody here knows goes to the writer as it is', async () => {
    const { pool, session } = await openSession()
    expect((await run(pool, 'KILL QUERY 4000000')).code).toBe('ER_NO_SUCH_THREAD')
    session.release()
  })
})
