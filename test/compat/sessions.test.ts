import { once } from 'node:events'
import type { Pool, PoolConnection, QueryError, QueryValues, RowDataPacket } from 'mysql2'
import type { PoolConnection as PromisePoolConnection } from 'mysql2/promise'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionOf, DRIVERS, useBench } from './drivers.js'
import {
  HAS_ASYNC_DISPOSAL,
  HAS_CONFIGS_APART,
  HAS_DISPOSAL,
  HAS_RESET,
  rejected,
} from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query(
    'CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT, raw LONGBLOB)',
  )
  await cluster.query('CREATE DATABASE second')
  await cluster.query('CREATE TABLE second.only_there (id INT)')
  await cluster.query("CREATE USER 'second'@'%' IDENTIFIED BY 'second-password'")
  await cluster.query("GRANT ALL ON *.* TO 'second'@'%'")
  await cluster.query("GRANT ALL ON second.* TO 'app'@'%'")
})

const CLOSED = {
  message: "Can't add new command when connection is in closed state",
  fatal: true,
}

describe.each(DRIVERS)('a session of %s', (name) => {
  let pool: Pool
  let session: PromisePoolConnection

  beforeEach(async () => {
    await bench().cluster.query('TRUNCATE app.note')
    pool = await bench().pool(name, { multipleStatements: true })
    session = await pool.promise().getConnection()
    return () => session.release()
  })

  const rowsOf = async (sql: string, values?: QueryValues) =>
    (await session.query<RowDataPacket[]>(sql, values))[0]
  const count = async () => Number((await rowsOf('SELECT COUNT(*) AS n FROM note'))[0]?.n)

  it('commits and rolls back', async () => {
    await session.beginTransaction()
    await session.query("INSERT INTO note (text) VALUES ('kept')")
    expect(await count()).toBe(1)
    await session.commit()
    await session.beginTransaction()
    await session.query('DELETE FROM note')
    expect(await count()).toBe(0)
    await session.rollback()
    expect(await rowsOf('SELECT text FROM note')).toEqual([{ text: 'kept' }])
  })

  it('keeps what is in a transaction to itself until it commits', async () => {
    await session.beginTransaction()
    await session.query("INSERT INTO note (text) VALUES ('mine')")
    const [others] = await pool.promise().query<RowDataPacket[]>('SELECT id FROM note')
    expect(others).toEqual([])
    await session.commit()
    const [later] = await pool.promise().query<RowDataPacket[]>('SELECT id FROM note')
    expect(later).toHaveLength(1)
  })

  it('has savepoints', async () => {
    await session.query('START TRANSACTION')
    await session.query("INSERT INTO note (text) VALUES ('a')")
    await session.query('SAVEPOINT one')
    await session.query("INSERT INTO note (text) VALUES ('b')")
    await session.query('ROLLBACK TO SAVEPOINT one')
    await session.query('RELEASE SAVEPOINT one')
    await session.query('COMMIT')
    expect(await rowsOf('SELECT text FROM note')).toEqual([{ text: 'a' }])
  })

  it('works without autocommit', async () => {
    await session.query('SET autocommit = 0')
    await session.query("INSERT INTO note (text) VALUES ('a')")
    await session.rollback()
    expect(await count()).toBe(0)
    await session.query('SET autocommit = 1')
  })

  it('goes on after an error in a transaction', async () => {
    await session.beginTransaction()
    await session.query("INSERT INTO note (id, text) VALUES (1, 'a')")
    await expect(
      session.query("INSERT INTO note (id, text) VALUES (1, 'b')"),
    ).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' })
    await session.query("INSERT INTO note (id, text) VALUES (2, 'c')")
    await session.commit()
    expect(await count()).toBe(2)
  })

  it('keeps variables, temporary tables and locks from statement to statement', async () => {
    await session.query('SET @a = 5')
    expect(await rowsOf('SELECT @a AS a')).toEqual([{ a: 5 }])
    await session.query('CREATE TEMPORARY TABLE passing (id INT)')
    await session.query('INSERT INTO passing VALUES (1), (2)')
    expect(await rowsOf('SELECT COUNT(*) AS n FROM passing')).toEqual([{ n: 2 }])
    expect(await rowsOf("SELECT GET_LOCK('l', 0) AS got")).toEqual([{ got: 1 }])
    expect(await rowsOf("SELECT IS_USED_LOCK('l') = CONNECTION_ID() AS mine")).toEqual([
      { mine: 1 },
    ])
    expect(await rowsOf("SELECT RELEASE_LOCK('l') AS freed")).toEqual([{ freed: 1 }])
  })

  it('answers questions about the statement before', async () => {
    await session.query("INSERT INTO note (text) VALUES ('a'), ('b')")
    expect(await rowsOf('SELECT ROW_COUNT() AS n')).toEqual([{ n: 2 }])
    expect(await rowsOf('SELECT LAST_INSERT_ID() AS id')).toEqual([{ id: 1 }])
    await session.query("DO CAST('x' AS SIGNED)")
    expect(await rowsOf('SHOW WARNINGS')).toMatchObject([{ Code: 1292 }])
    await session.query('SELECT SQL_CALC_FOUND_ROWS id FROM note LIMIT 1')
    expect(await rowsOf('SELECT FOUND_ROWS() AS n')).toEqual([{ n: 2 }])
  })

  it('runs statements in the order issued', async () => {
    const seen: string[] = []
    await Promise.all([
      session.query("INSERT INTO note (text) VALUES ('a')").then(() => seen.push('insert')),
      session
        .query('SELECT id FROM note')
        .then(([rows]) => seen.push(`read ${(rows as []).length}`)),
      session.query('SELEKT').catch((error: QueryError) => seen.push(String(error.code))),
      session.execute('DELETE FROM note').then(() => seen.push('delete')),
      session
        .query('SELECT id FROM note')
        .then(([rows]) => seen.push(`read ${(rows as []).length}`)),
    ])
    expect(seen).toEqual(['insert', 'read 1', 'ER_PARSE_ERROR', 'delete', 'read 0'])
  })

  it('prepares, executes and closes', async () => {
    const statement = await session.prepare('SELECT ? + 1 AS n')
    expect((await statement.execute([1]))[0]).toEqual([{ n: 2 }])
    expect((await statement.execute([41]))[0]).toEqual([{ n: 42 }])
    await statement.close()
    await expect(session.prepare('SELEKT ?')).rejects.toMatchObject({ code: 'ER_PARSE_ERROR' })
    expect(await rowsOf('SELECT 1 AS a')).toEqual([{ a: 1 }])
  })

  it('prepares in the callback API', async () => {
    const connection = await connectionOf(pool)
    const outcome = await new Promise<unknown>((resolve, reject) => {
      connection.prepare('SELECT ? AS a, ? AS b', (error, statement) => {
        if (error) return reject(error)
        const { id, query, columns, parameters } = statement as unknown as Record<string, unknown>
        statement.execute([1, 'x'], (failure, rows) => {
          statement.close()
          if (failure) return reject(failure)
          const counts = [(columns as []).length, (parameters as []).length]
          resolve({ id: typeof id, query, counts, rows })
        })
      })
    })
    connection.release()
    expect(outcome).toEqual({
      id: 'number',
      query: 'SELECT ? AS a, ? AS b',
      counts: [2, 2],
      rows: [{ a: 1, b: 'x' }],
    })
  })

  it('forgets a prepared statement when told to', async () => {
    await session.execute('SELECT ? AS a', [1])
    expect(session.unprepare('SELECT ? AS a')).toBeDefined()
    expect(session.unprepare('SELECT ? AS a')).toBeUndefined()
    expect((await session.execute('SELECT ? AS a', [2]))[0]).toEqual([{ a: 2 }])
  })

  it('pings', async () => {
    expect(await session.ping()).toBe(true)
    const connection = await connectionOf(pool)
    const args = await new Promise<unknown[]>((resolve) =>
      connection.ping((...all) => resolve(all)),
    )
    connection.release()
    expect(args[0] ?? null).toBeNull()
  })

  it('resets, where mysql2 can', async () => {
    await session.query('SET @a = 1, SESSION max_heap_table_size = 32768')
    if (HAS_RESET) {
      expect(await session.reset()).toBeUndefined()
      expect(await rowsOf('SELECT @a AS a, @@max_heap_table_size AS size')).not.toEqual([
        { a: 1, size: 32768 },
      ])
    } else {
      expect('reset' in session).toBe(false)
    }
  })

  it('changes its user and its schema', async () => {
    await session.changeUser({ database: 'second' })
    expect(await rowsOf('SELECT DATABASE() AS db')).toEqual([{ db: 'second' }])
    expect(session.config.database).toBe('second')
    await session.changeUser({ user: 'second', password: 'second-password', database: 'app' })
    expect(await rowsOf("SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS user")).toEqual([
      { user: 'second' },
    ])
    expect(session.config.user).toBe('second')
    const [others] = await pool.promise().query<RowDataPacket[]>('SELECT DATABASE() AS db')
    expect(others).toEqual([{ db: 'app' }])
    session.destroy()
  })

  it('writes after its user was changed, wherever it was', async () => {
    await rowsOf('SELECT COUNT(*) AS n FROM note')
    await session.changeUser({})
    await session.query("INSERT INTO note (text) VALUES ('x')")
    expect(await count()).toBe(1)
  })

  it('is lost when its user cannot be changed', async () => {
    const error = await session.changeUser({ user: 'nobody', password: 'x' }).catch(visible)
    expect(error).toMatchObject(rejected({ code: 'ER_ACCESS_DENIED_ERROR', fatal: true }))
    session.destroy()
    const next = pool.promise().query('SELECT 1 AS a')
    if (name !== 'mysql2' || HAS_CONFIGS_APART) expect((await next)[0]).toEqual([{ a: 1 }])
    else await expect(next).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' })
  })

  it('uses another schema after USE', async () => {
    await session.query('USE second')
    expect(await rowsOf('SELECT COUNT(*) AS n FROM only_there')).toEqual([{ n: 0 }])
    await session.query('USE app')
  })

  it('carries texts and blobs of many packets both ways', async () => {
    const { cluster } = bench()
    await cluster.query('SET GLOBAL max_allowed_packet = 67108864')
    const wide = await bench().pool(name)
    const raw = Buffer.alloc(17 * 1024 * 1024, 'ab')
    const [{ insertId }] = (await wide
      .promise()
      .execute('INSERT INTO note (raw) VALUES (?)', [raw])) as unknown as [{ insertId: number }]
    expect(insertId).toBe(1)
    const [rows] = await wide.promise().query<RowDataPacket[]>('SELECT raw FROM note')
    expect(raw.equals(rows[0]?.raw)).toBe(true)
    const text = "it's ".repeat(3.5 * 1024 * 1024)
    const [lengths] = await wide.promise().query<RowDataPacket[]>('SELECT LENGTH(?) AS n', [text])
    expect(lengths).toEqual([{ n: text.length }])
  })

  it('gives up on one statement after its `timeout`, and is of no use then', async () => {
    const connection = await connectionOf(pool)
    const error = await new Promise((resolve) => {
      connection.query({ sql: 'SELECT SLEEP(1) AS s', timeout: 30 }, resolve)
    })
    expect(visible(error)).toEqual({
      class: 'Error',
      name: 'Error',
      message: 'Query inactivity timeout',
      errorno: 'PROTOCOL_SEQUENCE_TIMEOUT',
      code: 'PROTOCOL_SEQUENCE_TIMEOUT',
      syscall: 'query',
    })
    connection.destroy()
  })

  it('is told when the server closes its connection under a statement', async () => {
    await session.query('SET @pinned = 1')
    const running = session.query('SELECT SLEEP(5)').catch(visible)
    const { threadId } = session
    const isRunning = async () => {
      const list = await bench().cluster.query('SHOW PROCESSLIST')
      return list.some(({ Info }) => String(Info).includes('SLEEP(5)'))
    }
    await expect.poll(isRunning).toBe(true)
    await pool.promise().query('KILL ?', [threadId])
    expect(await running).toMatchObject(rejected({ fatal: true, code: 'PROTOCOL_CONNECTION_LOST' }))
    const after = await session.query('SELECT 1').catch(visible)
    expect(after).toMatchObject(rejected(CLOSED))
    const { connection } = session as unknown as { readonly connection: Record<string, unknown> }
    expect(connection.state).toBe('error')
    expect((connection.stream as { destroyed: boolean }).destroyed).toBe(true)
    session.release()
    expect((await pool.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
  })

  it('that is destroyed fails what is asked of it later', async () => {
    session.destroy()
    await expect(session.query('SELECT 1')).rejects.toMatchObject(rejected(CLOSED))
    session.release()
    session.destroy()
  })

  it('is released by end(), with a warning', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const connection: PoolConnection = await connectionOf(pool)
    const heard = once(connection, 'warn')
    connection.end()
    expect((await heard)[0].message).toMatch(/^Calling conn.end\(\) to release/)
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  it('is closed by end() with `gracefulEnd`', async () => {
    const graceful = await bench().pool(name, { gracefulEnd: true } as object)
    const connection = await connectionOf(graceful)
    connection.end()
    await expect.poll(() => (graceful as never as Queues)._allConnections.length).toBe(0)
  })

  it('escapes and formats', async () => {
    const connection = await connectionOf(pool)
    expect(connection.escape("it's")).toBe("'it\\'s'")
    expect(connection.escapeId('a.b`c')).toBe('`a`.`b``c`')
    expect(connection.format('? ?? ?', [1, 'a', null])).toBe('1 `a` NULL')
    connection.release()
    expect(session.escape(null)).toBe('NULL')
    expect(session.format('?', ['x'])).toBe("'x'")
  })

  it('is disposed of by symbol', async () => {
    const connection = await connectionOf(pool)
    if (HAS_DISPOSAL) (connection as unknown as Disposable)[Symbol.dispose]()
    else connection.release()
    if (HAS_ASYNC_DISPOSAL) await (session as unknown as AsyncDisposable)[Symbol.asyncDispose]()
    else expect(Symbol.asyncDispose in session).toBe(false)
    session.release()
    const { _allConnections, _freeConnections } = pool as never as Queues
    expect(_freeConnections.length).toBe(_allConnections.length)
  })
})

interface Queues {
  readonly _allConnections: { readonly length: number }
  readonly _freeConnections: { readonly length: number }
}
