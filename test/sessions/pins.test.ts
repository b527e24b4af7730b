import { createConnection } from 'aurora-mysql2/mysql2/promise'
import type { AuroraPool } from 'aurora-mysql2/promise'
import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query(
    'CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))',
  )
})

beforeEach(() => simulation.cluster.query('DELETE FROM app.note'))

afterEach(() => simulation.closePools())

const READ = 'SELECT COUNT(*) AS notes FROM app.note'
const WRITE = "INSERT INTO app.note (text) VALUES ('x')"
const eventual = { consistency: 'eventual' } as const

const open = (connectionLimit = 3): Promise<AuroraPool> =>
  simulation.readyPool({ connectionLimit, aurora: eventual })

async function value(of: Pick<PoolConnection, 'query'>, expression: string): Promise<unknown> {
  const [rows] = await of.query<RowDataPacket[]>(`SELECT ${expression} AS value`)
  return rows[0]?.value
}

describe('a session that is bound to its connection', () => {
  it.each([
    ['of a pool', async () => (await open()).getConnection()],
    ['of createConnection()', () => createConnection(simulation.cluster.connection)],
  ])('and %s tells at once that it was lost', async (_, make) => {
    const session = await make()
    await session.query("SELECT GET_LOCK('leader', 1)")
    const heard: unknown[] = []
    session.on('end', () => heard.push('end'))
    session.on('error', (error: { readonly code?: string }) => heard.push(error.code))
    await simulation.cluster.inject({ type: 'reset', instance: 'instance-1' })
    await eventually('it is told', () => heard.length > 0)
    expect(heard).toEqual(['ECONNRESET'])
    const error = await failureOf(session.query('SELECT 1'))
    expect(error.message).toContain('closed state')
    session.destroy()
    expect(heard).toEqual(['ECONNRESET'])
  })

  it('tells nobody when nothing bound it: it goes on', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query(READ)
    session.on('error', (error) => expect.unreachable(String(error)))
    session.on('end', () => expect.unreachable('end'))
    for (const { id } of simulation.cluster.readers)
      await simulation.cluster.inject({ type: 'reset', instance: id })
    await session.query(READ)
    session.release()
  })
})

describe('a session that leaves something on its connection', () => {
  it('finds its user variables again', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query('SELECT COUNT(*) INTO @notes FROM app.note')
    await session.query(READ)
    await session.query(WRITE)
    await session.query(READ)
    expect(await value(session, '@notes')).toBe(0)
    session.release()
  })

  it('finds its temporary table again, and nobody else does', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query('CREATE TEMPORARY TABLE app.mine (id INT)')
    await session.query(READ)
    await session.query('INSERT INTO app.mine VALUES (1), (2)')
    for (let turn = 0; turn < 3; turn++) {
      await session.query(READ)
      const [rows] = await session.query<RowDataPacket[]>('SELECT COUNT(*) AS mine FROM app.mine')
      expect(rows).toEqual([{ mine: 2 }])
    }
    session.release()
    for (let turn = 0; turn < 6; turn++) {
      const error = await failureOf(pool.query('INSERT INTO app.mine VALUES (3)'))
      expect(error.code).toBe('ER_NO_SUCH_TABLE')
    }
  })

  it('holds its named lock until it is released, and no longer', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query(READ)
    expect(await value(session, "GET_LOCK('job', 0)")).toBe(1)
    await session.query(READ)
    expect(await value(pool, "GET_LOCK('job', 0)")).toBe(0)
    expect(await value(session, "RELEASE_LOCK('job')")).toBe(1)
    expect(await value(session, "GET_LOCK('job', 0)")).toBe(1)
    session.release()
    // Asked from outside: whoever got the same connection again would be its owner still.
    await eventually('the lock is free', async () => {
      const rows = await simulation.cluster.query("SELECT IS_FREE_LOCK('job') AS isFree")
      return rows[0]?.isFree === 1
    })
  })

  it('holds its table locks until it is released, and no longer', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query('LOCK TABLES app.note WRITE')
    await session.query(READ)
    await session.query(WRITE)
    let hasWritten = false
    const blocked = pool.query(WRITE).then(() => {
      hasWritten = true
    })
    await session.query(READ)
    expect(hasWritten).toBe(false)
    session.release()
    await blocked
    expect(await value(pool, '(SELECT COUNT(*) FROM app.note)')).toBe(2)
  })

  it('finds the table again that it has opened by HANDLER', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query(READ)
    await session.query(WRITE)
    await session.query('HANDLER app.note OPEN AS mine')
    await session.query(READ)
    const [rows] = await session.query<RowDataPacket[]>('HANDLER mine READ FIRST')
    expect(rows).toMatchObject([{ text: 'x' }])
    session.release()
    for (let turn = 0; turn < 6; turn++)
      expect((await failureOf(pool.query('HANDLER mine READ FIRST'))).errno).toBe(1109)
  })

  it('finds its statements prepared by text again', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.query("PREPARE twice FROM 'SELECT ? + ? AS sum'")
    await session.query(READ)
    await session.query('SET @a = 2')
    const [rows] = await session.query<RowDataPacket[]>('EXECUTE twice USING @a, @a')
    expect(rows).toEqual([{ sum: 4 }])
    session.release()
  })
})

describe('a pinned session that loses its connection', () => {
  const PINS = [
    ['a transaction', 'BEGIN'],
    ['a user variable', 'SET @mine = 1'],
    ['a temporary table', 'CREATE TEMPORARY TABLE IF NOT EXISTS app.mine (id INT)'],
    ['a named lock', "DO GET_LOCK('job', 0)"],
    ['a table lock', 'LOCK TABLES app.note WRITE'],
  ] as const

  it.each(PINS)('by %s is dead for good, and its place is free at once', async (_, pin) => {
    const pool = await open(1)
    const session = await pool.getConnection()
    await session.query(pin)
    await simulation.cluster.inject({ type: 'reset', instance: 'instance-1' })
    // Before the dead one is released, or even asked.
    await pool.query(WRITE)
    for (let turn = 0; turn < 3; turn++) {
      const error = await failureOf(session.query(turn === 1 ? WRITE : READ))
      expect(error.fatal).toBe(true)
    }
    await pool.query(WRITE)
    session.release()
    expect(await value(pool, '(SELECT COUNT(*) FROM app.note)')).toBe(2)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('while a statement runs is dead too; that statement fails, and none that follows runs', async () => {
    const pool = await open(1)
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(WRITE)
    const running = failureOf(session.query('SELECT SLEEP(5)'))
    const queued = failureOf(session.query(WRITE))
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
    )
    await simulation.cluster.inject({ type: 'reset', instance: 'instance-1' })
    expect((await running).fatal).toBe(true)
    expect((await queued).fatal).toBe(true)
    await pool.query(READ)
    session.release()
    expect(await value(pool, '(SELECT COUNT(*) FROM app.note)')).toBe(0)
  })
})

describe('prepared statements', () => {
  it('by execute() survive each swap', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    for (let turn = 0; turn < 6; turn++) {
      for (const role of ['reader', 'writer']) {
        const [rows] = await session.execute<RowDataPacket[]>({
          sql: 'SELECT ? + 1 AS next',
          values: [turn],
          aurora: { role },
        } as never)
        expect(rows).toEqual([{ next: turn + 1 }])
      }
    }
    session.release()
  })

  it('by prepare() of a read do not keep the session from writing', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    const statement = await session.prepare('SELECT COUNT(*) AS notes FROM app.note WHERE id > ?')
    await statement.execute([0])
    const [result] = await session.query<ResultSetHeader>(WRITE)
    expect(result.affectedRows).toBe(1)
    const [rows] = await statement.execute([0])
    expect(rows).toEqual([{ notes: 1 }])
    await session.beginTransaction()
    await session.query(WRITE)
    expect((await statement.execute([0]))[0]).toEqual([{ notes: 2 }])
    await session.commit()
    await statement.close()
    session.release()
  })

  it('by prepare() of a read and of a write work side by side', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    const read = await session.prepare('SELECT COUNT(*) AS notes FROM app.note WHERE id > ?')
    const write = await session.prepare('INSERT INTO app.note (text) VALUES (?)')
    for (let turn = 0; turn < 4; turn++) {
      expect((await read.execute([0]))[0]).toEqual([{ notes: turn }])
      await write.execute(['x'])
    }
    await read.close()
    await write.close()
    session.release()
  })

  it('are never more on a connection than maxPreparedStatements', async () => {
    const most = 4
    const pool = await simulation.readyPool({
      connectionLimit: 1,
      maxPreparedStatements: most,
      aurora: eventual,
    })
    const onServer = async () => {
      const sql = "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"
      return Number((await simulation.cluster.query(sql))[0]?.Value)
    }
    const before = await onServer()
    for (let turn = 0; turn < 30; turn++) {
      for (const role of ['writer', 'reader'])
        await pool.execute({
          sql: `SELECT ? + ${turn} AS n`,
          values: [1],
          aurora: { role },
        } as never)
    }
    const { instances } = pool.aurora.stats()
    const open = instances.reduce((sum, each) => sum + each.open, 0)
    // One is prepared before the oldest is closed.
    expect((await onServer()) - before).toBeLessThanOrEqual(open * (most + 1))
  })
})
