import type { EventEmitter } from 'node:events'
import { createAuroraPool } from 'aurora-mysql2'
import { createAuroraPool as createPromisePool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import mysql, { type Pool, type PoolConnection } from 'mysql2'
import mysqlPromise from 'mysql2/promise'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, QUICK, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  cluster = simulation.cluster
})

const applications = () =>
  cluster.instances.reduce((sum, { counters }) => sum + counters.connectionsOpen, 0)

/** mysql2's pool would resolve the simulated names by the system; ours takes `lookup` from the second argument. */
const aurora = () => ({ ...cluster.connection.aurora, ...QUICK, consistency: 'eventual' as const })

const settings = () => {
  const { aurora: _, ...login } = cluster.connection
  return { ...login, stream: cluster.plainConnection.stream as never, connectionLimit: 4 }
}

const end = (pool: Pool) => new Promise<void>((resolve) => pool.end(() => resolve()))

describe('a pool that exists', () => {
  it('gives its settings, its listeners and its later calls to ours, and closes what it had open', async () => {
    const existing = mysql.createPool(settings())
    const seen: unknown[] = []
    existing.on('connection', (connection) => {
      seen.push(connection)
      ;(connection as unknown as PoolConnection).query("SET time_zone = '+07:00'")
    })
    await existing.promise().query('SELECT 1')
    expect(seen).toHaveLength(1)
    const ours = createAuroraPool(existing, aurora())
    await ours.aurora.ready()
    const [rows] = await ours.promise().query('SELECT @@time_zone AS zone')
    expect(rows).toEqual([{ zone: '+07:00' }])
    const before = simulation.counts()
    for (let turn = 0; turn < 5; turn++) await existing.promise().query('SELECT 1')
    const session = await existing.promise().getConnection()
    await session.query('SELECT 1')
    session.release()
    await new Promise<void>((resolve, reject) =>
      existing.execute('SELECT 1', (error: Error | null) => (error ? reject(error) : resolve())),
    )
    expect(simulation.countsSince(before)['instance-2']?.reads).toBe(7)
    await end(ours)
    expect((await failureOf(existing.promise().query('SELECT 1'))).message).toBe('Pool is closed.')
    await eventually('all connections are closed', () => applications() === 0)
  })

  it('in the promise API, ended by its own end()', async () => {
    const existing = mysqlPromise.createPool(settings())
    await existing.query('SELECT 1')
    const ours = createPromisePool(existing, aurora())
    await ours.aurora.ready()
    await ours.query('SELECT 1')
    await existing.query('SELECT 1')
    await existing.end()
    expect((await failureOf(ours.query('SELECT 1'))).message).toBe('Pool is closed.')
    await eventually('all connections are closed', () => applications() === 0)
  })

  it('keeps a connection that is in use until it is released, then closes it', async () => {
    const existing = mysqlPromise.createPool(settings())
    const old = await existing.getConnection()
    await old.beginTransaction()
    const ours = createPromisePool(existing, aurora())
    await ours.query('SELECT 1')
    const [rows] = await old.query('SELECT 2 AS two')
    expect(rows).toEqual([{ two: 2 }])
    await old.commit()
    old.release()
    await ours.end()
    await eventually('all connections are closed', () => applications() === 0)
  })

  it('with one in use that is never released: end() closes it too', async () => {
    const existing = mysqlPromise.createPool(settings())
    await existing.getConnection()
    const ours = createPromisePool(existing, aurora())
    await ours.query('SELECT 1')
    await ours.end()
    await eventually('all connections are closed', () => applications() === 0)
  })

  it.each(['callback', 'promise'] as const)(
    'of the %s API: whoever listened to it hears of what ours takes, gives back and lets wait',
    async (api) => {
      const existing =
        api === 'callback'
          ? mysql.createPool({ ...settings(), connectionLimit: 1 })
          : mysqlPromise.createPool({ ...settings(), connectionLimit: 1 })
      const promised = 'promise' in existing ? existing.promise() : existing
      await promised.query('SELECT 1')
      const heard: string[] = []
      for (const event of ['connection', 'acquire', 'enqueue', 'release'])
        (existing as EventEmitter).on(event, () => heard.push(event))
      const ours = createPromisePool(existing, aurora())
      await ours.aurora.ready()
      const session = await ours.getConnection()
      await session.beginTransaction()
      heard.length = 0
      const waiting = promised.query('DO 1')
      await eventually('it waits', () => heard.includes('enqueue'))
      await session.rollback()
      session.release()
      await waiting
      expect(heard).toEqual(['enqueue', 'release', 'acquire', 'release'])
      heard.length = 0
      await ours.query('DO 1')
      await promised.execute('DO 1')
      expect(heard).toEqual(['acquire', 'release', 'acquire', 'release'])
      await ours.end()
    },
  )

  it('tells tools how many connections there are, and how many of them are in use', async () => {
    const existing = mysql.createPool(settings())
    const lengths = () => {
      const { _allConnections, _freeConnections, _connectionQueue } = existing as unknown as Record<
        string,
        { length: number }
      >
      return [_allConnections?.length, _freeConnections?.length, _connectionQueue?.length]
    }
    const old = await existing.promise().getConnection()
    await existing.promise().query('SELECT 1')
    expect(lengths()).toEqual([2, 1, 0])
    const ours = createAuroraPool(existing, { ...aurora(), consistency: 'writer' })
    await ours.aurora.ready()
    const sessions = await Promise.all([1, 2, 3, 4].map(() => ours.promise().getConnection()))
    for (const session of sessions) {
      await session.beginTransaction()
      await session.query('DO 1')
    }
    const waiting = existing.promise().query('DO 1')
    const counted = ours as unknown as Record<string, { length: number }>
    // One more is open, of the old pool, and in use.
    await eventually('one waits', () => counted._connectionQueue?.length === 1)
    expect(lengths()).toEqual([
      (counted._allConnections?.length ?? 0) + 1,
      counted._freeConnections?.length,
      1,
    ])
    expect(counted._allConnections?.length).toBeGreaterThanOrEqual(4)
    old.release()
    await eventually('the old one is gone', () => lengths()[0] === counted._allConnections?.length)
    for (const session of sessions) {
      await session.rollback()
      session.release()
    }
    await waiting
    await eventually('all are free', () => lengths()[0] === lengths()[1])
    await end(ours)
    await eventually('all connections are closed', () => applications() === 0)
    expect(lengths()).toEqual([0, 0, 0])
  })

  it.each(['callback', 'promise'] as const)(
    'of the %s API, disposed of by its symbol, ends ours',
    async (api) => {
      const existing =
        api === 'callback' ? mysql.createPool(settings()) : mysqlPromise.createPool(settings())
      const ours = createPromisePool(existing, aurora())
      await ours.query('SELECT 1')
      const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: disposeAsync } =
        existing as unknown as Partial<Disposable & AsyncDisposable>
      // Older versions of mysql2 have no symbols; what these call was there before.
      if (dispose === undefined && disposeAsync === undefined) existing.end()
      else if (dispose === undefined) await disposeAsync?.call(existing as never)
      else dispose.call(existing as never)
      expect((await failureOf(ours.query('SELECT 1'))).message).toBe('Pool is closed.')
      await eventually('all connections are closed', () => applications() === 0)
    },
  )

  it('is closed by drain() too, with what is out of it', async () => {
    const existing = mysqlPromise.createPool(settings())
    await existing.getConnection()
    const ours = createPromisePool(existing, aurora())
    await ours.query('SELECT 1')
    await ours.aurora.drain()
    await eventually('all connections are closed', () => applications() === 0)
    expect((await failureOf(existing.query('SELECT 1'))).message).toBe('Pool is closed.')
    expect((await failureOf(existing.getConnection())).message).toBe('Pool is closed.')
  })

  it('is taken over once, and one of ours never', async () => {
    const existing = mysql.createPool(settings())
    await existing.promise().query('SELECT 1')
    const ours = createAuroraPool(existing, aurora())
    await ours.promise().query('SELECT 1')
    expect(createAuroraPool(existing)).toBe(ours)
    expect(createAuroraPool(existing.promise() as never)).toBe(ours)
    expect(createAuroraPool(ours)).toBe(ours)
    expect(createAuroraPool(ours.reader)).toBe(ours.reader)
    expect(createAuroraPool(ours.promise() as never)).toBe(ours)
    const inPromises = createPromisePool(ours) as unknown as { readonly pool: unknown }
    expect(inPromises.pool).toBe(ours)
    for (const pool of [existing, ours])
      expect(() => createAuroraPool(pool, { maxLagMs: 1 })).toThrow(
        /one of createAuroraPool already/,
      )
    await end(ours)
  })

  it('that has been ended is refused', async () => {
    const existing = mysqlPromise.createPool(settings())
    await existing.query('SELECT 1')
    await existing.end()
    expect(() => createPromisePool(existing, aurora())).toThrow(/has been ended/)
  })

  it('with somebody who waits for a connection: he gets one', async () => {
    const existing = mysqlPromise.createPool({ ...settings(), connectionLimit: 1 })
    const old = await existing.getConnection()
    const waiting = existing.query('SELECT 3 AS three')
    const ours = createPromisePool(existing, aurora())
    old.release()
    const [rows] = await waiting
    expect(rows).toEqual([{ three: 3 }])
    await ours.end()
    await eventually('all connections are closed', () => applications() === 0)
  })
})
