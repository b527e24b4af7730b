import type { Cluster } from 'aurora-mysql2-simulator'
import type { PoolConnection as CallbackConnection, RowDataPacket } from 'mysql2'
import type { PoolConnection } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HAS_RESET } from '../mysql2-features.js'
import { type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate()
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
  for (const name of ['one', 'other']) {
    await cluster.query(`CREATE DATABASE ${name}`)
    await cluster.query(`GRANT ALL ON ${name}.* TO app`)
  }
})

afterEach(() => simulation.closePools())

const aurora = { consistency: 'eventual' } as const
const LIMIT = 4
const WRITE = "INSERT INTO app.note (text) VALUES ('a')"

const accepted = () => cluster.instances.map(({ counters }) => counters.connectionsAccepted)

async function readValue(session: Pick<PoolConnection, 'query'>, what: string, role = 'writer') {
  const sql = `SELECT ${what} AS value`
  const [rows] = await session.query<RowDataPacket[]>({ sql, aurora: { role } } as never)
  return rows[0]?.value as unknown
}

describe('requests that each begin their session with', () => {
  // mysql2 would open no connection for any of them once the pool is warm.
  it.each<[string, (n: number) => readonly string[]]>([
    ['the same SET', () => ["SET time_zone = '+01:00'", 'SELECT NOW()']],
    ['several SETs', () => ['SET NAMES utf8mb4', "SET time_zone = '+01:00'", 'SELECT NOW()']],
    ['SET, and write', () => ["SET time_zone = '+01:00'", WRITE]],
    ['a time zone of their own', (n) => [`SET time_zone = '+0${n % 9}:00'`, 'SELECT NOW()']],
    ['a database of their own', (n) => [`USE ${n % 2 ? 'one' : 'other'}`, 'SELECT DATABASE()']],
    ['a user variable', () => ['SET @tenant = 1', 'SELECT @tenant']],
    ['a lock', () => ["SELECT GET_LOCK('mine', 0)", "SELECT RELEASE_LOCK('mine')"]],
    ['a temporary table', () => ['CREATE TEMPORARY TABLE app.mine (id INT)', WRITE]],
    ['another autocommit', () => ['SET autocommit = 0', WRITE, 'COMMIT']],
    ['SQL_CALC_FOUND_ROWS', () => ['SELECT SQL_CALC_FOUND_ROWS 1', 'SELECT FOUND_ROWS()']],
  ])('%s reuse the connections that there are, where they can be reset', async (_, statements) => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: LIMIT })
    const before = accepted()
    for (let request = 0; request < 40; request++) {
      const session = await pool.getConnection()
      for (const text of statements(request)) await session.query(text)
      session.release()
      // Between requests something else runs, which wants none of it.
      if (request % 3 === 0) await readValue(pool as never, '1', 'reader')
    }
    for (const { open } of pool.aurora.stats().instances) expect(open).toBeLessThanOrEqual(LIMIT)
    // Else those that carry something are replaced.
    if (!HAS_RESET) return
    const opened = accepted().map((count, at) => count - (before[at] ?? 0))
    for (const count of opened) expect(count).toBeLessThanOrEqual(LIMIT)
  })
})

describe('what a session leaves behind', () => {
  it.each([
    ['a user variable', "SET @tenant = 'ann'", '@tenant', null],
    ['a lock', "SELECT GET_LOCK('a lock', 0)", "IS_FREE_LOCK('a lock')", 1],
    ['another autocommit', 'SET autocommit = 0', '@@autocommit', 1],
  ])('by way of %s is gone for the next, also after a timeout', async (_, text, what, clean) => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    for (const timesOut of [false, true]) {
      const session = await pool.getConnection()
      await session.query(text)
      if (timesOut) {
        const late = session.query({ sql: 'SELECT SLEEP(0.3)', timeout: 30 })
        await expect(late).rejects.toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' })
      }
      session.release()
      expect(await readValue(pool as never, what)).toBe(clean)
    }
  })

  it.each([
    ['BEGIN', 'BEGIN'],
    ['SET autocommit', 'SET autocommit = 0'],
    ['LOCK TABLES', 'LOCK TABLES app.note READ'],
    ['SET', "SET time_zone = '+06:00'"],
  ])('by a %s whose answer came too late is gone for the next', async (_, text) => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    await pool.query(WRITE)
    await cluster.query('DELETE FROM app.note')
    const session = await pool.writer.getConnection()
    await session.query('SELECT 1')
    const heal = await cluster.inject({ type: 'slow', instance: 'instance-1', delayMs: 150 })
    const late = session.query({ sql: text, timeout: 30 })
    await expect(late).rejects.toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' })
    session.release()
    await heal()
    await pool.query(WRITE)
    expect(await cluster.query('SELECT COUNT(*) AS count FROM app.note')).toMatchObject([
      { count: 1 },
    ])
    expect(await readValue(pool as never, '@@time_zone')).toBe('+00:00')
  })

  it('by reset() or changeUser() is no write that reads have to wait for', async () => {
    const pool = await simulation.readyPool({ connectionLimit: LIMIT })
    const session = await pool.getConnection()
    if (HAS_RESET) await session.reset()
    await session.changeUser({})
    await Promise.all(Array.from({ length: 10 }, () => pool.query('SELECT 1')))
    expect(pool.aurora.stats().heldReads.consistency).toBe(0)
    session.release()
  })

  it('of characters, mode and database is what the handshake chose again', async () => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    const settings = [
      '@@character_set_client',
      '@@collation_connection',
      '@@sql_mode',
      'DATABASE()',
    ]
    const read = () => readValue(pool as never, `CONCAT_WS(' ', ${settings.join(', ')})`)
    const born = await read()
    const session = await pool.getConnection()
    for (const text of ['SET @pinned = 1', 'SET NAMES latin1', "SET sql_mode = ''", 'USE other'])
      await session.query(text)
    expect(await readValue(session, '@@character_set_client')).toBe('latin1')
    session.release()
    expect(await read()).toBe(born)
    expect(await readValue(pool as never, "'ü€'")).toBe('ü€')
  })

  it('of what connection listeners have sent is sent again', async () => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    pool.on('connection', (connection) => void connection.query("SET time_zone = '+05:00'"))
    const before = accepted()
    for (let request = 0; request < 10; request++) {
      const session = await pool.getConnection()
      await session.query('SET @pinned = 1')
      expect(await readValue(session, '@@time_zone')).toBe('+05:00')
      session.release()
      expect(await readValue(pool as never, '@@time_zone')).toBe('+05:00')
    }
    const opened = (accepted()[0] ?? 0) - (before[0] ?? 0)
    if (HAS_RESET) expect(opened).toBe(1)
    else expect(opened).toBeGreaterThan(1)
  })

  it('is closed where a listener may have sent what nobody saw', async () => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    pool.on('connection', (connection) => {
      // A promise pool, too, gives its listeners the connection of the callback API.
      const core = connection as unknown as CallbackConnection
      core.query("SET time_zone = '+05:00'", () => {
        core.query('SET lock_wait_timeout = 77', () => {})
      })
    })
    for (let request = 0; request < 3; request++) {
      const session = await pool.getConnection()
      await session.query('SET @pinned = 1')
      session.release()
      await pool.query('SELECT 1')
      expect(await readValue(pool as never, '@tenant')).toBeNull()
      expect(await readValue(pool as never, '@@lock_wait_timeout')).toBe(77)
    }
  })

  it('is no statement that another prepared: it is prepared again', async () => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1 })
    const add = () => pool.execute('SELECT ? + 1 AS sum', [1])
    await add()
    const session = await pool.getConnection()
    await session.query('SET @pinned = 1')
    session.release()
    const [rows] = await add()
    expect(rows).toEqual([{ sum: 2 }])
  })

  it('with resetOnRelease is nothing, and what the next one sets holds', async () => {
    const pool = await simulation.readyPool({ aurora, connectionLimit: 1, resetOnRelease: true })
    for (let request = 0; request < 3; request++) {
      const session = await pool.getConnection()
      await session.query("SET time_zone = '+07:00'")
      expect(await readValue(session, '@@time_zone')).toBe('+07:00')
      expect(await readValue(session, '@@time_zone', 'reader')).toBe('+07:00')
      session.release()
    }
    expect(await readValue(pool as never, '@@time_zone')).toBe('+00:00')
  })
})
