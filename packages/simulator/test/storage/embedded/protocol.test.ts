import {
  type Connection,
  createConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { accounts, errnoOf, logIn, openStorage } from './open-storage.js'

const AUTOCOMMIT = 2
const IN_TRANSACTION = 1

async function statusAfter(connection: Connection, sql: string): Promise<number> {
  const [result] = await connection.query<ResultSetHeader>(sql)
  return result.serverStatus
}

describe('logging in', () => {
  it('needs the right password', async () => {
    const storage = await openStorage()
    const attempt = createConnection({ user: 'app', password: 'wrong', stream: storage.connect() })
    const error = await attempt.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ errno: 1045, sqlState: '28000' })
    expect((error as Error).message).toBe(
      "Access denied for user 'app'@'localhost' (using password: YES)",
    )
  })

  it('refuses unknown users and schemas', async () => {
    const storage = await openStorage()
    expect(await errnoOf(logIn(storage, { user: 'nobody' }))).toBe(1045)
    expect(await errnoOf(logIn(storage, { database: 'nothing' }))).toBe(1049)
  })

  it('works without a schema, which statements then name or choose', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT)')
    const { user, password } = accounts
    const connection = await createConnection({ user, password, stream: storage.connect() })
    expect(await errnoOf(connection.query('SELECT * FROM t'))).toBe(1046)
    expect((await connection.query('SELECT * FROM app.t'))[0]).toEqual([])
    await connection.query('USE app')
    expect((await connection.query('SELECT * FROM t'))[0]).toEqual([])
    connection.destroy()
  })

  it('as the reader user lets read and nothing else, until the role is taken on', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT)')
    const reader = await logIn(storage, { user: accounts.readerUser })
    expect((await reader.query('SELECT * FROM t'))[0]).toEqual([])
    const denied = {
      'INSERT INTO t VALUES (1)': 'INSERT',
      'UPDATE t SET id = 1': 'UPDATE',
      'DELETE FROM t': 'DELETE',
      'CREATE TABLE u (id INT)': 'CREATE',
      'DROP TABLE t': 'DROP',
      'TRUNCATE TABLE t': 'DROP',
      'ALTER TABLE t ADD COLUMN x INT': 'ALTER',
      'CREATE INDEX i ON t (id)': 'INDEX',
    }
    for (const [sql, right] of Object.entries(denied)) {
      const error = await reader.query(sql).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ errno: 1142 })
      expect((error as Error).message).toContain(`${right} command denied to user 'app_reader'`)
      expect(await errnoOf(reader.execute(sql))).toBe(1142)
    }
    await reader.query('SET ROLE aurora_writer')
    await reader.query('INSERT INTO t VALUES (1)')
    await reader.query('SET ROLE NONE')
    expect(await errnoOf(reader.query('INSERT INTO t VALUES (2)'))).toBe(1142)
  })

  it('again as another user, and resetting, forgets what the session had set', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT)')
    const connection = await logIn(storage)
    const begin = async (): Promise<void> => {
      await connection.query('SET @a = 1, autocommit = 0')
      await connection.query('INSERT INTO t VALUES (1)')
    }
    await begin()
    await connection.changeUser({
      user: accounts.readerUser,
      password: accounts.password,
      database: 'app',
    })
    const [rows] = await connection.query(
      'SELECT @a AS a, @@autocommit AS c, USER() AS u, (SELECT COUNT(*) FROM t) AS n',
    )
    expect(rows).toEqual([{ a: null, c: 1, u: 'app_reader@localhost', n: 0 }])
    await connection.changeUser({
      user: accounts.user,
      password: accounts.password,
      database: 'app',
    })
    await begin()
    await connection.reset()
    expect((await connection.query('SELECT @a AS a, @@autocommit AS c FROM t'))[0]).toEqual([])
    const wrong = connection.changeUser({ user: accounts.user, password: 'wrong' })
    expect(await errnoOf(wrong)).toBe(1045)
  })
})

describe('the status flags', () => {
  it('tell after each statement whether a transaction is open', async () => {
    const connection = await logIn(await openStorage())
    const expected: readonly (readonly [sql: string, flags: number])[] = [
      ['CREATE TABLE t (id INT)', AUTOCOMMIT],
      ['BEGIN', AUTOCOMMIT | IN_TRANSACTION],
      ['INSERT INTO t VALUES (1)', AUTOCOMMIT | IN_TRANSACTION],
      ['SAVEPOINT s', AUTOCOMMIT | IN_TRANSACTION],
      ['COMMIT', AUTOCOMMIT],
      ['SET autocommit = 0', 0],
      ['SET @a = 1', 0],
      ['INSERT INTO t VALUES (2)', IN_TRANSACTION],
      ['ROLLBACK', 0],
      ['INSERT INTO t VALUES (3)', IN_TRANSACTION],
      ['SET autocommit = 1', AUTOCOMMIT],
      ['BEGIN', AUTOCOMMIT | IN_TRANSACTION],
      ['COMMIT AND CHAIN', AUTOCOMMIT | IN_TRANSACTION],
      ['CREATE TABLE u (id INT)', AUTOCOMMIT],
    ]
    for (const [sql, flags] of expected) {
      expect({ sql, flags: (await statusAfter(connection, sql)) & 3 }).toEqual({ sql, flags })
    }
  })
})

describe('commands', () => {
  it('ping, quit and pipelining work as on a server', async () => {
    const connection = await logIn(await openStorage())
    await connection.ping()
    const answers = [1, 2, 3].map((n) => connection.query<RowDataPacket[]>('SELECT ? AS n', [n]))
    expect((await Promise.all(answers)).map(([rows]) => rows[0]?.n)).toEqual([1, 2, 3])
    await connection.end()
  })

  it('prepared statements run many times, are closed, and are unknown to other sessions', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), at DATETIME(3))')
    const connection = await logIn(storage)
    const insert = await connection.prepare('INSERT INTO t VALUES (?, ?, ?)')
    const at = new Date('2026-11-20T09:00:00.250Z')
    for (let id = 1; id <= 3; id++) await insert.execute([id, `n${id}`, at])
    await insert.close()
    const select = await connection.prepare('SELECT * FROM t WHERE id > ? ORDER BY id')
    const [rows] = (await select.execute([1])) as [RowDataPacket[], unknown]
    expect(rows).toEqual([
      { id: 2, name: 'n2', at },
      { id: 3, name: 'n3', at },
    ])
    expect(await errnoOf(connection.prepare('SELECT nope FROM t'))).toBe(1054)
    expect(await errnoOf(connection.prepare('SELEC 1'))).toBe(1064)
  })

  it('values that a prepared statement lacks are an error, and the session goes on', async () => {
    const connection = await logIn(await openStorage())
    const statement = await connection.prepare('SELECT ? + ? AS n')
    expect(await errnoOf(statement.execute([1]))).toBe(1210)
    expect((await statement.execute([1, 2]))[0]).toEqual([{ n: 3 }])
  })

  it('several statements in one text need the client’s leave, and stop at the first error', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT PRIMARY KEY)')
    const plain = await logIn(storage)
    expect(await errnoOf(plain.query('SELECT 1; SELECT 2'))).toBe(1064)
    const several = await logIn(storage, { multipleStatements: true })
    const [results] = await several.query('SELECT 1 AS a; INSERT INTO t VALUES (1); SELECT 2 AS b')
    expect(results).toMatchObject([[{ a: 1 }], { affectedRows: 1 }, [{ b: 2 }]])
    const text = 'INSERT INTO t VALUES (2); INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)'
    expect(await errnoOf(several.query(text))).toBe(1062)
    expect((await plain.query('SELECT id FROM t ORDER BY id'))[0]).toEqual([{ id: 1 }, { id: 2 }])
  })

  it('rows of more than 16 MB go both ways', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT PRIMARY KEY, body LONGBLOB)')
    const connection = await logIn(storage)
    const body = Buffer.alloc(17 * 1024 * 1024, 'ab')
    await connection.query('INSERT INTO t VALUES (1, ?)', [body])
    const [rows] = await connection.execute<RowDataPacket[]>('SELECT body FROM t WHERE id = ?', [1])
    expect(body.equals(rows[0]?.body as Buffer)).toBe(true)
  })

  it('SLEEP waits without holding up the other sessions, and can be woken', async () => {
    const storage = await openStorage()
    const sleeper = await logIn(storage)
    const other = await logIn(storage)
    const sleep = sleeper.query<RowDataPacket[]>('SELECT SLEEP(60) AS s')
    expect((await other.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
    await other.query(`KILL QUERY ${sleeper.threadId}`)
    expect((await sleep)[0]).toEqual([{ s: 1 }])
  })

  it('the administrator sees past transactions and uses the same SQL', async () => {
    const storage = await openStorage()
    await storage.query('CREATE TABLE t (id INT)')
    const connection = await logIn(storage)
    await connection.beginTransaction()
    await connection.query('INSERT INTO t VALUES (1)')
    expect(await storage.query('SELECT COUNT(*) AS n FROM t')).toEqual([{ n: 0 }])
    await connection.commit()
    expect(await storage.query('SELECT COUNT(*) AS n FROM t WHERE id = ?', [1])).toEqual([{ n: 1 }])
  })

  it('two storages in one process share nothing', async () => {
    const [one, two] = [await openStorage(), await openStorage()]
    await one.query('CREATE TABLE t (id INT)')
    expect(await errnoOf(two.query('SELECT * FROM t'))).toBe(1146)
  })

  it('closing a storage ends its sessions, twice as once', async () => {
    const storage = await openStorage()
    const connection = await logIn(storage)
    const ended = new Promise((resolve) => connection.on('error', resolve))
    await storage.close()
    await storage.close()
    await ended
    expect(() => storage.connect()).toThrow('closed')
  })
})

describe('the front-end’s questions', () => {
  it('are answered when literals and a derived table stand for Aurora’s names', async () => {
    const connection = await logIn(await openStorage())
    const row = (id: string, session: string, lag: string): string =>
      `SELECT '${id}' AS server_id, '${session}' AS session_id, TIMESTAMP'2026-11-20 09:00:00.123456' AS last_update_timestamp, ${lag} AS replica_lag_in_milliseconds, 7.5 AS cpu`
    const sql = `SELECT 'instance-1' AS answered_by, 0 AS read_only, h.server_id AS server_id, h.session_id AS session_id, TIMESTAMPDIFF(MICROSECOND, h.last_update_timestamp, NOW(6)) AS age_us, h.replica_lag_in_milliseconds AS lag_ms, h.cpu AS cpu FROM (SELECT 1 AS one) AS one LEFT JOIN (${row('instance-1', 'MASTER_SESSION_ID', '0')} UNION ALL ${row('instance-2', 'b', '15.25')}) AS h ON 1 = 1`
    for (const [rows] of [
      await connection.query<RowDataPacket[]>(sql),
      await connection.execute<RowDataPacket[]>(sql),
    ]) {
      expect(rows).toMatchObject([
        {
          answered_by: 'instance-1',
          read_only: 0,
          server_id: 'instance-1',
          session_id: 'MASTER_SESSION_ID',
        },
        { server_id: 'instance-2', session_id: 'b', lag_ms: '15.25', cpu: '7.5' },
      ])
      expect(rows[0]?.age_us).toBeTypeOf('number')
    }
  })
})
