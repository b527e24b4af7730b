import mysql, { type Pool, type RowDataPacket } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, useBench } from './drivers.js'
import {
  HAS_ASYNC_DISPOSAL,
  HAS_DISPOSAL,
  HAS_RESET,
  REJECTS_WITH_THE_ERROR,
  rejected,
} from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench()

interface Queues {
  readonly _allConnections: { readonly length: number; get(index: number): unknown }
  readonly _freeConnections: { readonly length: number; get(index: number): unknown }
  readonly _connectionQueue: { readonly length: number }
  readonly _closed: boolean
}

const lengths = (pool: Pool) => {
  const { _allConnections, _freeConnections, _connectionQueue } = pool as unknown as Queues
  return [_allConnections.length, _freeConnections.length, _connectionQueue.length]
}

/** What is sent to the writer in every setting, so that limits of one instance show. */
const WRITE = 'DO 1'

const failed = async (work: Promise<unknown>) =>
  visible(
    await work.then(
      () => 'it did not fail',
      (error: unknown) => error,
    ),
  )

describe.each(DRIVERS)('a pool of %s', (name) => {
  it('is what mysql2 calls a pool, in both APIs', async () => {
    const pool = await bench().pool(name)
    const promised = await bench().promisePool(name)
    expect(pool).toBeInstanceOf((mysql as unknown as { Pool: new () => object }).Pool)
    expect([pool, promised].map((each) => each.constructor.name)).toEqual(['Pool', 'PromisePool'])
    expect(Object.keys(pool)).toEqual(
      expect.arrayContaining(['config', '_allConnections', '_freeConnections', '_closed']),
    )
    expect(Object.keys({ ...promised })).toEqual(expect.arrayContaining(['pool', 'Promise']))
  })

  it('has not what tools would mistake it by', async () => {
    const pool = await bench().pool(name)
    const promised = await bench().promisePool(name)
    const has = (on: object, member: string) =>
      (on as Record<string, unknown>)[member] !== undefined
    for (const member of ['pool', 'acquire', 'numFree', 'connect', 'then', 'catch'])
      expect(has(pool, member), member).toBe(false)
    for (const member of ['config', 'threadId', 'promise', 'then', 'connect', 'beginTransaction'])
      expect(has(promised, member), member).toBe(false)
    expect(await promised).toBe(promised)
  })

  it('fails what has no text', async () => {
    // Older versions never call back, and throw where nobody can catch.
    if (name === 'mysql2' && !REJECTS_WITH_THE_ERROR) return expect(HAS_RESET).toBe(false)
    const pool = await bench().pool(name)
    for (const request of [{}, { values: [1] }, { sql: null }]) {
      const work = pool.promise().query(request as never)
      expect(await failed(work)).toMatchObject({ class: 'TypeError' })
    }
    expect((await pool.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
  })

  it('shows its configuration, live', async () => {
    const pool = await bench().pool(name, { connectionLimit: 3, queueLimit: 5, idleTimeout: 1234 })
    const config = pool.config as unknown as Record<string, Record<string, unknown>>
    expect(config).toMatchObject({
      connectionLimit: 3,
      queueLimit: 5,
      maxIdle: 3,
      idleTimeout: 1234,
      waitForConnections: true,
    })
    expect(config.connectionConfig).toMatchObject({ user: 'app', database: 'app', trace: true })
    const { connectionConfig } = config
    if (connectionConfig !== undefined) connectionConfig.password = 'wrong'
    const error = await failed(pool.promise().query('SELECT 1'))
    expect(error).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' })
    expect(JSON.stringify(error)).not.toContain('wrong')
  })

  it('formats and escapes with its own settings', async () => {
    const pool = await bench().pool(name, { stringifyObjects: true, timezone: 'Z' })
    expect(pool.format('? ??', [new Date(0), 'a.b'])).toBe("'1970-01-01 00:00:00.000' `a`.`b`")
    expect(pool.escape({ a: 1 })).toBe("'[object Object]'")
    expect(pool.escapeId('a`b')).toBe('`a``b`')
    const promised = pool.promise()
    expect(promised.format('?', ['x'])).toBe("'x'")
    expect(promised.escape("'")).toBe("'\\''")
    expect(promised.escapeId('a')).toBe('`a`')
  })

  it('gives a command at once for a query, and nothing for an execute', async () => {
    const pool = await bench().pool(name)
    const command = pool.query('SELECT ? AS a', [1])
    expect(command.constructor.name).toBe('Query')
    expect(command.sql).toBe('SELECT ? AS a')
    expect(() => (command as unknown as { then(): void }).then()).toThrow(/programming error/)
    await new Promise((resolve) => command.once('end', resolve))
    await new Promise((resolve) => expect(pool.execute('DO 1', resolve)).toBeUndefined())
  })

  it('takes queries, executes and sessions by callback', async () => {
    const pool = await bench().pool(name)
    const answers = await Promise.all([
      new Promise((resolve) => pool.query('SELECT 1 AS a', (_, rows) => resolve(rows))),
      new Promise((resolve) => pool.query('SELECT ? AS a', [2], (_, rows) => resolve(rows))),
      new Promise((resolve) => pool.query({ sql: 'SELECT 3 AS a' }, (_, rows) => resolve(rows))),
      new Promise((resolve) => pool.execute('SELECT 4 AS a', (_, rows) => resolve(rows))),
      new Promise((resolve) => pool.execute('SELECT ? AS a', [5], (_, rows) => resolve(rows))),
    ])
    expect(answers).toEqual([1, 2, 3, 4, 5].map((a) => [{ a }]))
  })

  it('never has more open than its limit, and lets the rest wait in turn', async () => {
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const first = await pool.promise().getConnection()
    await first.beginTransaction()
    await first.query(WRITE)
    const ended: number[] = []
    const others = [1, 2, 3].map((turn) =>
      pool
        .promise()
        .query(WRITE)
        .then(() => ended.push(turn)),
    )
    await expect.poll(() => lengths(pool)[2]).toBe(3)
    await first.commit()
    first.release()
    await Promise.all(others)
    expect(ended).toEqual([1, 2, 3])
    expect(lengths(pool)[2]).toBe(0)
  })

  it('refuses at once beyond `queueLimit`, or without `waitForConnections`', async () => {
    for (const [options, message] of [
      [{ connectionLimit: 1, queueLimit: 1 }, 'Queue limit reached.'],
      [{ connectionLimit: 1, waitForConnections: false }, 'No connections available.'],
    ] as const) {
      const pool = await bench().pool(name, options)
      const session = await pool.promise().getConnection()
      await session.beginTransaction()
      await session.query(WRITE)
      const waiting = 'queueLimit' in options ? [pool.promise().query(WRITE)] : []
      if (waiting.length > 0) await expect.poll(() => lengths(pool)[2]).toBe(1)
      expect(await failed(pool.promise().query(WRITE))).toEqual({
        class: 'Error',
        name: 'Error',
        message,
      })
      await session.rollback()
      session.release()
      await Promise.all(waiting)
    }
  })

  it('keeps idle connections, but no more than `maxIdle`, and not beyond `idleTimeout`', async () => {
    const pool = await bench().pool(name, { connectionLimit: 4, maxIdle: 1, idleTimeout: 300 })
    await Promise.all([1, 2, 3].map(() => pool.promise().query('DO SLEEP(0.05)')))
    await expect.poll(() => lengths(pool)[0]).toBe(0)
    const keeping = await bench().pool(name)
    await keeping.promise().query('DO 1')
    expect(lengths(keeping)[0]).toBeGreaterThan(0)
    expect(lengths(keeping)[0]).toBe(lengths(keeping)[1])
  })

  it('resets what is released, with `resetOnRelease`, where mysql2 can', async () => {
    const pool = await bench().pool(name, { connectionLimit: 1, resetOnRelease: true } as object)
    const session = await pool.promise().getConnection()
    await session.query('SET SESSION max_heap_table_size = 32768')
    await session.query('DO 1')
    session.release()
    const [rows] = await pool
      .promise()
      .query<RowDataPacket[]>('SELECT @@max_heap_table_size = 32768 AS kept')
    expect(rows).toEqual([{ kept: HAS_RESET ? 0 : 1 }])
  })

  it('tells of each connection before its first use, and of what is taken and given back', async () => {
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const heard: unknown[] = []
    for (const event of ['connection', 'acquire', 'release'] as const)
      pool.on(event, (connection) => heard.push([event, connection.constructor.name]))
    pool.on('connection', (connection) => connection.query('SET @told = 7'))
    const session = await connectionOf(pool)
    const rows = await new Promise((resolve) =>
      session.query('SELECT @told AS told', (_, r) => resolve(r)),
    )
    expect(rows).toEqual([{ told: 7 }])
    session.release()
    await expect.poll(() => heard.at(-1)).toEqual(['release', 'PoolConnection'])
    const taken = heard.filter((each) => (each as string[])[0] !== 'connection')
    expect(taken).toEqual([
      ['acquire', 'PoolConnection'],
      ['release', 'PoolConnection'],
    ])
    expect(heard[0]).toEqual(['connection', 'PoolConnection'])
  })

  it('tells when somebody has to wait, and its promise API tells too', async () => {
    const promised = await bench().promisePool(name, { connectionLimit: 1 })
    const heard: string[] = []
    for (const event of ['acquire', 'enqueue', 'release'] as const)
      promised.on(event as 'acquire', () => heard.push(event))
    const session = await promised.getConnection()
    await session.beginTransaction()
    await session.query(WRITE)
    const waiting = promised.query(WRITE)
    await expect.poll(() => heard).toContain('enqueue')
    await session.commit()
    session.release()
    await waiting
    expect(heard[0]).toBe('acquire')
  })

  it('takes sessions back by releaseConnection() in both APIs, twice without harm', async () => {
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const session = await connectionOf(pool)
    pool.releaseConnection(session)
    const promised = pool.promise()
    const other = await promised.getConnection()
    promised.releaseConnection(other)
    promised.releaseConnection({} as never)
    // Older versions put a connection that is released twice into the pool twice.
    if ('_released' in session) other.release()
    await promised.query(WRITE)
    await expect.poll(() => lengths(pool)[0]).toBe(lengths(pool)[1])
  })

  it('ends, and then says so', async () => {
    const pool = await bench().pool(name)
    await pool.promise().query('DO 1')
    const args = await new Promise<unknown[]>((resolve) => pool.end((...all) => resolve(all)))
    expect(args[0] ?? undefined).toBeUndefined()
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    const closed = { class: 'Error', name: 'Error', message: 'Pool is closed.' }
    const promised = pool.promise()
    expect(await failed(promised.query('SELECT 1'))).toEqual(closed)
    expect(await failed(promised.execute('SELECT 1'))).toEqual(closed)
    expect(await failed(promised.getConnection())).toEqual(closed)
    expect((pool as unknown as Queues)._closed).toBe(true)
  })

  it('is disposed of by symbol', async () => {
    const pool = await bench().pool(name)
    const promised = await bench().promisePool(name)
    await pool.promise().query('DO 1')
    if (HAS_DISPOSAL) (pool as unknown as Disposable)[Symbol.dispose]()
    else pool.end()
    if (HAS_ASYNC_DISPOSAL) await (promised as unknown as AsyncDisposable)[Symbol.asyncDispose]()
    else await promised.end()
    for (const each of [pool.promise(), promised])
      expect(await failed(each.query('SELECT 1'))).toMatchObject({ message: 'Pool is closed.' })
  })

  it('takes the promises of the application', async () => {
    class OwnPromise<T> extends Promise<T> {}
    const promised = await bench().promisePool(name, { Promise: OwnPromise } as object)
    const asked = promised.query('SELECT 1')
    expect(asked).toBeInstanceOf(OwnPromise)
    await asked
    const taking = promised.getConnection()
    expect(taking).toBeInstanceOf(OwnPromise)
    ;(await taking).release()
    const pool = await bench().pool(name)
    const own = pool.promise(OwnPromise as PromiseConstructor)
    const executed = own.execute('SELECT 1')
    expect(executed).toBeInstanceOf(OwnPromise)
    await executed
    expect(own).not.toBe(pool.promise())
  })

  it('refuses callbacks in the promise API', async () => {
    const promised = await bench().promisePool(name)
    const refused = 'Callback function is not available with promise clients.'
    expect(() => promised.query('SELECT 1', (() => {}) as never)).toThrow(refused)
    expect(() => promised.execute('SELECT 1', (() => {}) as never)).toThrow(refused)
    const session = await promised.getConnection()
    expect(() => session.query('SELECT 1', (() => {}) as never)).toThrow(refused)
    session.release()
  })

  it('lets errors of the promise API name the caller, unless `trace` is off', async () => {
    for (const trace of [true, false]) {
      const promised = await bench().promisePool(name, { trace } as object)
      const session = await promised.getConnection()
      async function theCaller(work: () => Promise<unknown>): Promise<string> {
        return work().then(
          () => 'it did not fail',
          (error: Error) => String(error.stack),
        )
      }
      const stacks = await Promise.all([
        theCaller(async () => await promised.query('SELEKT')),
        theCaller(async () => await promised.execute('SELEKT')),
        theCaller(async () => await session.query('SELEKT')),
        theCaller(async () => await session.execute('SELEKT')),
        theCaller(async () => await session.prepare('SELEKT')),
      ])
      session.release()
      const named = stacks.map((stack) => stack.includes('pools.test.ts'))
      // Older versions know `trace`, and never look at it.
      if (trace || REJECTS_WITH_THE_ERROR) expect(named).toEqual(Array(5).fill(trace))
    }
  })

  it('lets wrong passwords, schemas and addresses fail with mysql2’s errors', async () => {
    const open = (options: object) => bench().driver(name).createPool(options)
    const single = { aurora: undefined, host: bench().cluster.writer.address }
    const pools: readonly [Pool, object][] = [
      [open({ password: 'x' }), { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045, sqlState: '28000' }],
      [open({ user: 'nobody' }), { code: 'ER_ACCESS_DENIED_ERROR' }],
      [open({ ...single, database: 'nowhere' }), { code: 'ER_BAD_DB_ERROR' }],
      [
        open({ ...single, port: 1 }),
        { code: 'ECONNREFUSED', syscall: 'connect', port: 1, fatal: true },
      ],
    ]
    for (const [pool, expected] of pools) {
      const error = await failed(pool.promise().query('SELECT 1'))
      expect(error).toMatchObject(rejected(expected))
      expect(await failed(pool.promise().getConnection())).toMatchObject(rejected(expected))
      expect(await failed(pool.promise().execute('SELECT 1'))).toMatchObject(rejected(expected))
      await pool.promise().end()
    }
  })
})
