import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool, PoolOptions, QueryOptions, RowDataPacket } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { DRIVERS, useBench } from './drivers.js'
import { rejected } from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench()

/** An address of this host; elsewhere loopback has but one. */
const NEAR = process.platform === 'linux' ? '127.0.0.9' : '127.0.0.1'

const asked = async (pool: Pool, sql = 'SELECT 1 AS a') =>
  (await pool.promise().query<RowDataPacket[]>(sql))[0]

/** The socket below a session of a pool. */
async function socketOf(pool: Pool) {
  const session = await pool.promise().getConnection()
  await session.query('DO 1')
  const { stream } = session.connection as unknown as {
    readonly stream: { readonly localAddress: string; readonly remoteAddress?: string }
  }
  const { localAddress, remoteAddress } = stream
  session.release()
  return { localAddress, remoteAddress }
}

describe.each(DRIVERS)('%s connects', (name) => {
  it('by `socketPath`, in every way', async () => {
    const { writer } = bench().cluster
    const path = join(tmpdir(), `compat-${process.pid}.sock`)
    const forwarder = createServer((near) => {
      const far = connect(writer.port, writer.address)
      near.pipe(far).pipe(near)
      for (const each of [near, far]) each.on('error', () => {})
    })
    await new Promise<void>((resolve) => forwarder.listen(path, resolve))
    const driver = bench().driver(name)
    const { user, password, database } = driver.target
    const options = { socketPath: path, user, password, database }
    const pool = driver.mysql.createPool(options)
    expect(await asked(pool)).toEqual([{ a: 1 }])
    expect((await socketOf(pool)).remoteAddress).toBeUndefined()
    const connection = await driver.mysqlPromise.createConnection(options)
    expect((await connection.query('SELECT 2 AS b'))[0]).toEqual([{ b: 2 }])
    await connection.end()
    await pool.promise().end()
    await new Promise((resolve) => forwarder.close(resolve))
    rmSync(path, { force: true })
    const error = await asked(driver.mysql.createPool(options)).catch(visible)
    expect(error).toMatchObject(rejected({ code: 'ENOENT', syscall: 'connect' }))
  })

  it('from its `localAddress`, which mysql2 takes and ignores', async () => {
    const pool = await bench().pool(name, { localAddress: NEAR })
    const { localAddress } = await socketOf(pool)
    expect(localAddress).toBe(name === 'mysql2' ? '127.0.0.1' : NEAR)
  })

  const password = () => bench().cluster.connection.password as string

  const options: readonly (readonly [string, () => object])[] = [
    ['enableKeepAlive: false', () => ({ enableKeepAlive: false })],
    ['keepAliveInitialDelay', () => ({ keepAliveInitialDelay: 5_000 })],
    ['insecureAuth', () => ({ insecureAuth: true })],
    ['enableCleartextPlugin', () => ({ enableCleartextPlugin: true })],
    ['password1', () => ({ password: undefined, password1: password() })],
    [
      'passwordSha1',
      () => ({
        password: undefined,
        passwordSha1: createHash('sha1').update(password()).digest(),
      }),
    ],
    ['debug: false', () => ({ debug: false })],
    ['disableEval', () => ({ disableEval: true })],
  ]
  it.each(options)('with %s', async (_, given) => {
    const pool = await bench().pool(name, given() as PoolOptions)
    expect(await asked(pool)).toEqual([{ a: 1 }])
    const [rows] = await pool.promise().execute('SELECT ? AS a', [2])
    expect(rows).toEqual([{ a: 2 }])
  })

  it.each<readonly [string, object]>([
    ['a password', { password: 5 }],
    ['a user', { user: 5 }],
    ['a schema', { database: 5 }],
    ['an attribute', { connectAttributes: { worker: 5 } }],
  ])('to nobody with %s that is no text, and says so at once', async (_, given) => {
    // Of what older versions copy in their promise API.
    const told = ({ message, code }: Error & { code?: unknown }) => ({ message, code })
    const failures: unknown[] = []
    for (const each of ['mysql2', name] as const) {
      const driver = bench().driver(each)
      const pool = driver.createPool(given)
      failures.push(await asked(pool).catch(told))
      await pool.promise().end()
      const connecting = driver.mysqlPromise.createConnection({ ...driver.target, ...given })
      failures.push(await connecting.catch(told))
    }
    const [theirs, theirsSingle, ...ours] = failures
    expect(theirs).toMatchObject({ message: expect.stringMatching(/string/) })
    expect(ours).toEqual([theirs, theirsSingle])
  })

  it('with a `charsetNumber`', async () => {
    // latin1_swedish_ci
    const pool = await bench().pool(name, { charsetNumber: 8 } as object)
    const sql =
      "SELECT @@character_set_client AS spoken, @@collation_connection AS collation, 'ü' AS text"
    expect(await asked(pool, sql)).toEqual([
      { spoken: 'latin1', collation: 'latin1_swedish_ci', text: 'ü' },
    ])
  })
})

describe.each(DRIVERS)('an execute of %s', (name) => {
  const requests: readonly (readonly [string, QueryOptions, unknown])[] = [
    ['rowsAsArray', { sql: 'SELECT ? AS a, 2 AS b', rowsAsArray: true }, [[1, 2]]],
    ['nestTables', { sql: 'SELECT ? AS a, 2 AS b', nestTables: true }, [{ '': { a: 1, b: 2 } }]],
    ['typeCast', { sql: 'SELECT ? AS a, 2 AS b', typeCast: () => 'c' }, [{ a: 'c', b: 'c' }]],
    [
      'dateStrings',
      { sql: "SELECT ? AS a, DATE '2026-01-02' AS b", dateStrings: true } as QueryOptions,
      [{ a: 1, b: '2026-01-02' }],
    ],
  ]
  it.each(requests)('takes %s', async (_, request, expected) => {
    const pool = await bench().pool(name)
    const session = await pool.promise().getConnection()
    for (const on of [pool.promise(), session])
      expect((await on.execute({ ...request, values: [1] }))[0]).toEqual(expected)
    session.release()
  })

  it('gives up after its `timeout`, and the next is answered', async () => {
    const pool = await bench().pool(name)
    const session = await pool.promise().getConnection()
    for (const on of [pool.promise(), session]) {
      const failure = await on
        .execute({ sql: 'SELECT SLEEP(0.3) AS a', timeout: 30 })
        .catch((error: unknown) => visible(error))
      expect(failure).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' })
      expect((await pool.promise().execute('SELECT ? AS a', [2]))[0]).toEqual([{ a: 2 }])
    }
    session.destroy()
  })
})
