import { once } from 'node:events'
import { createAuroraPool } from 'aurora-mysql2'
import mysql from 'aurora-mysql2/mysql2'
import type { ClusterInstance } from 'aurora-mysql2-simulator'
import plainMysql, { type Connection, type PoolConnection, type RowDataPacket } from 'mysql2'
import { afterEach, describe, expect, it } from 'vitest'
import { type Bench, useBench } from './drivers.js'

const SPLIT = 'ours on three instances, split'

const bench = useBench({ recordStatements: true }, async (cluster) => {
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

const READ = 'SELECT COUNT(*) AS n FROM note'
const WRITE = "INSERT INTO note (text) VALUES ('x')"

const open: Connection[] = []

afterEach(async () => {
  await Promise.all(
    open.splice(0).map((each) => new Promise<void>((resolve) => each.end(() => resolve()))),
  )
})

/** Connections as a query builder's own pool makes them, at equal options. */
async function connections(count: number): Promise<Connection[]> {
  const { target } = bench().driver(SPLIT)
  const made = Array.from({ length: count }, () => mysql.createConnection({ ...target }))
  open.push(...made)
  await Promise.all(made.map((each) => once(each, 'connect')))
  return made
}

const totals = (on: Bench, read: (instance: ClusterInstance) => number) =>
  on.cluster.instances.reduce((sum, instance) => sum + read(instance), 0)

/** Connections that the instances have open and that are not a driver's monitor. */
function openForStatements(): number {
  return totals(bench(), ({ counters }) => counters.connectionsOpen)
}

/** Knows the cluster, so that reads are split. */
async function splitting(connection: Connection): Promise<void> {
  const onReaders = () =>
    bench().cluster.readers.reduce((sum, each) => sum + each.counters.reads, 0)
  const isSplit = async () => {
    const before = onReaders()
    await connection.promise().query(READ)
    return onReaders() > before
  }
  await expect.poll(isSplit).toBe(true)
}

describe("connections in somebody else's pool", () => {
  it('hold nothing while idle, and share one monitor', async () => {
    const all = await connections(20)
    const [first] = all
    if (first === undefined) throw new Error('There is none')
    await splitting(first)
    // Each was connected in its turn or over one that was free: far fewer than twenty are open, and one carries all in turn.
    const before = openForStatements()
    for (const each of all) await each.promise().query(WRITE)
    for (const each of all) await each.promise().query(READ)
    expect(openForStatements()).toBeLessThanOrEqual(before + 3)
    const { cluster } = bench()
    const perInstance = cluster.instances.map(({ counters }) => counters.monitorConnections)
    expect(Math.max(...perInstance)).toBeLessThanOrEqual(2)
    for (const each of all) expect(each.threadId).toBeNull()
  })

  it('hold one while a transaction is open, and only then', async () => {
    const [one, other] = await connections(2)
    if (one === undefined || other === undefined) throw new Error('There is none')
    await one.promise().beginTransaction()
    expect(one.threadId).toEqual(expect.any(Number))
    await one.promise().query(WRITE)
    const [rows] = await other.promise().query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id')
    expect(rows[0]?.id).not.toBe(one.threadId)
    await one.promise().commit()
    expect(one.threadId).toBeNull()
  })

  it('are used anew when one is closed and the next opened', async () => {
    const [first] = await connections(1)
    if (first === undefined) throw new Error('There is none')
    await splitting(first)
    await first.promise().query(WRITE)
    const monitors = () => totals(bench(), ({ counters }) => counters.monitorConnections)
    const atWriter = () => bench().cluster.writer.counters.connectionsAccepted
    const before = [monitors(), atWriter()]
    await new Promise<void>((resolve) => first.end(() => resolve()))
    const [next] = await connections(1)
    await next?.promise().query(WRITE)
    expect([monitors(), atWriter()]).toEqual(before)
  })

  it('close everything soon after the last of them is ended', async () => {
    const made = await connections(3)
    await Promise.all(made.map((each) => each.promise().query('DO SLEEP(0.05)')))
    await Promise.all(
      open.splice(0).map((each) => new Promise<void>((resolve) => each.end(() => resolve()))),
    )
    await expect.poll(() => openForStatements()).toBe(0)
  })
})

describe('KILL by `threadId` and `config`', () => {
  /** What Knex and Kysely do to cancel a query: a connection of its own to where the other one runs. */
  async function kill(connection: { readonly threadId: number | null; readonly config: object }) {
    const { host, port, user, password, database } = connection.config as Record<string, string>
    const { stream } = bench().cluster.plainConnection
    const control = plainMysql.createConnection({
      host,
      port: Number(port),
      user,
      password,
      database,
      stream,
    } as never)
    await control.promise().query('KILL QUERY ?', [connection.threadId])
    await control.promise().end()
  }

  const LONG = 'SELECT COUNT(*) AS n, SLEEP(10) AS slept FROM note'

  async function running(part: string): Promise<void> {
    const isThere = async () => {
      const list = await bench().cluster.query('SHOW FULL PROCESSLIST')
      return list.some(({ Info }) => String(Info).startsWith(part))
    }
    await expect.poll(isThere).toBe(true)
  }

  it.each([
    ['a read on a reader', LONG, 'reader'],
    ['a read for update on the writer', `${LONG} FOR UPDATE`, 'writer'],
  ])('hits %s', async (_, sql, role) => {
    await bench().cluster.query("INSERT INTO app.note (text) VALUES ('one')")
    const pool = await bench().promisePool(SPLIT, {
      aurora: { ...aurora(), consistency: 'eventual' },
    } as object)
    const session = await pool.getConnection()
    // Cut short, it ends in an error; MySQL lets SLEEP return 1 instead.
    const outcome = session.query<RowDataPacket[]>(sql).then(
      ([rows]) => `slept: ${rows[0]?.slept}`,
      (error: { code: string }) => error.code,
    )
    await running(sql)
    const { host } = session.config as unknown as { readonly host: string }
    const instance = bench().cluster.instances.find(
      ({ endpoint, address }) => endpoint === host || address === host,
    )
    expect(instance?.role).toBe(role)
    await kill(session as never)
    expect(['ER_QUERY_INTERRUPTED', 'slept: 1']).toContain(await outcome)
    session.release()
  })
})

function aurora(): object {
  return bench().driver(SPLIT).target.aurora ?? {}
}

describe('settings made on every connection', () => {
  const HOUR = "SELECT DATE_FORMAT(FROM_UNIXTIME(0), '%H') AS hour"
  const settings = () =>
    bench().cluster.instances.flatMap(({ statements }) =>
      statements.filter((sql) => /^SET /.test(sql)),
    )

  it('by `connection` listeners are sent once to each, and reads still reach readers', async () => {
    const { target } = bench().driver(SPLIT)
    const pool = createAuroraPool({ ...target, connectionLimit: 2 } as object)
    let made = 0
    pool.on('connection', (connection: PoolConnection) => {
      made++
      connection.query("SET SESSION time_zone = '+03:00'")
      connection.query("SET SESSION sql_mode = 'ANSI_QUOTES'")
    })
    await pool.aurora.ready()
    const before = settings().length
    const reads = bench().cluster.readers.map(({ counters }) => counters.reads)
    for (let turn = 0; turn < 30; turn++) {
      const [rows] = await pool.promise().query<RowDataPacket[]>(HOUR)
      expect(rows).toEqual([{ hour: '03' }])
    }
    await pool.promise().query(WRITE)
    expect(settings().length - before).toBe(made * 2)
    const later = bench().cluster.readers.map(({ counters }) => counters.reads)
    expect(later.some((count, index) => count > (reads[index] ?? 0))).toBe(true)
    await new Promise<void>((resolve) => pool.end(() => resolve()))
  })

  it('by SET on every connection of a foreign pool are sent once to each physical one', async () => {
    const made = await connections(5)
    const [first] = made
    if (first === undefined) throw new Error('There is none')
    await splitting(first)
    for (const each of made) await each.promise().query("SET time_zone = '+03:00'")
    const sentFirst = settings().length
    const readsBefore = bench().cluster.readers.reduce((sum, each) => sum + each.counters.reads, 0)
    for (let turn = 0; turn < 10; turn++) {
      for (const each of made) {
        const [rows] = await each.promise().query<RowDataPacket[]>(HOUR)
        expect(rows).toEqual([{ hour: '03' }])
      }
    }
    const readsAfter = bench().cluster.readers.reduce((sum, each) => sum + each.counters.reads, 0)
    expect(readsAfter - readsBefore).toBeGreaterThanOrEqual(25)
    // At most once more on each physical connection of the readers.
    const physical = bench().cluster.readers.reduce(
      (sum, each) => sum + each.counters.connectionsOpen,
      0,
    )
    expect(settings().length - sentFirst).toBeLessThanOrEqual(physical)
  })
})
