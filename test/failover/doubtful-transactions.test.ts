import type { AuroraPool } from 'aurora-mysql2/promise'
import type { PoolConnection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { HAS_RESET } from '../compat/mysql2-features.js'
import { Wire } from './wire.js'

let simulation: Simulation
let wire: Wire
let pool: AuroraPool

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  await simulation.cluster.query(
    'CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(50)) ENGINE=InnoDB',
  )
  await simulation.cluster.query(`CREATE TABLE app.aurora_mysql2_token (token BINARY(16) NOT NULL PRIMARY KEY,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (created_at))`)
  wire = new Wire(simulation.cluster)
  pool = await simulation.readyPool({ aurora: { lookup: wire.lookup } })
})

afterAll(() => wire.close())

beforeEach(async () => {
  await simulation.cluster.query('DELETE FROM app.note')
  await simulation.cluster.query("INSERT INTO app.note VALUES (1, ''), (2, '')")
})

const insert = (id: number) => `INSERT INTO note VALUES (${id}, 'x')`

async function ids(): Promise<number[]> {
  const rows = await simulation.cluster.query('SELECT id FROM app.note WHERE id > 2 ORDER BY id')
  return rows.map(({ id }) => Number(id))
}

/** The server runs it, and its answer is lost. */
async function losing(session: PoolConnection, sql: string) {
  const cut = wire.cutOnce(sql, 'after')
  const failure = await failureOf(session.query(sql))
  await cut
  return failure
}

/** Makes the transaction of a session the victim of a deadlock. */
async function deadlock(session: PoolConnection): Promise<void> {
  const other = await pool.getConnection()
  await other.beginTransaction()
  // Heavier, so that the other one is the victim.
  for (let id = 100; id < 150; id++) await other.query(insert(id))
  await other.query("UPDATE note SET text = 'o' WHERE id = 1")
  await session.query("UPDATE note SET text = 's' WHERE id = 2")
  const victim = failureOf(session.query("UPDATE note SET text = 's' WHERE id = 1"))
  await other.query("UPDATE note SET text = 'o' WHERE id = 2")
  expect(await victim).toMatchObject({ code: 'ER_LOCK_DEADLOCK' })
  await other.rollback()
  other.release()
}

describe('a write that is lost where the transaction may have ended unnoticed', () => {
  const endings: readonly (readonly [string, (session: PoolConnection) => Promise<unknown>])[] = [
    ['by a deadlock', deadlock],
    ...(HAS_RESET ? [['by reset()', (session: PoolConnection) => session.reset()] as const] : []),
    ['by changeUser()', (session) => session.changeUser({})],
    [
      'by the implicit commit of DDL that failed',
      (session) => failureOf(session.query('CREATE TABLE note (id INT)')),
    ],
  ]

  it.each(endings)('%s, is told of as unknown', async (_, ending) => {
    const session = await pool.getConnection()
    await session.beginTransaction()
    await ending(session)
    expect(await losing(session, insert(10))).toMatchObject({ aurora: { outcome: 'unknown' } })
    // It was there all the time: whoever believed that it was rolled back would have written it twice.
    expect(await ids()).toEqual([10])
    session.release()
  })

  it('is told of as rolled back when an OK packet has said meanwhile that one is open', async () => {
    const session = await pool.getConnection()
    await session.beginTransaction()
    await deadlock(session)
    await session.beginTransaction()
    expect(await losing(session, insert(10))).toMatchObject({ aurora: { outcome: 'rolled-back' } })
    await eventually('it is undone', async () => (await ids()).length === 0)
    session.release()
  })

  it('is told of as rolled back behind an error that undoes its statement alone', async () => {
    const session = await pool.getConnection()
    await session.beginTransaction()
    await failureOf(session.query(insert(1)))
    expect(await losing(session, insert(10))).toMatchObject({ aurora: { outcome: 'rolled-back' } })
    await eventually('it is undone', async () => (await ids()).length === 0)
    session.release()
  })
})

describe('a transaction that DDL may have committed before it failed', () => {
  const losses: readonly (readonly [string, (session: PoolConnection) => Promise<unknown>])[] = [
    ['with a read', (session) => losing(session, 'SELECT * FROM note LOCK IN SHARE MODE')],
    [
      'between two statements',
      async (session) => {
        await simulation.cluster.inject({ type: 'reset' })
        await eventually('the loss is known', () =>
          pool.aurora.stats().instances.every(({ role, open }) => role === 'reader' || open === 0),
        )
        return failureOf(session.query('SELECT * FROM note'))
      },
    ],
  ]

  it.each(losses)('is told of as unknown when it is lost %s', async (_, lose) => {
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(insert(10))
    await failureOf(session.query('CREATE TABLE note (id INT)'))
    expect(await lose(session)).toMatchObject({ aurora: { outcome: 'unknown' } })
    expect(await ids()).toEqual([10])
    session.release()
  })
})

describe('a COMMIT that is lost where nothing but reads has run', () => {
  const READ = 'SELECT COUNT(*) AS notes FROM note'

  it('commits nothing, and is told of as rolled back', async () => {
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(READ)
    expect(await losing(session, 'COMMIT')).toMatchObject({ aurora: { outcome: 'rolled-back' } })
    session.release()
  })

  it.each([{ readOnly: true }, {}])('lets transaction(%o) run again', async (options) => {
    let runs = 0
    const cut = wire.cutOnce('COMMIT', 'after')
    const notes = await pool.transaction(async (tx) => {
      runs++
      const [rows] = await tx.query<RowDataPacket[]>(READ)
      return rows[0]?.notes
    }, options)
    await cut
    expect([notes, runs]).toEqual([2, 2])
  })

  it('leaves a transaction that has written, and failed to, as unknown', async () => {
    const cut = wire.cutOnce('COMMIT', 'before')
    const failure = await failureOf(
      pool.transaction(async (tx) => {
        await failureOf(tx.query(insert(1)))
      }),
    )
    await cut
    expect(failure).toMatchObject({ aurora: { outcome: 'unknown' } })
  })

  it('finds the token of a transaction that is to run exactly once', async () => {
    let runs = 0
    const cut = wire.cutOnce('COMMIT', 'after')
    const notes = await pool.transaction(
      async (tx) => {
        runs++
        const [rows] = await tx.query<RowDataPacket[]>(READ)
        return rows[0]?.notes
      },
      { exactlyOnce: true },
    )
    await cut
    expect([notes, runs]).toEqual([2, 1])
  })
})
