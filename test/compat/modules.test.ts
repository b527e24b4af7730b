import { once } from 'node:events'
import type { Connection, PoolCluster, PoolConnection, RowDataPacket } from 'mysql2'
import { beforeEach, describe, expect, it } from 'vitest'
import { DRIVERS, type Driver, useBench } from './drivers.js'
import { HAS_ASYNC_DISPOSAL, HAS_DISPOSAL } from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench()

const failed = async (work: Promise<unknown>) =>
  visible(
    await work.then(
      () => 'it did not fail',
      (error: unknown) => error,
    ),
  )

/** By its symbol, where mysql2 has it. */
const dispose = (on: { end(): Promise<void> }) =>
  HAS_ASYNC_DISPOSAL ? (on as unknown as AsyncDisposable)[Symbol.asyncDispose]() : on.end()

const rowsOf = (on: Pick<Connection, 'query'>, sql: string) =>
  new Promise<unknown>((resolve, reject) =>
    on.query(sql, (error, rows) => (error ? reject(error) : resolve(rows))),
  )

const ended = (on: { end(done: (error?: unknown) => void): void }) =>
  new Promise<unknown>((resolve) => on.end((error) => resolve(error ?? undefined)))

/** As the driver's target, with other options. */
const options = (driver: Driver, others: object = {}) => ({ ...driver.target, ...others })

/** A target that nobody is behind. */
const NOBODY = { host: '127.0.0.1', port: 1, aurora: undefined }

describe.each(DRIVERS)('createConnection() of %s', (name) => {
  let driver: Driver
  beforeEach(() => {
    driver = bench().driver(name)
  })

  it('connects, says so, runs and ends', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    expect(connection.constructor.name).toBe('Connection')
    await once(connection, 'connect')
    expect(await rowsOf(connection, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
    expect((connection as unknown as { state: string }).state).toBe('authenticated')
    const heard = once(connection, 'end')
    expect(await ended(connection)).toBeUndefined()
    await heard
  })

  it.each([
    [
      'hidden',
      ({ password, ...rest }: object & { password?: string }) =>
        Object.defineProperty(rest, 'password', { value: password, enumerable: false }),
    ],
    ['inherited', (target: object) => Object.create(target)],
    [
      "a getter's",
      ({ password, ...rest }: object & { password?: string }) => {
        class Settings {
          get password() {
            return password
          }
        }
        return Object.assign(new Settings(), rest)
      },
    ],
  ])('finds a password that is %s', async (_, hide) => {
    const connection = driver.mysql.createConnection(hide(options(driver)))
    expect(await rowsOf(connection, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
    connection.end()
    const pool = driver.mysql.createPool(hide(options(driver)))
    expect(await rowsOf(pool as never, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
    await ended(pool)
  })

  it.each([[null], [undefined]])('refuses %s, once', async (nothing) => {
    const refusal = (make: (options: never) => unknown) => {
      try {
        make(nothing as never)
      } catch (error) {
        return visible(error)
      }
      return 'it was not refused'
    }
    const heard: unknown[] = []
    const hear = (error: unknown) => heard.push(error)
    process.on('uncaughtException', hear)
    const own = bench().driver('mysql2')
    const expected = refusal(own.mysql.createConnection)
    expect(expected).toMatchObject({ class: 'TypeError' })
    expect(refusal(driver.mysql.createConnection)).toEqual(expected)
    expect(refusal(driver.mysqlPromise.createConnection)).toEqual(expected)
    // Where something had been opened all the same, it would fail by now.
    await new Promise((resolve) => setTimeout(resolve, 100))
    process.removeListener('uncaughtException', hear)
    expect(heard).toEqual([])
  })

  it('takes statements before it is connected, in order', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    const seen = await Promise.all([
      rowsOf(connection, 'SET @a = 1'),
      rowsOf(connection, 'SELECT @a AS a'),
    ])
    expect(seen[1]).toEqual([{ a: 1 }])
    await ended(connection)
  })

  it('calls back from connect(), before and after', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    for (let turn = 0; turn < 2; turn++) {
      const error = await new Promise((resolve) => connection.connect((each) => resolve(each)))
      expect(error).toBeNull()
    }
    await ended(connection)
  })

  it('takes a URI with options', async () => {
    const { host, port, user, password, database, ...rest } = driver.target
    const uri = `mysql://${user}:${password}@${host}:${port}/${database}?rowsAsArray=true&timezone=Z`
    // What no URI can say stands beside it.
    const isAll = Object.keys(rest).length === 0
    const connection = driver.mysql.createConnection(isAll ? uri : ({ uri, ...rest } as never))
    expect(await rowsOf(connection, 'SELECT 1 AS a')).toEqual([[1]])
    expect(connection.config).toMatchObject({ timezone: 'Z', database: 'app' })
    await ended(connection)
  })

  it('gives its error to connect() when the password is wrong', async () => {
    const connection = driver.mysql.createConnection(options(driver, { password: 'x' }))
    const error = await new Promise((resolve) => connection.connect(resolve))
    expect(visible(error)).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 })
    connection.destroy()
  })

  it('emits its error when nobody listens by connect()', async () => {
    const connection = driver.mysql.createConnection(options(driver, NOBODY))
    const [error] = await once(connection, 'error')
    expect(visible(error)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', fatal: true })
    expect((connection as unknown as { _fatalError: unknown })._fatalError).toBeInstanceOf(Error)
    connection.destroy()
  })

  it('gives its error to a statement that waits', async () => {
    const connection = driver.mysql.createConnection(options(driver, NOBODY))
    connection.on('error', () => {})
    const error = await new Promise((resolve) => connection.query('SELECT 1', resolve))
    expect(error).toBeInstanceOf(Error)
    expect((error as { fatal?: boolean }).fatal).toBe(true)
    connection.destroy()
  })

  it('keeps its settings and its transaction', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    await rowsOf(connection, "SET SESSION sql_mode = 'ANSI_QUOTES'")
    expect(await rowsOf(connection, 'SELECT @@sql_mode AS mode')).toEqual([{ mode: 'ANSI_QUOTES' }])
    const promised = connection.promise()
    await promised.beginTransaction()
    await promised.query('CREATE TEMPORARY TABLE passing (id INT)')
    await promised.query('INSERT INTO passing VALUES (1)')
    await promised.rollback()
    expect((await promised.execute('SELECT ? AS a', [1]))[0]).toEqual([{ a: 1 }])
    expect(await promised.ping()).toBe(true)
    await promised.end()
  })

  it('is of no use once destroyed', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    await rowsOf(connection, 'DO 1')
    connection.destroy()
    expect(await failed(rowsOf(connection, 'SELECT 1'))).toEqual({
      class: 'Error',
      name: 'Error',
      message: "Can't add new command when connection is in closed state",
      fatal: true,
    })
    connection.destroy()
  })

  it('is of no use once ended', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    await rowsOf(connection, 'DO 1')
    const running = rowsOf(connection, 'SELECT 5 AS a')
    const end = ended(connection)
    expect(await running).toEqual([{ a: 5 }])
    await end
    expect(await failed(rowsOf(connection, 'SELECT 1'))).toMatchObject({ fatal: true })
  })

  it('resolves with a connection in the promise API', async () => {
    const connection = await driver.mysqlPromise.createConnection(options(driver))
    expect(connection.constructor.name).toBe('PromiseConnection')
    expect((await connection.query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
    await connection.beginTransaction()
    expect(typeof connection.threadId).toBe('number')
    await connection.rollback()
    expect(connection.config.user).toBe('app')
    expect(await connection.end()).toBeUndefined()
  })

  it('rejects in the promise API, with the stack of the caller', async () => {
    async function theCaller(others: object) {
      await driver.mysqlPromise.createConnection(options(driver, others))
    }
    expect(await failed(theCaller({ password: 'x' }))).toMatchObject({
      code: 'ER_ACCESS_DENIED_ERROR',
    })
    expect(await failed(theCaller(NOBODY))).toMatchObject({ code: 'ECONNREFUSED' })
    const stack = await theCaller(NOBODY).catch((error: Error) => error.stack)
    expect(stack).toContain('theCaller')
  })

  it('gives its promise API, which ends it when disposed of', async () => {
    const connection = driver.mysql.createConnection(options(driver))
    const promised = connection.promise()
    expect(promised.constructor.name).toBe('PromiseConnection')
    await promised.query('DO 1')
    await dispose(promised)
    expect(await failed(rowsOf(connection, 'SELECT 1'))).toMatchObject({ fatal: true })
  })

  it('is disposed of by symbol', async () => {
    const promised = await driver.mysqlPromise.createConnection(options(driver))
    await dispose(promised)
    expect(await failed(promised.query('SELECT 1'))).toMatchObject({ class: 'Error' })
    const connection = driver.mysql.createConnection(options(driver))
    await rowsOf(connection, 'DO 1')
    const heard = once(connection, 'end')
    if (HAS_DISPOSAL) (connection as unknown as Disposable)[Symbol.dispose]()
    else connection.end()
    await heard
  })
})

describe.each(DRIVERS)('createPoolCluster() of %s', (name) => {
  let driver: Driver
  let cluster: PoolCluster

  const open = (config: object = {}) => {
    cluster = driver.mysql.createPoolCluster(config)
    return cluster
  }

  beforeEach(() => {
    driver = bench().driver(name)
    return () => ended(cluster as never)
  })

  const nodeOf = (pattern?: string, selector?: string) =>
    new Promise<string>((resolve, reject) => {
      const done = (error: unknown, connection: PoolConnection) => {
        if (error) return reject(error)
        connection.release()
        resolve((connection as unknown as { _clusterId: string })._clusterId)
      }
      if (pattern === undefined) cluster.getConnection(done as never)
      else if (selector === undefined) cluster.getConnection(pattern, done as never)
      else cluster.getConnection(pattern, selector as never, done as never)
    })

  it('is what mysql2 calls one', () => {
    open()
    expect(cluster.constructor.name).toBe('PoolCluster')
    expect(cluster).toBeInstanceOf(
      (driver.mysql as unknown as { PoolCluster: new () => object }).PoolCluster,
    )
  })

  it('selects in turn, in order, or any', async () => {
    open().add('ONE', options(driver))
    cluster.add('TWO1', options(driver))
    cluster.add('TWO2', options(driver))
    const many = async (pattern: string, selector: string) => {
      const ids: string[] = []
      for (let turn = 0; turn < 4; turn++) ids.push(await nodeOf(pattern, selector))
      return ids
    }
    expect(await many('TWO*', 'RR')).toEqual(['TWO1', 'TWO2', 'TWO1', 'TWO2'])
    expect(await many('*', 'ORDER')).toEqual(['ONE', 'ONE', 'ONE', 'ONE'])
    for (const id of await many('TWO*', 'RANDOM')) expect(id).toMatch(/^TWO/)
    expect(await nodeOf()).toBe('ONE')
    expect(await nodeOf('TWO2')).toBe('TWO2')
  })

  it('runs queries and executes on a namespace', async () => {
    open().add(options(driver))
    const space = cluster.of('*') as unknown as {
      query(sql: string, values: unknown[], done: (...all: unknown[]) => void): { sql: string }
      execute(sql: string, values: unknown[], done: (...all: unknown[]) => void): void
      getConnection(done: (error: unknown, connection: PoolConnection) => void): void
    }
    const answers = await Promise.all([
      new Promise((resolve) => space.query('SELECT ? AS a', [1], (_, rows) => resolve(rows))),
      new Promise((resolve) => space.execute('SELECT ? AS a', [2], (_, rows) => resolve(rows))),
      new Promise((resolve) =>
        space.getConnection((_, connection) => {
          connection.query('SELECT 3 AS a', (_error, rows) => {
            connection.release()
            resolve(rows)
          })
        }),
      ),
    ])
    expect(answers).toEqual([[{ a: 1 }], [{ a: 2 }], [{ a: 3 }]])
  })

  it('has no pool where none fits, or none any more', async () => {
    open().add('ONE', options(driver))
    const none = {
      class: 'Error',
      name: 'Error',
      message: 'Pool does Not exist.',
      code: 'POOL_NOEXIST',
    }
    expect(await failed(nodeOf('OTHER'))).toEqual(none)
    cluster.remove('ONE')
    expect(await failed(nodeOf('ONE'))).toEqual(none)
  })

  it('takes a node that fails out of service, and says so', async () => {
    open({ removeNodeErrorCount: 1, restoreNodeTimeout: 10_000 })
    cluster.add('BAD', options(driver, NOBODY))
    cluster.add('GOOD', options(driver))
    const heard: unknown[] = []
    cluster.on('offline', (id) => heard.push(['offline', id]))
    cluster.on('warn', (error) => heard.push(['warn', (error as { code?: string }).code]))
    expect(await nodeOf('*', 'ORDER')).toBe('GOOD')
    expect(heard).toEqual([
      ['offline', 'BAD'],
      ['warn', 'ECONNREFUSED'],
    ])
    expect(await failed(nodeOf('BAD'))).toMatchObject({ code: 'POOL_NONEONLINE' })
  })

  it('removes a node that fails for good, and says so', async () => {
    open({ removeNodeErrorCount: 1, canRetry: false })
    cluster.add('BAD', options(driver, NOBODY))
    const removed = once(cluster, 'remove')
    expect(await failed(nodeOf('BAD'))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await removed).toEqual(['BAD'])
  })

  it('works in the promise API', async () => {
    open()
    const promised = driver.mysqlPromise.createPoolCluster()
    promised.add('ONE', options(driver))
    const { _nodes } = (
      promised as unknown as { poolCluster: { _nodes: Record<string, { pool: object }> } }
    ).poolCluster
    expect('aurora' in (_nodes.ONE?.pool ?? {})).toBe(name !== 'mysql2')
    expect(promised.constructor.name).toBe('PromisePoolCluster')
    const connection = await promised.getConnection('ONE')
    expect((await connection.query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
    connection.release()
    const space = promised.of('*', 'RR')
    expect((await space.query<RowDataPacket[]>('SELECT ? AS a', [2]))[0]).toEqual([{ a: 2 }])
    expect((await space.execute<RowDataPacket[]>('SELECT ? AS a', [3]))[0]).toEqual([{ a: 3 }])
    expect(await failed(promised.of('NONE').getConnection() as never)).toMatchObject({
      code: 'POOL_NOEXIST',
    })
    expect(await promised.end()).toBeUndefined()
    await promised.end()
  })
})
