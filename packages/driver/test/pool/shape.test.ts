import mysql, { type Pool, type PoolConnection } from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let plain: Pool
let ours: Pool

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  await simulation.cluster.query(
    `CREATE TABLE app.item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) UNIQUE, price DECIMAL(8,2), made DATETIME, body JSON, raw BLOB, big BIGINT)`,
  )
  await simulation.cluster.query(
    `INSERT INTO app.item VALUES (1, 'one', 1.10, '2026-01-02 03:04:05', '{"a":1}', 0x0102, 9007199254740993), (2, 'two', NULL, NULL, NULL, NULL, NULL)`,
  )
  await simulation.cluster.query(
    'CREATE PROCEDURE app.twice(IN n INT) BEGIN SELECT n AS n; SELECT n * 2 AS twice; END',
  )
  const settings = { namedPlaceholders: false, multipleStatements: true } as const
  plain = mysql.createPool({
    ...simulation.cluster.plainConnection,
    ...settings,
    connectionLimit: 2,
  })
  const pool = simulation.callbackPool({ ...settings, connectionLimit: 2 })
  await pool.aurora.ready()
  ours = pool
})

describe('shape', () => {
  it('is a mysql2 pool by instanceof, by name and by what it has not', () => {
    expect(ours).toBeInstanceOf((mysql as unknown as { Pool: new () => object }).Pool)
    expect(ours.constructor.name).toBe('Pool')
    for (const name of ['pool', 'acquire', 'numFree', 'connect', 'then'])
      expect((ours as unknown as Record<string, unknown>)[name], name).toBeUndefined()
    const keys = Object.keys(ours)
    for (const key of [
      'config',
      '_allConnections',
      '_freeConnections',
      '_connectionQueue',
      '_closed',
    ])
      expect(keys).toContain(key)
  })

  it('has the members of the promise pool, and no others that would be mistaken', async () => {
    const pool = ours.promise()
    expect(pool).toBeInstanceOf(
      (mysqlPromise as unknown as { PromisePool: new () => object }).PromisePool,
    )
    expect(pool.constructor.name).toBe('PromisePool')
    expect(Object.keys(pool)).toEqual(expect.arrayContaining(['pool', 'Promise']))
    for (const name of ['config', 'threadId', 'promise', 'then', 'beginTransaction'])
      expect((pool as unknown as Record<string, unknown>)[name], name).toBeUndefined()
    expect(await pool).toBe(pool)
    expect(() => pool.query('SELECT 1', (() => {}) as never)).toThrow(
      'Callback function is not available with promise clients.',
    )
    const session = await pool.getConnection()
    expect(session).toBeInstanceOf(
      (mysqlPromise as unknown as { PromisePoolConnection: new () => object })
        .PromisePoolConnection,
    )
    expect(session.constructor.name).toBe('PromisePoolConnection')
    session.release()
  })

  it('gives sessions the shape of mysql2', async () => {
    const take = (pool: Pool) =>
      new Promise<PoolConnection>((resolve, reject) =>
        pool.getConnection((error, got) => (error ? reject(error) : resolve(got))),
      )
    const [session, connection] = await Promise.all([take(ours), take(plain)])
    expect(session).toBeInstanceOf(
      (mysql as unknown as { PoolConnection: new () => object }).PoolConnection,
    )
    expect(session.constructor.name).toBe('PoolConnection')
    const of = (on: PoolConnection) => on as unknown as Record<string, unknown>
    for (const name of [
      'threadId',
      '_fatalError',
      '_protocolError',
      'state',
      'authorized',
      'serverEncoding',
    ])
      expect(typeof of(session)[name], name).toBe(typeof of(connection)[name])
    expect(of(session).state).toBe(of(connection).state)
    expect(of(session).then).toBeUndefined()
    expect(session.config.database).toBe(connection.config.database)
    expect(session.escape("a'b")).toBe(connection.escape("a'b"))
    expect(session.escapeId('a`b')).toBe(connection.escapeId('a`b'))
    expect(session.format('?', [1])).toBe(connection.format('?', [1]))
    expect((session as unknown as { stream: { destroyed: boolean } }).stream.destroyed).toBe(false)
    session.release()
    session.release()
    connection.release()
  })

  it('formats and escapes alike', () => {
    expect(ours.format('? ??', [new Date(0), 'a'])).toBe(plain.format('? ??', [new Date(0), 'a']))
    expect(ours.escape({ a: 1 })).toBe(plain.escape({ a: 1 }))
    expect(ours.escapeId('a.b')).toBe(plain.escapeId('a.b'))
  })

  it('tells how many connections there are, are free, and are waited for', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await pool.aurora.ready()
    const lengths = () =>
      ['_allConnections', '_freeConnections', '_connectionQueue'].map(
        (name) => (pool as unknown as Record<string, { length: number }>)[name]?.length,
      )
    expect(lengths()).toEqual([0, 0, 0])
    const session = await pool.promise().getConnection()
    await session.beginTransaction()
    await eventually('one is lent', () => lengths()[0] === 1 || lengths()[0] === 2)
    const waiting = pool.promise().query('DO 1')
    await eventually('one waits', () => lengths()[2] === 1)
    await session.rollback()
    session.release()
    await waiting
    expect(lengths()[2]).toBe(0)
    expect(lengths()[0]).toBe(lengths()[1])
  })
})

describe('an error of the promise API', () => {
  it.each([
    ['query', () => ours.promise().query('SELEKT 1')],
    ['execute', () => ours.promise().execute('SELEKT 1')],
  ] as const)("of %s carries the caller's stack", async (_, call) => {
    async function theCaller() {
      await call()
    }
    const error = await failureOf(theCaller())
    expect(error.stack).toContain('theCaller')
    expect(error.stack).toContain(error.message)
  })

  it("on a session carries the caller's stack", async () => {
    const session = await ours.promise().getConnection()
    async function theCaller() {
      await session.query('SELEKT 1')
    }
    const error = await failureOf(theCaller())
    session.release()
    expect(error.stack).toContain('theCaller')
  })
})

describe('disposal', () => {
  it('by symbols ends pools and releases sessions', async () => {
    const pool = simulation.callbackPool()
    const promised = simulation.pool()
    expect(typeof pool[Symbol.dispose]).toBe('function')
    const session = await promised.getConnection()
    // Older versions of mysql2 have none in their promise API.
    if (!(Symbol.asyncDispose in Object.getPrototypeOf(Object.getPrototypeOf(promised)))) {
      expect(Symbol.asyncDispose in promised).toBe(false)
      return session.release()
    }
    await (session as unknown as AsyncDisposable)[Symbol.asyncDispose]()
    await (promised as unknown as AsyncDisposable)[Symbol.asyncDispose]()
    pool[Symbol.dispose]()
    expect((await failureOf(pool.promise().query('SELECT 1'))).message).toBe('Pool is closed.')
    expect((await failureOf(promised.query('SELECT 1'))).message).toBe('Pool is closed.')
    pool[Symbol.dispose]()
  })
})
