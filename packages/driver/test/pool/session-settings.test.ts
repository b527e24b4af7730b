import type { Cluster } from 'aurora-mysql2-simulator'
import type { PoolConnection, RowDataPacket } from 'mysql2'
import type { PoolConnection as PromisePoolConnection } from 'mysql2/promise'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failureOf, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate()
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
  await cluster.query('CREATE DATABASE other')
  await cluster.query('GRANT ALL ON other.* TO app')
})

beforeEach(() => cluster.query('DELETE FROM app.note'))

afterEach(() => simulation.closePools())

const eventual = { consistency: 'eventual' } as const

/** What a read sees, wherever it runs. */
async function seen(
  session: { query: PromisePoolConnection['query'] },
  expression: string,
  aurora: object = { role: 'reader' },
) {
  const [rows] = await session.query<RowDataPacket[]>({
    sql: `SELECT ${expression} AS value`,
    aurora,
  } as never)
  return rows[0]?.value as unknown
}

describe('what a session sets', () => {
  it.each([
    ['SET time_zone', "SET time_zone = '+03:00'", '@@time_zone', '+03:00'],
    ['SET SESSION', "SET SESSION sql_mode = 'ANSI_QUOTES'", '@@sql_mode', 'ANSI_QUOTES'],
    ['SET NAMES', 'SET NAMES latin1', '@@character_set_client', 'latin1'],
    ['USE', 'USE other', 'DATABASE()', 'other'],
  ])('by %s holds on every instance that it runs on', async (_, set, expression, value) => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query(set)
    for (let turn = 0; turn < 6; turn++) {
      expect(await seen(session, expression)).toBe(value)
      expect(await seen(session, expression, { role: 'writer' })).toBe(value)
    }
    session.release()
  })

  it.each([
    ['SET time_zone', "SET time_zone = '+03:00'", '@@time_zone', '+00:00'],
    ['USE', 'USE other', 'DATABASE()', 'app'],
    ['SET NAMES', 'SET NAMES latin1', '@@character_set_client', 'utf8mb4'],
  ])('by %s is on no reader when it has been released', async (_, set, expression, value) => {
    const pool = await simulation.readyPool({ aurora: eventual, connectionLimit: 2 })
    const session = await pool.getConnection()
    await seen(session, '1')
    await session.query(set)
    for (let turn = 0; turn < 4; turn++) await seen(session, '1')
    session.release()
    for (let turn = 0; turn < 12; turn++) expect(await seen(pool as never, expression)).toBe(value)
  })

  it('with a placeholder holds on every instance, with the value given', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    for (const zone of ['+03:00', '+04:00']) {
      await session.query('SET time_zone = ?', [zone])
      for (let turn = 0; turn < 4; turn++) {
        expect(await seen(session, '@@time_zone')).toBe(zone)
        expect(await seen(session, '@@time_zone', { role: 'writer' })).toBe(zone)
      }
    }
    session.release()
  })

  it('with a placeholder, prepared, holds on every instance, with the value given', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    for (const zone of ['+03:00', '+04:00']) {
      await session.execute('SET time_zone = ?', [zone])
      for (let turn = 0; turn < 4; turn++) {
        expect(await seen(session, '@@time_zone')).toBe(zone)
        expect(await seen(session, '@@time_zone', { role: 'writer' })).toBe(zone)
      }
    }
    session.release()
  })

  it('with a placeholder on two sessions is not mixed up', async () => {
    const pool = await simulation.readyPool({ aurora: eventual, connectionLimit: 2 })
    const [one, two] = await Promise.all([pool.getConnection(), pool.getConnection()])
    await one.query('SET time_zone = ?', ['+03:00'])
    await two.query('SET time_zone = ?', ['+04:00'])
    for (let turn = 0; turn < 6; turn++) {
      expect(await seen(one, '@@time_zone')).toBe('+03:00')
      expect(await seen(two, '@@time_zone')).toBe('+04:00')
    }
    one.release()
    two.release()
  })

  it('relative to what was set is not set twice', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query('SET group_concat_max_len = 1000')
    await session.query('SET group_concat_max_len = @@group_concat_max_len + 1')
    await session.query('SET group_concat_max_len = @@group_concat_max_len + 1')
    for (let turn = 0; turn < 4; turn++) {
      expect(await seen(session, '@@group_concat_max_len')).toBe(1002)
      expect(await seen(session, '@@group_concat_max_len', { role: 'writer' })).toBe(1002)
    }
    session.release()
  })

  it('in a listener for `connection` is there on every connection, and stays', async () => {
    const pool = simulation.pool({ aurora: eventual, connectionLimit: 2 })
    const given: unknown[] = []
    pool.on('connection', (connection) => {
      given.push(connection)
      ;(connection as unknown as PoolConnection).query("SET time_zone = '+05:00'")
    })
    expect(await seen(pool as never, '@@time_zone')).toBe('+05:00')
    await pool.aurora.ready()
    const session = await pool.getConnection()
    await session.query("SET time_zone = '+06:00'")
    for (let turn = 0; turn < 4; turn++) expect(await seen(session, '@@time_zone')).toBe('+06:00')
    session.release()
    for (let turn = 0; turn < 12; turn++)
      expect(await seen(pool as never, '@@time_zone')).toBe('+05:00')
    expect(new Set(given).size).toBe(given.length)
  })

  it('as a user variable binds it to its connection, and nobody else sees it', async () => {
    const pool = await simulation.readyPool({ aurora: eventual, connectionLimit: 1 })
    const session = await pool.getConnection()
    await session.query('SET @mine = 7')
    for (let turn = 0; turn < 4; turn++) expect(await seen(session, '@mine', {})).toBe(7)
    session.release()
    expect(await seen(pool as never, '@mine', { role: 'writer' })).toBe(null)
  })

  it('that the server refuses is not remembered', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await failureOf(session.query("SET time_zone = 'no such zone'"))
    for (let turn = 0; turn < 4; turn++) {
      expect(await seen(session, '@@time_zone')).toBe('+00:00')
      expect(await seen(session, '@@time_zone', { role: 'writer' })).toBe('+00:00')
    }
    session.release()
  })
})
