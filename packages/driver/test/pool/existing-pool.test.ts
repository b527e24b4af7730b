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
