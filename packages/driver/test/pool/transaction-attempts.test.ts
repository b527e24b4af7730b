import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { PoolConnection } from 'mysql2/promise'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, nothingIsLeft, simulate } from '../simulation.js'
import { listen } from '../watch-pool.js'

let cluster: Cluster
let pool: AuroraPool

beforeAll(async () => {
  const simulation = await simulate({ instances: 1 })
  cluster = simulation.cluster
  // The shortest that the server knows.
  await cluster.query('SET GLOBAL innodb_lock_wait_timeout = 0')
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(50)) ENGINE=InnoDB')
  await cluster.query(`CREATE TABLE app.aurora_mysql2_token (token BINARY(16) NOT NULL PRIMARY KEY,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (created_at))`)
  pool = await simulation.readyPool()
})

async function texts(): Promise<Record<number, string>> {
  const rows = await cluster.query('SELECT id, text FROM app.note ORDER BY id')
  return Object.fromEntries(rows.map(({ id, text }) => [Number(id), String(text)]))
}

describe('a transaction that does not get a lock', () => {
  let holder: PoolConnection

  beforeEach(async () => {
    await cluster.query('DELETE FROM app.note')
    await cluster.query("INSERT INTO app.note VALUES (1, 'before')")
    holder = await pool.getConnection()
    await holder.beginTransaction()
    await holder.query("UPDATE note SET text = 'holder' WHERE id = 1")
    return async () => {
      await holder.rollback()
      holder.release()
      await eventually('nothing is left', () => nothingIsLeft(pool))
    }
  })

  const takeLock = "UPDATE note SET text = 'mine' WHERE id = 1"

  it('runs again as a whole, and of the runs before nothing is left', async () => {
    const heard = listen(pool)
    const attempt = await pool.transaction(async (tx) => {
      if (tx.attempt === 3) await holder.rollback()
      await tx.query("INSERT INTO note VALUES (?, 'mine')", [100 + tx.attempt])
      await tx.query(takeLock)
      return tx.attempt
    })
    expect(attempt).toBe(3)
    expect(await texts()).toEqual({ 1: 'mine', 103: 'mine' })
    expect(heard.filter(([name]) => name === 'transactionRetried')).toMatchObject([
      [expect.anything(), { attempt: 1, code: 'ER_LOCK_WAIT_TIMEOUT', isUnknown: false }],
      [expect.anything(), { attempt: 2, code: 'ER_LOCK_WAIT_TIMEOUT', isUnknown: false }],
    ])
  })

  it.each([1, 2, 4])('runs %i times if it is allowed so many attempts', async (maxAttempts) => {
    let runs = 0
    const work = pool.transaction(
      async (tx) => {
        runs++
        await tx.query("INSERT INTO note VALUES (2, 'mine')")
        await tx.query(takeLock)
      },
      { maxAttempts },
    )
    expect(await failureOf(work)).toMatchObject({ errno: 1205, aurora: { kind: 'rolled-back' } })
    expect(runs).toBe(maxAttempts)
    await holder.rollback()
    expect(await texts()).toEqual({ 1: 'before' })
  })

  it('is still a transaction when its function has swallowed that', async () => {
    const own = new Error('no')
    const work = pool.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (2, 'mine')")
      expect(await failureOf(tx.query(takeLock))).toMatchObject({ errno: 1205 })
      await tx.query("INSERT INTO note VALUES (3, 'mine')")
      throw own
    })
    expect(await failureOf(work)).toBe(own)
    await holder.rollback()
    expect(await texts()).toEqual({ 1: 'before' })
  })
})

describe('tokens', () => {
  it('are removed in batches when they are older than a day, and no younger ones', async () => {
    const add = (count: number, hours: number) =>
      cluster.query(`INSERT INTO app.aurora_mysql2_token
        WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        SELECT UNHEX(MD5(i * 100 + ${hours})), NOW(3) - INTERVAL ${hours} HOUR FROM n`)
    const OLD = 250
    const YOUNG = 7
    await add(OLD, 25)
    await add(YOUNG, 23)
    const count = async (condition: string) => {
      const sql = `SELECT COUNT(*) AS n FROM app.aurora_mysql2_token WHERE created_at ${condition}`
      return Number((await cluster.query(sql))[0]?.n)
    }
    const old = () => count('< NOW() - INTERVAL 24 HOUR')
    const use = () => pool.transaction(() => {}, { exactlyOnce: true })
    await use()
    await eventually('some are removed', async () => (await old()) < OLD)
    expect(await old()).toBeGreaterThan(0)
    for (let turn = 0; turn < 100; turn += 1) await use()
    await eventually('all are removed', async () => (await old()) === 0)
    expect(await count('BETWEEN NOW() - INTERVAL 24 HOUR AND NOW() - INTERVAL 22 HOUR')).toBe(YOUNG)
  })
})
