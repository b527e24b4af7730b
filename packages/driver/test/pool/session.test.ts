import type { Cluster } from 'aurora-mysql2-simulator'
import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2'
import type { PoolConnection as PromisePoolConnection } from 'mysql2/promise'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, nothingIsLeft, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate()
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
  await cluster.query('CREATE DATABASE other')
  await cluster.query('GRANT ALL ON other.* TO app')
})

beforeEach(() => cluster.query('DELETE FROM app.note'))

afterEach(() => simulation.closePools())

const READ = 'SELECT COUNT(*) AS notes FROM app.note'
const write = (text: string) => `INSERT INTO app.note (text) VALUES ('${text}')`

async function texts(): Promise<unknown[]> {
  return (await cluster.query('SELECT text FROM app.note ORDER BY id')).map(({ text }) => text)
}

const eventual = { consistency: 'eventual' } as const

/** What a read sees, wherever it runs. */
async function seen(
  session: { query: PromisePoolConnection['query'] },
  expression: string,
  aurora: object = { role: 'reader' },
) {
  const [rows] = await session.query<RowDataPacket[]>({
    sql: `SELECT ${expression} AS value`,
    aurora,
  } as never)
  return rows[0]?.value as unknown
}

describe('the statements of a session', () => {
  it('run in the order issued, unawaited too, on whichever instances they need', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    const ended: number[] = []
    const all = Array.from({ length: 60 }, (_, index) =>
      session.query(index % 3 === 0 ? write(String(index)) : READ).then(() => ended.push(index)),
    )
    await Promise.all(all)
    session.release()
    expect(ended).toEqual(Array.from({ length: 60 }, (_, index) => index))
    expect(await texts()).toEqual(Array.from({ length: 20 }, (_, index) => String(index * 3)))
  })

  it('see what the session wrote before', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    for (let turn = 1; turn <= 20; turn++) {
      const [, [rows]] = await Promise.all([
        session.query(write('x')),
        session.query<RowDataPacket[]>(READ),
      ])
      expect(rows[0]?.notes).toBe(turn)
    }
    session.release()
  })

  it('go on after an error in the middle', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    const outcomes = await Promise.allSettled([
      session.query('SELECT 1'),
      session.query('SELEKT'),
      session.query(write('after')),
      session.execute('SELECT ?', ['x']),
    ])
    session.release()
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
  })

  it('still run when it is released before, and then its connection is free', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const session = await pool.getConnection()
    const queued = [session.query(write('a')), session.query(READ), session.query(write('b'))]
    session.release()
    session.release()
    const other = await pool.getConnection()
    await other.query(write('c'))
    other.release()
    await Promise.all(queued)
    expect(await texts()).toEqual(['a', 'b', 'c'])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('run after release() too, each by itself', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const session = await pool.getConnection()
    session.release()
    await session.query(write('late'))
    await Promise.all([session.query(READ), session.query(write('later'))])
    expect(await texts()).toEqual(['late', 'later'])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('of fifty sessions on one connection per instance all end', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const session = await pool.getConnection()
        await session.query(READ)
        if (index % 3 === 0) await session.query(write(String(index)))
        if (index % 3 === 1) {
          await session.beginTransaction()
          await session.query(write(String(index)))
          await session.query(READ)
          await session.commit()
        }
        await session.query(READ)
        session.release()
      }),
    )
    expect(await texts()).toHaveLength(34)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

describe('a transaction', () => {
  it('stays on one connection of the writer, reads included', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.beginTransaction()
    const thread = session.threadId
    const before = simulation.counts()
    for (let turn = 0; turn < 5; turn++) {
      await session.query(write('x'))
      const [rows] = await session.query<RowDataPacket[]>(READ)
      expect(rows[0]?.notes).toBe(turn + 1)
      expect(session.threadId).toBe(thread)
    }
    await session.commit()
    const counts = simulation.countsSince(before)
    expect(counts['instance-1']?.statements).toBeGreaterThanOrEqual(11)
    expect(counts['instance-2']?.statements).toBe(0)
    expect(counts['instance-3']?.statements).toBe(0)
    session.release()
  })

  it.each(['START TRANSACTION', 'BEGIN', '/* why */ begin work', 'SET autocommit = 0'])(
    'begun by %s and left open is rolled back when the session is released',
    async (begin) => {
      const pool = await simulation.readyPool({ connectionLimit: 1 })
      const session = await pool.getConnection()
      await session.query(begin)
      await session.query(write('never'))
      session.release()
      await pool.query(write('kept'))
      expect(await texts()).toEqual(['kept'])
      const [rows] = await pool.query<RowDataPacket[]>('SELECT @@autocommit AS autocommit')
      expect(rows).toEqual([{ autocommit: 1 }])
    },
  )

  it('of pool.query alone does not swallow what others write', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    await pool.query('BEGIN')
    await pool.query(write('kept'))
    await pool.query('ROLLBACK')
    expect(await texts()).toEqual(['kept'])
  })

  it('read only may be served anywhere, and refuses to write there', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    await session.query('START TRANSACTION READ ONLY')
    await session.query(READ)
    const error = await failureOf(session.query(write('x')))
    expect([1290, 1792]).toContain(error.errno)
    await session.query('ROLLBACK')
    await session.query(write('y'))
    session.release()
    expect(await texts()).toEqual(['y'])
  })
})

describe('what is asked of the session itself', () => {
  it('is answered where it is: last id, warnings, found rows', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    const [result] = await session.query<ResultSetHeader>(write('x'))
    expect(await seen(session, 'LAST_INSERT_ID()', {})).toBe(result.insertId)
    expect(await seen(session, 'CONNECTION_ID()', {})).toBe(session.threadId)
    await session.query("SELECT CAST('abc' AS SIGNED)")
    const [warnings] = await session.query<RowDataPacket[]>('SHOW WARNINGS')
    expect(warnings).toHaveLength(1)
    session.release()
  })

  it('without a session too: the id of the last insert of a pool', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const [result] = await pool.query<ResultSetHeader>(write('x'))
    expect(await seen(pool as never, 'LAST_INSERT_ID()', {})).toBe(result.insertId)
  })
})

describe('other commands', () => {
  it('ping, changeUser and reset run in their turn', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await Promise.all([
      session.query(write('a')),
      session.ping(),
      session.query(write('b')),
      session.changeUser({
        user: cluster.connection.user,
        password: cluster.connection.password,
        database: 'other',
      }),
    ])
    expect(await seen(session, 'DATABASE()', {})).toBe('other')
    session.release()
    expect(await texts()).toEqual(['a', 'b'])
    for (let turn = 0; turn < 5; turn++)
      expect(await seen(pool as never, 'DATABASE()', {})).toBe('app')
  })

  it('prepare, execute and close, in the order issued', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const session = await pool.getConnection()
    const statement = await session.prepare('INSERT INTO app.note (text) VALUES (?)')
    await Promise.all([
      statement.execute(['a']),
      session.query(write('b')),
      statement.execute(['c']),
    ])
    await statement.close()
    const read = await session.prepare('SELECT text FROM app.note WHERE text = ?')
    const [rows] = await read.execute(['c'])
    expect(rows).toEqual([{ text: 'c' }])
    await read.close()
    session.release()
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('a prepared statement without a callback emits its rows', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    const session = await new Promise<PoolConnection>((resolve, reject) =>
      pool.getConnection((error, got) => (error ? reject(error) : resolve(got))),
    )
    const rows = await new Promise<unknown[]>((resolve, reject) => {
      session.prepare('SELECT seq FROM seq_1_to_3 WHERE seq > ?', (error, statement) => {
        if (error) return reject(error)
        const heard: unknown[] = []
        // Queued behind another, so that it cannot be begun in this turn.
        session.query('DO 1', () => {})
        const command = statement.execute([1]) as unknown as NodeJS.EventEmitter
        command.on('result', (row) => heard.push(row))
        command.on('error', reject)
        command.on('end', () => resolve(heard))
      })
    })
    expect(rows).toEqual([{ seq: 2 }, { seq: 3 }])
    session.release()
  })

  it('release() gives back what it holds now, wherever that is', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: eventual })
    for (let turn = 0; turn < 10; turn++) {
      const session = await pool.getConnection()
      await session.query(turn % 2 === 0 ? READ : write('x'))
      session.release()
    }
    await eventually('nothing is left', () => nothingIsLeft(pool))
    const { open } = {
      open: pool.aurora.stats().instances.reduce((sum, each) => sum + each.open, 0),
    }
    expect(open).toBeLessThanOrEqual(3)
  })
})

describe("mysql2's timeout", () => {
  it('fails the statement; its late reply is given to nobody else', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const error = await failureOf(pool.query({ sql: 'SELECT SLEEP(0.5) AS slept', timeout: 50 }))
    expect(error.code).toBe('PROTOCOL_SEQUENCE_TIMEOUT')
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        pool.query<RowDataPacket[]>(`SELECT @@server_id * 0 + ${index} AS n`),
      ),
    )
    expect(answers.map(([rows]) => Number(rows[0]?.n))).toEqual([0, 1, 2, 3, 4])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('without a callback, too', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await pool.aurora.ready()
    const code = await new Promise((resolve) => {
      const command = pool.query({ sql: 'SELECT SLEEP(0.5) AS slept', timeout: 50 })
      command.on('result', () => resolve('a row'))
      command.on('error', (error: { code?: string }) => resolve(error.code))
    })
    expect(code).toBe('PROTOCOL_SEQUENCE_TIMEOUT')
    const [rows] = await pool.promise().query('SELECT @@server_id * 0 AS n')
    expect(rows).toEqual([{ n: 0 }])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

describe('hints', () => {
  it('and options decide where a statement goes', async () => {
    const pool = await simulation.readyPool({ aurora: eventual })
    const where = async (sql: string, aurora?: object) => {
      const [rows] = await pool.query<RowDataPacket[]>({ sql, ...(aurora && { aurora }) })
      return rows[0]?.id as string
    }
    const ID = 'SELECT @@aurora_server_id AS id'
    expect(await where(`/* aurora:writer */ ${ID}`)).toBe('instance-1')
    expect(await where(`/* aurora:reader */ ${ID}`)).not.toBe('instance-1')
    expect(await where(`/* aurora:reader */ ${ID}`, { role: 'writer' })).toBe('instance-1')
    expect(await where(ID, { role: 'reader' })).not.toBe('instance-1')
    const error = await failureOf(where(`/* aurora:wrter */ ${ID}`))
    expect(error.code).toBe('ERR_AURORA_OPTION')
    const refused = await failureOf(
      pool.query({ sql: write('x'), aurora: { role: 'reader', waitMs: 100 } }),
    )
    expect(refused.errno).toBe(1290)
  })

  it('bad options of one statement are refused with path and expectation', async () => {
    const pool = await simulation.readyPool()
    const of = (aurora: object) => failureOf(pool.query({ sql: 'SELECT 1', aurora } as never))
    expect((await of({ rol: 'reader' })).message).toContain('did you mean aurora.role?')
    expect((await of({ role: 'master' })).message).toContain("one of 'reader', 'writer'")
    expect((await of({ waitMs: -1 })).message).toContain('aurora.waitMs')
    expect((await of({ signal: {} })).message).toContain('an AbortSignal')
    expect((await of({ maxLagMs: 'x' })).code).toBe('ERR_AURORA_OPTION')
  })
})
