import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cluster } from '../../src/index.js'
import { connectTo, errorOf, firstRow, lossOf, openCluster, storages } from '../open-cluster.js'

describe.each(storages)('on %s', (storage) => {
  /** Cases in SQL that the embedded storage does not know. */
  const mysqldOnly = <T>(cases: T[]): T[] => (storage === 'mysqld' ? cases : [])

  let cluster: Cluster

  beforeEach(async () => {
    cluster = await openCluster({ storage, instances: 2 })
    await cluster.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)')
    await cluster.query('INSERT INTO t (v) VALUES (1)')
  })

  const readOnly = 'The MySQL server is running with the --read-only option'

  describe('a reader', () => {
    it.each<[string, number]>([
      ['INSERT INTO t (v) VALUES (2)', 1290],
      ['REPLACE INTO t (id, v) VALUES (1, 2)', 1290],
      ['UPDATE t SET v = 2', 1290],
      ['DELETE FROM t', 1290],
      ['CREATE TABLE u (id INT)', 1836],
      ['ALTER TABLE t ADD COLUMN w INT', 1836],
      ['DROP TABLE t', 1836],
      ['TRUNCATE TABLE t', 1836],
      ...mysqldOnly<[string, number]>([
        ['CREATE DATABASE other', 1836],
        ['CREATE VIEW w AS SELECT 1 AS one', 1836],
        ['CREATE USER somebody', 1836],
      ]),
    ])('refuses %s with %i, as text and prepared', async (sql, errno) => {
      const [reader] = cluster.readers
      const connection = await connectTo(cluster, reader)
      const asText = await errorOf(connection.query(sql))
      const prepared = await errorOf(connection.execute(sql))
      expect([asText.errno, prepared.errno]).toEqual([errno, errno])
      expect(asText.sqlState).toBe('HY000')
      expect(asText.message).toContain(errno === 1290 ? readOnly : 'Running in read-only mode')
      const [row] = await cluster.query('SELECT COUNT(*) AS n, MAX(v) AS v FROM t')
      expect(row).toEqual({ n: 1, v: 1 })
      expect(reader?.counters.refused).toBe(2)
    })

    it.each(
      mysqldOnly(['CALL write_one()', 'SELECT write_one_too()', 'SELECT * FROM writing_view']),
    )('does not write through code with its definer’s rights: %s', async (sql) => {
      const writer = await connectTo(cluster)
      await writer.query('CREATE PROCEDURE write_one() INSERT INTO t (v) VALUES (2)')
      await writer.query(
        'CREATE FUNCTION write_one_too() RETURNS INT BEGIN INSERT INTO t (v) VALUES (3); RETURN 1; END',
      )
      await writer.query('CREATE VIEW writing_view AS SELECT write_one_too() AS one')
      await writer.query(sql)
      const reader = await connectTo(cluster, cluster.readers[0])
      const before = await errorOf(reader.query(sql))
      await reader.reset()
      const after = await errorOf(reader.query(sql))
      for (const error of [before, after]) expect([1290, 1836]).toContain(error.errno)
      const [row] = await cluster.query('SELECT COUNT(*) AS n FROM t')
      expect(row).toEqual({ n: 2 })
    })

    it.each(mysqldOnly(['LOCK TABLES t WRITE', 'SELECT v FROM t FOR UPDATE']))(
      'refuses the locks of a writer: %s',
      async (sql) => {
        const connection = await connectTo(cluster, cluster.readers[0])
        expect([1290, 1836]).toContain((await errorOf(connection.query(sql))).errno)
      },
    )

    it('answers other mistakes as a writer does', async () => {
      const writer = await connectTo(cluster)
      const reader = await connectTo(cluster, cluster.readers[0])
      for (const sql of [
        'SELEC 1',
        'SELECT * FROM nowhere',
        'SELECT nothing FROM t',
        'SET GLOBAL max_connections = 5',
      ]) {
        const [told, expected] = [
          await errorOf(reader.query(sql)),
          await errorOf(writer.query(sql)),
        ]
        expect([told.errno, told.message]).toEqual([expected.errno, expected.message])
      }
    })

    it('stays a reader after changeUser and reset', async () => {
      const connection = await connectTo(cluster, cluster.readers[0])
      await connection.changeUser({ user: 'app', password: 'app-password', database: 'app' })
      expect((await errorOf(connection.query('DELETE FROM t'))).errno).toBe(1290)
      await connection.reset()
      expect((await errorOf(connection.query('DELETE FROM t'))).errno).toBe(1290)
      expect((await errorOf(connection.query('CREATE TABLE u (id INT)'))).errno).toBe(1836)
    })

    it.each(mysqldOnly(['other']))(
      'refuses writes of an account that it does not know: %s',
      async (user) => {
        cluster = await openCluster({ storage, instances: 2, tls: true })
        await cluster.query('CREATE TABLE t (v INT)')
        const writer = await connectTo(cluster)
        await writer.query("CREATE USER other IDENTIFIED BY 'secret'")
        await writer.query('GRANT SELECT, INSERT ON *.* TO other')
        // MySQL's own authentication of such an account wants TLS.
        const login = { user, password: 'secret', ssl: { ca: cluster.ca ?? '' } }
        const reader = await connectTo(cluster, cluster.readers[0], login)
        expect((await errorOf(reader.query('INSERT INTO t (v) VALUES (2)'))).errno).toBe(1290)
      },
    )

    it('names the user that the client gave when it refuses a login', async () => {
      const error = await errorOf(connectTo(cluster, cluster.readers[0], { password: 'wrong' }))
      expect(error.errno).toBe(1045)
      expect(error.message).toContain("'app'@")
    })
  })

  describe('a writer demoted in place', () => {
    it('refuses writes on open connections, and these keep their state and read on', async () => {
      const former = cluster.writer
      const connection = await connectTo(cluster, former)
      await connection.query('SET @mark = 5')
      await connection.execute('INSERT INTO t (v) VALUES (?)', [2])
      await cluster.demote()
      expect(cluster.writer).not.toBe(former)
      expect((await errorOf(connection.query('INSERT INTO t (v) VALUES (3)'))).errno).toBe(1290)
      expect((await errorOf(connection.execute('INSERT INTO t (v) VALUES (?)', [2]))).errno).toBe(
        1290,
      )
      const row = await firstRow(
        connection,
        'SELECT COUNT(*) AS n, @mark AS mark, @@innodb_read_only AS r FROM t',
      )
      expect(row).toEqual({ n: 2, mark: 5, r: 1 })
    })

    it('does not commit a transaction that was open', async () => {
      const connection = await connectTo(cluster)
      await connection.beginTransaction()
      await connection.query('INSERT INTO t (v) VALUES (2)')
      await cluster.demote()
      expect((await errorOf(connection.commit())).errno).toBe(1290)
      expect((await firstRow(connection, 'SELECT COUNT(*) AS n FROM t')).n).toBe(1)
    })

    it('has lost the named locks that it gave', async () => {
      const former = await connectTo(cluster)
      await former.query("DO GET_LOCK('job', 0)")
      await cluster.demote()
      const next = await connectTo(cluster)
      expect(await firstRow(next, "SELECT GET_LOCK('job', 0) AS mine")).toEqual({ mine: 1 })
    })

    it('lets its user end a session that began when it was a reader', async () => {
      const [reader] = cluster.readers
      const [older, killer] = [await connectTo(cluster, reader), await connectTo(cluster, reader)]
      await cluster.demote()
      const [newer, victim] = [await connectTo(cluster, reader), await connectTo(cluster, reader)]
      for (const [by, of] of [
        [newer, older],
        [killer, victim],
      ] as const) {
        const lost = lossOf(of)
        await by.query(`KILL ${of.threadId}`)
        await lost
        // The server closes the connection before it forgets the thread; until then there is one to be killed.
        const isUnknown = async () =>
          expect((await errorOf(by.query(`KILL ${of.threadId}`))).errno).toBe(1094)
        await vi.waitFor(isUnknown, { timeout: 10_000 })
        expect(await firstRow(by, 'SELECT 1 AS alive')).toEqual({ alive: 1 })
      }
    })

    it('lets open connections of the promoted reader write', async () => {
      const connection = await connectTo(cluster, cluster.readers[0])
      expect((await errorOf(connection.query('INSERT INTO t (v) VALUES (2)'))).errno).toBe(1290)
      await cluster.demote()
      await connection.query('INSERT INTO t (v) VALUES (2)')
      await connection.query('CREATE TABLE u (id INT)')
    })

    it('is the writer again when healed', async () => {
      const former = cluster.writer
      const connection = await connectTo(cluster, former)
      const heal = await cluster.inject({ type: 'demote-in-place' })
      await heal()
      expect(cluster.writer).toBe(former)
      await connection.query('INSERT INTO t (v) VALUES (2)')
    })
  })

  describe('a zero-downtime restart', () => {
    it('rolls open transactions back and tells the next statement, on living connections', async () => {
      const inTransaction = await connectTo(cluster)
      const idle = await connectTo(cluster)
      await inTransaction.beginTransaction()
      await inTransaction.query('INSERT INTO t (v) VALUES (2)')
      await cluster.inject({ type: 'zero-downtime-restart' })
      const error = await errorOf(inTransaction.query('INSERT INTO t (v) VALUES (3)'))
      expect(error.errno).toBe(1105)
      expect(error.message).toContain('The last transaction was aborted due to')
      await idle.query('INSERT INTO t (v) VALUES (4)')
      await inTransaction.query('INSERT INTO t (v) VALUES (5)')
      const rows = await cluster.query('SELECT v FROM t ORDER BY v')
      expect(rows.map((row) => row.v)).toEqual([1, 4, 5])
    })
  })
})
