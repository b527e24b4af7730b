import { createServer } from 'node:net'
import type { ConnectionOptions, Pool, PoolOptions, QueryValues, RowDataPacket } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { DRIVERS, type DriverName, useBench } from './drivers.js'
import { rejected } from './mysql2-features.js'

const bench = useBench({ tls: true })

async function rowsOf(pool: Pool, sql: string, values?: QueryValues): Promise<RowDataPacket[]> {
  return (await pool.promise().query<RowDataPacket[]>(sql, values))[0]
}

async function failure(pool: Pool): Promise<Record<string, unknown>> {
  return pool
    .promise()
    .query('SELECT 1')
    .then(
      () => ({ didNotFail: true }),
      (error: unknown) => error as Record<string, unknown>,
    )
}

/** The pool of a driver, opened by a URI alone where that can say everything. */
function poolByUri(name: DriverName, query: string): Pool {
  const driver = bench().driver(name)
  const { host, port, user, password, database, ...rest } = driver.target
  const uri = `mysql://${user}:${encodeURIComponent(String(password))}@${host}:${port}/${database}?${query}`
  if (Object.keys(rest).length === 0) return driver.mysql.createPool(uri)
  return driver.mysql.createPool({ uri, ...rest } as never)
}

describe.each(DRIVERS)('%s', (name) => {
  it('connects by a URI with options', async () => {
    const pool = poolByUri(
      name,
      'connectionLimit=3&rowsAsArray=true&timezone=%2B02:00&dateStrings=["DATE"]',
    )
    expect(pool.config.connectionLimit).toBe(3)
    expect(await rowsOf(pool, "SELECT 1, CAST('2026-01-02' AS DATE)")).toEqual([[1, '2026-01-02']])
    await pool.promise().end()
  })

  it('speaks TLS, and trusts whom it is told to', async () => {
    const ca = bench().cluster.ca as string
    const pool = await bench().pool(name, { ssl: { ca, rejectUnauthorized: true } })
    const rows = await rowsOf(pool, "SHOW STATUS LIKE 'Threads_connected'")
    expect(rows).toHaveLength(1)
    const session = await pool.promise().getConnection()
    const { connection } = session as unknown as {
      readonly connection: { readonly stream: object }
    }
    expect(connection.stream.constructor.name).toBe('TLSSocket')
    session.release()
  })

  it('refuses a server that nobody vouches for', async () => {
    const pool = bench().driver(name).createPool({ ssl: {} })
    expect(await failure(pool)).toMatchObject(
      rejected({ code: 'HANDSHAKE_SSL_ERROR', fatal: true }),
    )
    await pool.promise().end()
  })

  it('takes a server that nobody vouches for, when told to', async () => {
    const pool = await bench().pool(name, { ssl: { rejectUnauthorized: false } })
    expect(await rowsOf(pool, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
  })

  it('compresses', async () => {
    const pool = await bench().pool(name, { compress: true })
    const text = 'x'.repeat(200_000)
    const counters = () => bench().cluster.instances.map((each) => each.counters.bytesOut)
    const before = counters().reduce((sum, each) => sum + each, 0)
    expect(await rowsOf(pool, 'SELECT ? AS text', [text])).toEqual([{ text }])
    const after = counters().reduce((sum, each) => sum + each, 0)
    expect(after - before).toBeLessThan(100_000)
    expect((await pool.promise().execute('SELECT ? AS a', [5]))[0]).toEqual([{ a: 5 }])
  })

  it.each([
    ['utf8mb4', 'aü漢🐟', 'utf8mb4'],
    ['latin1', 'aü', 'latin1'],
    ['utf8mb4_bin', 'aü🐟', 'utf8mb4'],
  ])('speaks %s', async (charset, text, spoken) => {
    const pool = await bench().pool(name, { charset })
    expect(
      await rowsOf(pool, 'SELECT ? AS text, @@character_set_client AS spoken', [text]),
    ).toEqual([{ text, spoken }])
    expect((await pool.promise().execute('SELECT ? AS text', [text]))[0]).toEqual([{ text }])
  })

  it('sets flags of the protocol', async () => {
    const hasIgnored = 'SELECT @@sql_mode LIKE "%IGNORE_SPACE%" AS has'
    const pool = await bench().pool(name, { flags: ['-IGNORE_SPACE'] })
    expect(await rowsOf(pool, hasIgnored)).toEqual([{ has: 0 }])
    const plain = await bench().pool(name)
    expect(await rowsOf(plain, hasIgnored)).toEqual([{ has: 1 }])
  })

  it('may leave out the schema', async () => {
    const pool = await bench().pool(name, { database: undefined } as unknown as PoolOptions)
    expect(await rowsOf(pool, 'SELECT DATABASE() AS db')).toEqual([{ db: null }])
  })

  it('tells the server what it is told to tell', async () => {
    const attributes = { program_name: 'compat', team: 'aü' }
    const pool = await bench().pool(name, { connectAttributes: attributes } as ConnectionOptions)
    const { connectionConfig } = pool.config as unknown as {
      readonly connectionConfig: { readonly connectAttributes: object }
    }
    expect(connectionConfig.connectAttributes).toMatchObject(attributes)
    expect(await rowsOf(pool, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
  })

  it('opens its sockets as it is told to', async () => {
    const { cluster } = bench()
    const asked: unknown[] = []
    const { stream } = cluster.plainConnection
    const pool = await bench().pool(name, {
      stream: (given: never) => {
        asked.push(given)
        return stream(given)
      },
    } as PoolOptions)
    expect(await rowsOf(pool, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
    expect(asked.length).toBeGreaterThan(0)
  })

  it('gives up on a server that does not answer in `connectTimeout`', async () => {
    const driver = bench().driver(name)
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { readonly port: number }
    const pool = driver.createPool({
      host: '127.0.0.1',
      port,
      connectTimeout: 100,
      aurora: undefined,
    } as PoolOptions)
    const error = await failure(pool)
    expect(error).toMatchObject(
      rejected({
        message: 'connect ETIMEDOUT',
        code: 'ETIMEDOUT',
        errorno: 'ETIMEDOUT',
        syscall: 'connect',
        fatal: true,
      }),
    )
    await pool.promise().end()
    silent.close()
  })
})
