import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection as CallbackConnection, ConnectionOptions, FieldPacket } from 'mysql2'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../../src/index.js'
import { createMysqldStorage } from '../../src/storage/mysqld/mysqld-storage.js'
import type { StorageAccounts } from '../../src/storage/storage.js'
import { connectTo, errorOf, firstRow, openCluster } from '../open-cluster.js'

/** How a client may connect, and how long a packet is tried on it: two or three frames. */
const ways: readonly [string, ConnectionOptions, number][] = [
  ['plain', {}, 40],
  ['compressed', { compress: true }, 17],
  ['over TLS', { ssl: {} }, 17],
  ['compressed over TLS', { ssl: {}, compress: true }, 40],
]

let cluster: Cluster
let connection: Connection

async function open(options: ConnectionOptions): Promise<void> {
  const ssl = cluster.ca === undefined ? {} : { ssl: { ca: cluster.ca, verifyIdentity: true } }
  connection = await connectTo(cluster, undefined, { multipleStatements: true, ...options, ...ssl })
}

describe.each(ways)('%s', (_, options, megabytes) => {
  beforeAll(async () => {
    cluster = await startCluster({
      storage: 'mysqld',
      instances: 2,
      tls: options.ssl !== undefined,
    })
  })
  afterAll(() => cluster.close())
  beforeEach(() => open(options))

  it('several statements, several results, in order', async () => {
    const [results] = await connection.query(
      "SELECT 1 AS a; SET @x = 2; SELECT @x AS b, 'y' AS c; DO 1",
    )
    const [first, second, third] = results as RowDataPacket[][]
    expect([first, third]).toEqual([[{ a: 1 }], [{ b: 2, c: 'y' }]])
    expect(second).toMatchObject({ affectedRows: 0 })
    expect(await firstRow(connection, 'SELECT 3 AS d')).toEqual({ d: 3 })
  })

  it('an error in the middle of several statements ends them', async () => {
    const error = await errorOf(connection.query('SELECT 1; SELECT * FROM nowhere; SELECT 2'))
    expect(error.errno).toBe(1146)
    expect(await firstRow(connection, 'SELECT 3 AS d')).toEqual({ d: 3 })
  })

  it('stored procedures with results and a final status', async () => {
    await connection.query(
      'CREATE PROCEDURE p(n INT) BEGIN SELECT n AS first; SELECT n + 1 AS second; END',
    )
    const [asText] = await connection.query('CALL p(1)')
    const [prepared] = await connection.execute('CALL p(?)', [1])
    for (const results of [asText, prepared]) {
      expect((results as RowDataPacket[][]).slice(0, 2)).toEqual([[{ first: 1 }], [{ second: 2 }]])
    }
  })

  it(`a packet of ${megabytes} MB in both directions`, async () => {
    const big = Buffer.alloc(megabytes * 1024 * 1024, 'abcdefghij')
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT ? AS big, SHA2(?, 256) AS hash',
      [big, 'x'],
    )
    expect(rows[0]?.big).toHaveLength(big.length)
    const [executed] = await connection.execute<RowDataPacket[]>('SELECT SHA2(?, 256) AS hash', [
      big,
    ])
    expect(executed[0]?.hash).toBe(createHash('sha256').update(big).digest('hex'))
    expect(await firstRow(connection, 'SELECT 3 AS d')).toEqual({ d: 3 })
  })

  it('LOAD DATA LOCAL, and a refused one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simulator-test-'))
    const path = join(folder, 'rows.csv')
    await writeFile(path, Array.from({ length: 50_000 }, (_each, n) => `${n},name ${n}\n`).join(''))
    await connection.query('CREATE TABLE loaded (id INT, name VARCHAR(40))')
    const sql = "LOAD DATA LOCAL INFILE ? INTO TABLE loaded FIELDS TERMINATED BY ','"
    const infileStreamFactory = (name: string) => createReadStream(name)
    await connection.query({ sql, values: [path], infileStreamFactory })
    expect(await firstRow(connection, 'SELECT COUNT(*) AS n, SUM(id) AS s FROM loaded')).toEqual({
      n: 50_000,
      s: String((49_999 * 50_000) / 2),
    })
    await errorOf(connection.query({ sql, values: [path] }))
    expect(await firstRow(connection, 'SELECT 3 AS d')).toEqual({ d: 3 })
    await rm(folder, { recursive: true })
  })

  it('changeUser, reset and ping', async () => {
    await connection.query('SET @x = 1')
    await connection.reset()
    expect(await firstRow(connection, 'SELECT @x AS x')).toEqual({ x: null })
    await connection.changeUser({ user: 'app', password: 'app-password', database: 'mysql' })
    expect(await firstRow(connection, 'SELECT DATABASE() AS d')).toEqual({ d: 'mysql' })
    const refused = await errorOf(connection.changeUser({ user: 'app', password: 'wrong' }))
    expect(refused.errno).toBe(1045)
    const other = await connectTo(
      cluster,
      cluster.readers[0],
      options.ssl ? { ssl: { ca: cluster.ca as string } } : {},
    )
    await other.ping()
    expect(cluster.readers[0]?.counters.pings).toBe(1)
  })
})

describe('data types', () => {
  const accounts: StorageAccounts = {
    user: 'app',
    readerUser: 'app_reader',
    password: 'app-password',
    database: 'app',
  }
  const literals = [
    'CAST(-128 AS SIGNED)',
    '18446744073709551615',
    '1.50',
    '1e300',
    "b'1010'",
    "''",
    "'Grüße 🎉'",
    'NULL',
    "DATE'2026-02-28'",
    "TIME'-838:59:59'",
    "TIMESTAMP'2026-02-28 23:59:59.123456'",
    "x'00ff'",
    'CAST(\'{"a":[1,null]}\' AS CHAR)',
    "REPEAT('ab', 70000)",
    'PI()',
    "ST_GeomFromText('POINT(1 2)')",
    'CAST(0.1 AS DECIMAL(30,10))',
  ]

  it('arrive as they do straight from the server', async () => {
    cluster = await openCluster({ instances: 1 })
    const through = await connectTo(cluster, undefined, {
      supportBigNumbers: true,
      bigNumberStrings: true,
    })
    const storage = await createMysqldStorage(accounts)
    const straight = await createConnection({
      user: accounts.user,
      password: accounts.password,
      database: accounts.database,
      supportBigNumbers: true,
      bigNumberStrings: true,
      stream: () => storage.connect(),
    })
    const sql = `SELECT ${literals.map((literal, n) => `${literal} AS c${n}`).join(', ')}, ? AS given`
    const given = [new Date(0)]
    const ask = (from: Connection, how: 'query' | 'execute') =>
      how === 'query' ? from.query(sql, given) : from.execute(sql, given)
    const shape = (fields: FieldPacket[]) =>
      fields.map(({ name, columnType, flags }) => [name, columnType, flags])
    for (const how of ['query', 'execute'] as const) {
      const [rows, fields] = await ask(through, how)
      const [expectedRows, expectedFields] = await ask(straight, how)
      expect(rows).toEqual(expectedRows)
      expect(shape(fields)).toEqual(shape(expectedFields))
    }
    straight.destroy()
    await storage.close()
  })
})

describe('a session', () => {
  beforeEach(async () => {
    cluster = await openCluster({ instances: 2 })
    await open({})
  })

  it.each([0xffffff, 0x1000000])('a payload of %i bytes, at the edge of a frame', async (size) => {
    const sql = `SELECT LENGTH('${'x'.repeat(size - 23)}') AS n`
    expect(sql.length).toBe(size - 1)
    expect(await firstRow(connection, sql)).toEqual({ n: size - 23 })
    expect(await firstRow(connection, 'SELECT 3 AS d')).toEqual({ d: 3 })
  })

  it('can be killed by its number', async () => {
    const victim = await connectTo(cluster)
    const { id } = await firstRow(victim, 'SELECT CONNECTION_ID() AS id')
    expect(id).toBe(victim.threadId)
    const killed = errorOf(victim.query('SELECT SLEEP(20)'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await connection.query(`KILL ${victim.threadId}`)
    expect((await killed).message).toMatch(/killed|closed|lost/i)
  })

  it('cannot be killed by way of another instance', async () => {
    const reader = cluster.readers[0]
    const victim = await connectTo(cluster, reader)
    for (const kill of ['KILL', 'kill query', 'KILL CONNECTION']) {
      const error = await errorOf(connection.query(`${kill} ${victim.threadId};`))
      expect([error.errno, error.message]).toEqual([1094, `Unknown thread id: ${victim.threadId}`])
    }
    expect(await firstRow(victim, 'SELECT 1 AS alive')).toEqual({ alive: 1 })
  })

  it('streams a large result row by row', async () => {
    await connection.query(
      'CREATE TABLE big AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT a.i, REPEAT("x", 100) AS x FROM n AS a JOIN n AS b WHERE b.i <= 200',
    )
    let rows = 0
    const { connection: callbacks } = connection as unknown as { connection: CallbackConnection }
    for await (const _row of callbacks.query('SELECT * FROM big').stream()) rows += 1
    expect(rows).toBe(999 * 200)
  })

  it('is refused with a wrong password, and the error is the server’s', async () => {
    const error = await errorOf(connectTo(cluster, undefined, { password: 'wrong' }))
    expect([error.errno, error.sqlState]).toEqual([1045, '28000'])
  })

  it('prepares a statement once and executes it often', async () => {
    const statement = await connection.prepare('SELECT ? + 1 AS n')
    for (const n of [1, 2, 3]) {
      const [rows] = await statement.execute([n])
      expect(rows).toEqual([{ n: n + 1 }])
    }
    await statement.close()
    expect(
      await firstRow(connection, "SHOW SESSION STATUS LIKE 'Prepared_stmt_count'"),
    ).toBeDefined()
    expect(cluster.writer.counters.prepared).toBe(1)
  })
})

describe('with statements recorded', () => {
  it('the texts are kept, the values are not', async () => {
    const recorded = await openCluster({ instances: 1, recordStatements: true })
    const client = await connectTo(recorded)
    await client.execute('SELECT ? AS secret', ['hunter2'])
    expect(recorded.writer.statements).toContain('SELECT ? AS secret')
    expect(recorded.writer.statements.join()).not.toContain('hunter2')
  })
})
