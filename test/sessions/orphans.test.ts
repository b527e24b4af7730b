import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failureOf, type Simulation, simulate } from '../../packages/driver/test/simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  const { cluster } = simulation
  await cluster.query('CREATE TABLE app.author (id INT PRIMARY KEY)')
  await cluster.query(
    'CREATE TABLE app.book (id INT PRIMARY KEY AUTO_INCREMENT, author INT NOT NULL, FOREIGN KEY (author) REFERENCES author (id))',
  )
  await cluster.query('INSERT INTO app.author VALUES (1)')
})

beforeEach(() => simulation.cluster.query('DELETE FROM app.book'))

afterEach(() => simulation.closePools())

const ORPHAN = 'INSERT INTO app.book (author) VALUES (99)'
const READ = 'SELECT COUNT(*) AS books FROM app.book'
const NO_PARENT = 1452

const eventual = { consistency: 'eventual' } as const

describe('a session that has switched off foreign keys', () => {
  it.each([1, 2, 10])(
    'and reads elsewhere lets nobody else make an orphan, with %i connections per instance',
    async (connectionLimit) => {
      const pool = await simulation.readyPool({ connectionLimit, aurora: eventual })
      const importer = await pool.getConnection()
      await importer.query('SET foreign_key_checks = 0')
      for (let turn = 0; turn < 5; turn++) {
        await importer.query(READ)
        const error = await failureOf(pool.query(ORPHAN))
        expect(error.errno).toBe(NO_PARENT)
        const other = await pool.getConnection()
        const refused = await failureOf(other.query(ORPHAN))
        expect(refused.errno).toBe(NO_PARENT)
        other.release()
        await importer.query({ sql: 'SELECT 1', aurora: { role: 'writer' } } as never)
        await importer.query(READ)
      }
      const [result] = await importer.query<ResultSetHeader>(ORPHAN)
      expect(result.affectedRows).toBe(1)
      importer.release()
    },
  )

  it('lets nobody else make one while both work at once', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 3, aurora: eventual })
    let isImporting = true
    const importers = Array.from({ length: 2 }, async () => {
      while (isImporting) {
        const session = await pool.getConnection()
        await session.query('SET foreign_key_checks = 0')
        await session.query(READ)
        await session.query(ORPHAN)
        await session.query(READ)
        await session.query('SET foreign_key_checks = 1')
        session.release()
      }
    })
    const outcomes: unknown[] = []
    for (let turn = 0; turn < 300; turn++) {
      await pool.query(READ)
      outcomes.push((await failureOf(pool.query(ORPHAN))).errno)
    }
    isImporting = false
    await Promise.all(importers)
    expect(new Set(outcomes)).toEqual(new Set([NO_PARENT]))
  })
})

describe('what a session has set that has gone on to a reader', () => {
  it.each<readonly [string, (session: PoolConnection) => Promise<unknown>]>([
    ['does nothing', async () => {}],
    ['sets something else', (session) => session.query("SET time_zone = '+03:00'")],
    [
      'sets it too, and back',
      async (session) => {
        await session.query('SET foreign_key_checks = 0')
        await session.query('SET foreign_key_checks = 1')
      },
    ],
  ])('is not left to all by one that takes its connection and %s', async (_, does) => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: eventual })
    const importer = await pool.getConnection()
    await importer.query({ sql: 'SELECT 1', aurora: { role: 'writer' } } as never)
    await importer.query('SET foreign_key_checks = 0')
    await importer.query(READ)
    const other = await pool.writer.getConnection()
    await does(other)
    other.release()
    expect((await failureOf(pool.query(ORPHAN))).errno).toBe(NO_PARENT)
    importer.release()
  })
})

describe('what a tool sets through the pool', () => {
  it('holds for its next statements, as with the last used connection of mysql2', async () => {
    const pool = await simulation.readyPool()
    for (let turn = 0; turn < 5; turn++) {
      await pool.query('SET foreign_key_checks = 0')
      await pool.query('DROP TABLE IF EXISTS app.leaf, app.root')
      await pool.query(
        'CREATE TABLE app.leaf (id INT PRIMARY KEY, root INT, FOREIGN KEY (root) REFERENCES root (id))',
      )
      await pool.query('CREATE TABLE app.root (id INT PRIMARY KEY)')
      await pool.query('SET foreign_key_checks = 1')
      await pool.query(READ)
      expect((await failureOf(pool.query(ORPHAN))).errno).toBe(NO_PARENT)
    }
  })

  it('holds for its next statements although it reads between', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    await pool.query('SET foreign_key_checks = 0')
    await pool.query(READ)
    await pool.query(ORPHAN)
    await pool.query('SET foreign_key_checks = 1')
    expect((await failureOf(pool.query(ORPHAN))).errno).toBe(NO_PARENT)
  })

  it('does not show on readers', async () => {
    const pool = await simulation.readyPool({ aurora: eventual, connectionLimit: 2 })
    await pool.query("SET time_zone = '+07:00'")
    await Promise.all(Array.from({ length: 10 }, () => pool.query(READ)))
    for (let turn = 0; turn < 10; turn++) {
      const [rows] = await pool.query<RowDataPacket[]>({
        sql: 'SELECT @@time_zone AS zone',
        aurora: { role: 'reader' },
      } as never)
      expect(rows).toEqual([{ zone: '+00:00' }])
    }
  })
})

describe('several statements in one text, of which one sets something', () => {
  it('run once, and what they set holds on every instance or nowhere else', async () => {
    const pool = await simulation.readyPool({ aurora: eventual, multipleStatements: true })
    const session = await pool.getConnection()
    await session.query("SET time_zone = '+01:00'; INSERT INTO app.book (author) VALUES (1)")
    for (const role of ['reader', 'writer', 'reader', 'writer']) {
      const [rows] = await session.query<RowDataPacket[]>({
        sql: 'SELECT @@time_zone AS zone',
        aurora: { role },
      } as never)
      expect(rows).toEqual([{ zone: '+01:00' }])
    }
    session.release()
    expect(await simulation.cluster.query(READ)).toMatchObject([{ books: 1 }])
    const outsider = await pool.getConnection()
    const [rows] = await outsider.query<RowDataPacket[]>({
      sql: 'SELECT @@time_zone AS zone',
      aurora: { role: 'reader' },
    } as never)
    expect(rows).toEqual([{ zone: '+00:00' }])
    outsider.release()
  })
})
