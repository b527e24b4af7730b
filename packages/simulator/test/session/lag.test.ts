import { beforeEach, describe, expect, it } from 'vitest'
import type { Cluster, ClusterInstance } from '../../src/index.js'
import { connectTo, errorOf, firstRow, openCluster } from '../open-cluster.js'

const lagMs = 400
let cluster: Cluster
let reader: ClusterInstance

beforeEach(async () => {
  cluster = await openCluster({ instances: 3, timings: { refreshMs: 20 } })
  reader = cluster.readers[0] as ClusterInstance
  await cluster.query('CREATE TABLE t (v INT)')
  await cluster.query('INSERT INTO t VALUES (1)')
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const sum = 'SELECT SUM(v) AS v FROM t'

describe('a lagging reader', () => {
  it('shows a write only after about the lag, on text and prepared statements; others at once', async () => {
    const writer = await connectTo(cluster)
    const lagging = await connectTo(cluster, reader)
    const prompt = await connectTo(cluster, cluster.readers[1])
    const heal = await cluster.inject({ type: 'lag', instance: reader.id, lagMs })
    await writer.query('INSERT INTO t VALUES (10)')
    const wroteAtMs = performance.now()
    expect(Number((await firstRow(prompt, sum)).v)).toBe(11)
    for (;;) {
      const askedAfterMs = performance.now() - wroteAtMs
      const [rows] = await lagging.execute(sum)
      const answeredAfterMs = performance.now() - wroteAtMs
      if (Number((rows as { v: string }[])[0]?.v) === 11) {
        expect(answeredAfterMs).toBeGreaterThan(lagMs / 2)
        break
      }
      // Counted from the question: the answer may be late for other reasons.
      expect(askedAfterMs).toBeLessThan(lagMs * 3)
      await pause(5)
    }
    await heal()
    await writer.query('INSERT INTO t VALUES (100)')
    expect(Number((await firstRow(lagging, sum)).v)).toBe(111)
  })

  it('never shows data older than the lag it reports, however much is written', async () => {
    const writer = await connectTo(cluster)
    const lagging = await connectTo(cluster, reader)
    await cluster.query('CREATE TABLE ticks (n INT PRIMARY KEY)')
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 100 })
    const ackedAtMs: number[] = []
    let behind = 0
    for (let n = 0; n < 150; n += 1) {
      const askedAtMs = performance.now()
      const row = await firstRow(lagging, 'SELECT COALESCE(MAX(n), -1) AS n FROM ticks')
      const next = ackedAtMs[Number(row.n) + 1]
      if (next !== undefined) {
        behind += 1
        expect(askedAtMs - next).toBeLessThan(100 + 20)
      }
      await writer.query('INSERT INTO ticks VALUES (?)', [n])
      ackedAtMs.push(performance.now())
    }
    expect(behind).toBeGreaterThan(0)
  })

  it('does not show its own transaction, and leaves the client’s alone', async () => {
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 50 })
    const connection = await connectTo(cluster, reader)
    const flags = async (sql: string) => {
      const [header] = await connection.query(sql)
      return Number((header as { serverStatus: number }).serverStatus) & 1
    }
    expect(await flags('SET @x = 1')).toBe(0)
    expect(await flags('START TRANSACTION READ ONLY')).toBe(1)
    const before = await firstRow(connection, sum)
    await cluster.query('INSERT INTO t VALUES (10)')
    await pause(200)
    // A transaction of its own keeps its snapshot, whatever the lag.
    expect(await firstRow(connection, sum)).toEqual(before)
    expect(await flags('COMMIT')).toBe(0)
    await pause(100)
    expect(Number((await firstRow(connection, sum)).v)).toBe(11)
  })

  it('takes no transaction of the client’s for its own, not even the first thing that a session does', async () => {
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 60_000 })
    const connection = await connectTo(cluster, reader)
    const flags = async (sql: string) => {
      const [header] = await connection.query(sql)
      return Number((header as { serverStatus: number }).serverStatus) & 1
    }
    expect(await flags('START TRANSACTION')).toBe(1)
    await cluster.demote({ to: reader.id })
    expect(await flags('SET @x = 1')).toBe(1)
    expect(await flags('ROLLBACK')).toBe(0)
    await connection.query('INSERT INTO t VALUES (2)')
  })

  it('reads a table that was changed meanwhile, and lets the isolation level be set', async () => {
    const connection = await connectTo(cluster, reader)
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 60_000 })
    await firstRow(connection, 'SELECT 1 AS one')
    const writer = await connectTo(cluster)
    await writer.query('CREATE TABLE later (v INT)')
    await writer.query('ALTER TABLE t ADD COLUMN w INT')
    expect(Number((await firstRow(connection, sum)).v)).toBe(1)
    await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
  })

  it('can be reset, change its user, and run whatever a session runs', async () => {
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 300 })
    const connection = await connectTo(cluster, reader, { multipleStatements: true })
    await firstRow(connection, sum)
    await connection.reset()
    await firstRow(connection, sum)
    await connection.changeUser({ user: 'app', password: 'app-password', database: 'app' })
    await connection.ping()
    const [results] = await connection.query('SELECT 1 AS a; DO 1; SELECT 2 AS b')
    expect(results).toMatchObject([[{ a: 1 }], { affectedRows: 0 }, [{ b: 2 }]])
    const statement = await connection.prepare('SELECT ? AS a')
    expect((await statement.execute([3]))[0]).toEqual([{ a: 3 }])
    await statement.close()
    expect((await errorOf(connection.query('INSERT INTO t VALUES (1)'))).errno).toBe(1290)
    expect((await errorOf(connection.query('SELEC'))).errno).toBe(1064)
    expect(Number((await firstRow(connection, sum)).v)).toBe(1)
  })

  it('reports the lag, never less', async () => {
    await cluster.inject({ type: 'lag', instance: reader.id, lagMs: 700 })
    const connection = await connectTo(cluster)
    const sql =
      'SELECT replica_lag_in_milliseconds AS lag_ms FROM information_schema.replica_host_status WHERE server_id = ?'
    const reported = async () => Number((await firstRow(connection, sql, [reader.id])).lag_ms)
    await expect.poll(reported).toBeGreaterThanOrEqual(700)
  })
})
