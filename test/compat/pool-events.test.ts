import type { Pool, PoolConnection } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, OURS, useBench } from './drivers.js'
import { visible } from './visible.js'

const bench = useBench()

type Taken = 'acquire' | 'release'

/** What is told of connections that are taken and given back. */
function listen(pool: Pool): { readonly events: Taken[]; readonly given: PoolConnection[] } {
  const events: Taken[] = []
  const given: PoolConnection[] = []
  for (const event of ['acquire', 'release'] as const)
    pool.on(event, (connection) => {
      events.push(event)
      given.push(connection)
    })
  return { events, given }
}

const heard = (run: (done: (error: unknown, rows?: unknown) => void) => unknown) =>
  new Promise<unknown>((resolve) => run((error, rows) => resolve(visible(error ?? rows))))

const ONCE: readonly Taken[] = ['acquire', 'release']

describe.each(DRIVERS)('a pool of %s tells that a connection is taken and given back', (name) => {
  const runs: readonly [string, (pool: Pool) => Promise<unknown>][] = [
    ['query() with a callback', (pool) => heard((done) => pool.query('SELECT 1 AS a', done))],
    ['query() of a write', (pool) => heard((done) => pool.query('DO 1', done))],
    [
      'query() without a callback',
      (pool) => new Promise<void>((resolve) => pool.query('SELECT 1 AS a').on('end', resolve)),
    ],
    [
      'query() that is streamed',
      async (pool) => {
        for await (const _row of pool.query('SELECT 1 AS a').stream());
      },
    ],
    ['execute()', (pool) => heard((done) => pool.execute('SELECT ? AS a', [1], done))],
    ['query() of the promise API', (pool) => pool.promise().query('SELECT 1 AS a')],
    ['execute() of the promise API', (pool) => pool.promise().execute('DO 1')],
    ['a statement that fails', (pool) => heard((done) => pool.query('SELEKT', done))],
    [
      'a session',
      async (pool) => {
        const session = await connectionOf(pool)
        await session.promise().query('SELECT 1')
        session.release()
      },
    ],
  ]

  it.each(runs)('for %s', async (_, run) => {
    const pool = await bench().pool(name, { connectionLimit: 2 })
    const { events, given } = listen(pool)
    for (const times of [1, 2, 3]) {
      await run(pool)
      await expect.poll(() => events).toEqual(Array(times).fill(ONCE).flat())
    }
    for (const [at, connection] of given.entries()) {
      expect(connection.constructor.name).toBe('PoolConnection')
      if (events[at] === 'release') expect(connection).toBe(given[at - 1])
    }
  })

  it('gives the connection on which the statement runs', async () => {
    const pool = await bench().pool(name)
    const seen: unknown[] = []
    pool.on('acquire', (connection) => {
      seen.push(connection.threadId, connection.config.user)
      connection.query('SET @given = 7')
    })
    const [rows] = await pool.promise().query('SELECT CONNECTION_ID() AS id, @given AS given')
    expect(rows).toEqual([{ id: seen[0], given: 7 }])
    expect(seen[1]).toBe('app')
  })

  it('says nothing of one that is closed instead', async () => {
    const pool = await bench().pool(name)
    const { events } = listen(pool)
    const destroyed = await connectionOf(pool)
    destroyed.destroy()
    const running = heard((done) => pool.query('DO SLEEP(10)', done))
    const thread = async () => {
      const threads = await bench().cluster.query('SHOW PROCESSLIST')
      return threads.find(({ Info }) => String(Info).startsWith('DO SLEEP(10)'))?.Id
    }
    await expect.poll(thread).toBeDefined()
    await bench().cluster.query(`KILL ${await thread()}`)
    expect(await running).toBeInstanceOf(Object)
    await pool.promise().query('DO 1')
    await expect.poll(() => events.at(-1)).toBe('release')
    expect(events).toEqual(['acquire', 'acquire', ...ONCE])
  })

  it('gives a connection back only when the reply has come that a `timeout` did not wait for', async () => {
    const pool = await bench().pool(name)
    const { events } = listen(pool)
    const sql = 'SELECT SLEEP(0.3)'
    expect(await heard((done) => pool.query({ sql, timeout: 30 }, done))).toMatchObject({
      code: 'PROTOCOL_SEQUENCE_TIMEOUT',
    })
    expect(events).toEqual(['acquire'])
    await expect.poll(() => events).toEqual(ONCE)
  })
})

describe.each(OURS)('a pool of %s', (name) => {
  it('tells of what runs through its views, and on a listener that throws runs on', async () => {
    const pool = await bench().pool(name)
    const { events } = listen(pool)
    const { writer } = pool as Pool & { readonly writer: Pool }
    await writer.promise().query('SELECT 1')
    expect(events).toEqual(ONCE)
    const thrown: unknown[] = []
    const others = process.listeners('uncaughtException')
    for (const other of others) process.removeListener('uncaughtException', other)
    process.on('uncaughtException', (error) => thrown.push(error.message))
    pool.on('acquire', () => {
      throw new Error('Of the listener')
    })
    const answer = await pool.promise().query('SELECT 1 AS a')
    await new Promise((resolve) => setImmediate(resolve))
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
    expect(answer[0]).toEqual([{ a: 1 }])
    expect(thrown).toEqual(['Of the listener'])
    expect(events).toEqual([...ONCE, ...ONCE])
  })
})
