import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { ResultSetHeader, RowDataPacket } from 'mysql2'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  type Simulation,
  simulate,
  WHERE,
} from '../simulation.js'
import { listen } from '../watch-pool.js'

let simulation: Simulation
let cluster: Cluster
let pool: AuroraPool

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(50)) ENGINE=InnoDB')
  await cluster.query(`CREATE PROCEDURE app.commits() MODIFIES SQL DATA
    BEGIN INSERT INTO app.note VALUES (900, 'by procedure'); COMMIT; END`)
  await cluster.query(`CREATE PROCEDURE app.commits_and_begins() MODIFIES SQL DATA
    BEGIN INSERT INTO app.note VALUES (1000 + FLOOR(RAND() * 1000000), 'by procedure');
    COMMIT; START TRANSACTION; END`)
  await cluster.query(`CREATE TABLE app.aurora_mysql2_token (token BINARY(16) NOT NULL PRIMARY KEY,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (created_at))`)
  pool = await simulation.readyPool()
})

beforeEach(() => cluster.query('DELETE FROM app.note'))

const insert = (id: number) => `INSERT INTO note VALUES (${id}, 'x')`

/** One instance by itself. */
const instance = () => {
  const { address, port } = cluster.writer
  const { user, password, database } = cluster.connection
  return { host: address, port, user, password, database }
}

async function ids(): Promise<number[]> {
  const rows = await cluster.query('SELECT id FROM app.note ORDER BY id')
  return rows.map(({ id }) => Number(id))
}

describe('a transaction', () => {
  it('commits what its function did, and returns what it returned', async () => {
    const value = await pool.transaction(async (tx) => {
      const [result] = await tx.query<ResultSetHeader>(insert(1))
      await tx.execute('INSERT INTO note VALUES (?, ?)', [2, 'y'])
      return [result.affectedRows, tx.attempt]
    })
    expect(value).toEqual([1, 1])
    expect(await ids()).toEqual([1, 2])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('is undone when its function rejects, and the caller gets that error as it is', async () => {
    const own = new Error('no')
    const failed = pool.transaction(async (tx) => {
      await tx.query(insert(1))
      throw own
    })
    await expect(failed).rejects.toBe(own)
    expect(await ids()).toEqual([])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('commits statements that were not awaited too, in order', async () => {
    await pool.transaction((tx) => {
      void tx.query(insert(1))
      void tx.query('UPDATE note SET text = "later" WHERE id = 1')
    })
    expect(await cluster.query('SELECT text FROM app.note')).toEqual([{ text: 'later' }])
  })

  it('takes values and options as they are at the call', async () => {
    await pool.transaction((tx) => {
      const values: unknown[] = [1, 'x']
      const options = { sql: 'INSERT INTO note VALUES (?, ?)', values: [2, 'x'] }
      void tx.query('INSERT INTO note VALUES (?, ?)', values)
      void tx.query(options)
      values[0] = 3
      void tx.execute({ ...options, values })
      values.length = 0
      options.values[0] = 4
      options.sql = 'DELETE FROM note'
    })
    expect(await ids()).toEqual([1, 2, 3])
  })

  it('takes no statement when its function has ended', async () => {
    const kept = await pool.transaction((tx) => tx)
    const error = await failureOf(kept.query(insert(1)))
    expect(error.code).toBe('ERR_AURORA_TRANSACTION_ENDED')
    expect(await ids()).toEqual([])
  })

  it('goes on after an error of the application that its function has caught', async () => {
    await pool.transaction(async (tx) => {
      await tx.query(insert(1))
      expect((await failureOf(tx.query(insert(1)))).code).toBe('ER_DUP_ENTRY')
      await tx.query(insert(2))
    })
    expect(await ids()).toEqual([1, 2])
  })

  it('has the isolation level asked for, and the next one has not', async () => {
    let id = 0
    const seesWhatOthersCommit = (options?: object) =>
      pool.transaction(async (tx) => {
        await tx.query('SELECT * FROM note')
        await cluster.query(`INSERT INTO app.note VALUES (${++id}, 'from elsewhere')`)
        const [rows] = await tx.query<RowDataPacket[]>('SELECT * FROM note WHERE id = ?', [id])
        return rows.length === 1
      }, options)
    expect(await seesWhatOthersCommit({ isolationLevel: 'READ COMMITTED' })).toBe(true)
    expect(await seesWhatOthersCommit()).toBe(false)
    expect(await seesWhatOthersCommit({ isolationLevel: 'REPEATABLE READ' })).toBe(false)
  })

  it('that only reads runs on a reader, and refuses writes', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const where = await pool.transaction(
      async (tx) => (await tx.query<RowDataPacket[]>(WHERE))[0][0]?.id,
      { readOnly: true },
    )
    expect(where).toBe('instance-2')
    let runs = 0
    const error = await failureOf(
      pool.transaction(
        (tx) => {
          runs++
          return tx.query(insert(1))
        },
        { readOnly: true },
      ),
    )
    expect([1290, 1792]).toContain(error.errno)
    expect(runs).toBe(1)
  })

  it.each([
    'COMMIT',
    'ROLLBACK',
    'BEGIN',
    'START TRANSACTION',
    'SET autocommit = 1',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'CREATE TABLE other (id INT)',
    'ALTER TABLE note ADD x INT',
    'TRUNCATE note',
    'LOCK TABLES note WRITE',
    'INSERT INTO note VALUES (9, "a"); COMMIT',
    'XA START "a"',
  ])('refuses %s before it is sent', async (sql) => {
    const before = simulation.counts()
    const error = await failureOf(pool.transaction((tx) => tx.query(sql)))
    expect(error.code).toBe('ERR_AURORA_TRANSACTION_CONTROL')
    expect(simulation.countsSince(before)['instance-1']?.writes).toBe(0)
  })

  it('notices a procedure that commits, and lets nothing run after it', async () => {
    let later: Awaited<ReturnType<typeof failureOf>> | undefined
    const error = await failureOf(
      pool.transaction(async (tx) => {
        await tx.query('CALL commits()')
        later = await failureOf(tx.query(insert(1)))
      }),
    )
    expect(later?.code).toBe('ERR_AURORA_TRANSACTION_ENDED')
    expect(error).toMatchObject({
      code: 'ERR_AURORA_TRANSACTION_ENDED',
      aurora: { outcome: 'unknown' },
    })
    expect(await ids()).toEqual([900])
  })

  it('refuses a statement with the stack of who issued it', async () => {
    const error = await failureOf(
      pool.transaction(async function myOwnFunction(tx) {
        await tx.query('SELECT * FROM no_such_table')
      }),
    )
    expect(error.stack).toContain('myOwnFunction')
  })

  it.each([
    [{ maxAttempts: 0 }, /maxAttempts must be a whole number, at least 1, got a number/],
    [{ isolationLevel: 'snapshot' }, /isolationLevel must be one of 'READ UNCOMMITTED'/],
    [{ exactlyonce: true }, /Unknown transaction option exactlyonce; did you mean exactlyOnce\?/],
    [{ exactlyOnce: true, readOnly: true }, /exclude each other/],
    ['fast', /transaction options must be an object, got a string/],
  ])('refuses the options %j', async (options, message) => {
    const failed = pool.transaction(() => 1, options as object)
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_AURORA_OPTION',
      message: expect.stringMatching(message),
    })
  })
})

describe('a transaction in which a procedure has committed and begun again', () => {
  it.each([
    ['is not run again', {}, 1, 1],
    [
      'is not run again with a token, which tells that it was committed',
      { exactlyOnce: true },
      1,
      1,
    ],
  ])('%s', async (_, options, runs, applied) => {
    await cluster.query("INSERT INTO app.note VALUES (1, '')")
    const other = await pool.getConnection()
    await other.beginTransaction()
    await other.query('UPDATE note SET text = "h" WHERE id = 1')
    let ran = 0
    const failed = failureOf(
      pool.transaction(async (tx) => {
        ran++
        await tx.query('CALL commits_and_begins()')
        await tx.query('SELECT * FROM note WHERE id = 1 FOR UPDATE NOWAIT')
      }, options),
    )
    expect(await failed).toMatchObject({ errno: 1205, aurora: { outcome: 'unknown' } })
    await other.rollback()
    other.release()
    expect(ran).toBe(runs)
    expect((await ids()).filter((id) => id > 1)).toHaveLength(applied)
  })

  it('is over behind a dead-lock that was swallowed, and says that it may be committed', async () => {
    const error = await failureOf(
      pool.transaction(async (tx) => {
        await tx.query('CALL commits_and_begins()')
        await tx.query("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213").catch(() => {})
        await tx.query(insert(1))
      }),
    )
    expect(error).toMatchObject({
      code: 'ERR_AURORA_TRANSACTION_ENDED',
      aurora: { outcome: 'unknown' },
    })
    expect(await ids()).toHaveLength(1)
  })
})

describe('a transaction waits for its connection', () => {
  it('no longer than it is told to, and its function does not run', async () => {
    const pool = createAuroraPool({ ...instance(), connectionLimit: 1 })
    const session = await pool.getConnection()
    let runs = 0
    const work = () => {
      runs++
    }
    const late = await failureOf(pool.transaction(work, { waitMs: 50 }))
    expect(late.code).toBe('ERR_AURORA_NO_CONNECTION')
    const aborted = await failureOf(pool.transaction(work, { signal: AbortSignal.timeout(50) }))
    expect(aborted.code).toBe('ERR_AURORA_ABORTED')
    expect(runs).toBe(0)
    session.release()
    await pool.transaction(work, { waitMs: 5_000 })
    expect(runs).toBe(1)
    await eventually('nothing is left', () => nothingIsLeft(pool))
    await pool.end()
  })
})

describe('a signal that was given before', () => {
  const signal = AbortSignal.abort()
  it.each([
    ['a cluster', () => simulation.readyPool()],
    ['one instance', async () => createAuroraPool(instance())],
  ])('lets nothing begin on %s', async (_, open) => {
    const pool = await open()
    await pool.query('SELECT 1')
    const session = await pool.getConnection()
    await session.query('DO 1')
    let runs = 0
    const work = () => {
      runs++
    }
    const sql = { sql: insert(1), aurora: { signal } } as never
    for (const begun of [
      () => pool.query(sql),
      () => session.query(sql),
      () => pool.transaction(work, { signal }),
    ]) {
      expect((await failureOf(begun())).code).toBe('ERR_AURORA_ABORTED')
    }
    session.release()
    await pool.end()
    expect(runs).toBe(0)
    expect(await ids()).toEqual([])
  })
})

describe('a signal that is given while a statement is queued on its session', () => {
  it('lets it not begin, and what ends the transaction run', async () => {
    const session = await pool.getConnection()
    const abort = new AbortController()
    const aurora = { signal: abort.signal }
    await session.query('BEGIN')
    await session.query(insert(1))
    const slow = session.query('DO SLEEP(0.2)')
    const queued = failureOf(session.query({ sql: insert(2), aurora } as never))
    const undone = session.query({ sql: 'ROLLBACK', aurora } as never)
    abort.abort()
    await slow
    expect((await queued).code).toBe('ERR_AURORA_ABORTED')
    await undone
    await session.query(insert(3))
    session.release()
    expect(await ids()).toEqual([3])
  })
})

describe('a savepoint', () => {
  it('is undone alone', async () => {
    await pool.transaction(async (tx) => {
      await tx.query(insert(1))
      const inner = tx.transaction(async (nested) => {
        await nested.query(insert(2))
        await nested.transaction((deeper) => deeper.query(insert(3)))
        throw new Error('undo')
      })
      await expect(inner).rejects.toThrow('undo')
      await tx.transaction((nested) => nested.query(insert(4)))
    })
    expect(await ids()).toEqual([1, 4])
  })

  it('keeps the outer handle out while it is open', async () => {
    const error = await pool.transaction((tx) =>
      tx.transaction(async (nested) => {
        await nested.query(insert(1))
        return failureOf(tx.query(insert(2)))
      }),
    )
    expect(error.code).toBe('ERR_AURORA_TRANSACTION_NESTED')
    expect(await ids()).toEqual([1])
  })

  it('that outlives the transaction runs nothing behind its ROLLBACK', async () => {
    let isOver = (): void => {}
    const over = new Promise<void>((resolve) => {
      isOver = resolve
    })
    let outlived: Promise<unknown> | undefined
    const error = await failureOf(
      pool.transaction((tx) => {
        outlived = tx.transaction(async (nested) => {
          await over
          await nested.query(insert(1))
        })
        return Promise.all([outlived, tx.transaction((nested) => nested.query(insert(2)))])
      }),
    )
    expect(error.code).toBe('ERR_AURORA_TRANSACTION_NESTED')
    isOver()
    await expect(outlived).rejects.toMatchObject({ code: 'ERR_AURORA_TRANSACTION_ENDED' })
    expect(await ids()).toEqual([])
  })

  it('that nobody awaits runs nothing behind the COMMIT', async () => {
    let isOver = (): void => {}
    const over = new Promise<void>((resolve) => {
      isOver = resolve
    })
    let outlived: Promise<unknown> | undefined
    await pool.transaction(async (tx) => {
      await tx.query(insert(1))
      outlived = tx.transaction(async (nested) => {
        await over
        await nested.query(insert(2))
      })
    })
    isOver()
    await expect(outlived).rejects.toMatchObject({ code: 'ERR_AURORA_TRANSACTION_ENDED' })
    expect(await ids()).toEqual([1])
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

describe('two transactions that dead-lock', () => {
  it('are both applied, one of them in a second run', async () => {
    await cluster.query("INSERT INTO app.note VALUES (1, ''), (2, '')")
    const heard = listen(pool)
    const firstLocks: (() => void)[] = []
    const bothHaveOne = new Promise<void>((resolve) => firstLocks.push(resolve))
    let have = 0
    const change = (first: number, second: number) =>
      pool.transaction(async (tx) => {
        await tx.query(`UPDATE note SET text = CONCAT(text, 'a') WHERE id = ${first}`)
        if (++have === 2) firstLocks[0]?.()
        await bothHaveOne
        await tx.query(`UPDATE note SET text = CONCAT(text, 'a') WHERE id = ${second}`)
        return tx.attempt
      })
    const attempts = await Promise.all([change(1, 2), change(2, 1)])
    expect(Math.max(...attempts)).toBeGreaterThan(1)
    expect(await cluster.query('SELECT text FROM app.note')).toEqual([
      { text: 'aa' },
      { text: 'aa' },
    ])
    expect(heard.some(([name]) => name === 'transactionRetried')).toBe(true)
  })

  it('lets nothing run in autocommit when the dead-lock was swallowed', async () => {
    await cluster.query("INSERT INTO app.note VALUES (1, ''), (2, '')")
    const holder = await pool.getConnection()
    await holder.beginTransaction()
    await holder.query('UPDATE note SET text = "h" WHERE id IN (1)')
    // Heavier, so that the other one is the victim.
    for (let id = 10; id < 60; id++) await holder.query(insert(id))
    let runs = 0
    const done = pool.transaction(async (tx) => {
      runs++
      await tx.query('UPDATE note SET text = "t" WHERE id = 2')
      const waiting = tx.query('UPDATE note SET text = "t" WHERE id = 1').catch(() => 'swallowed')
      // Issued before the dead-lock is known.
      const behind = tx.query(insert(100 + runs)).catch((error: { code: string }) => error.code)
      if (runs === 1) {
        await holder.query('UPDATE note SET text = "h" WHERE id = 2')
        expect(await waiting).toBe('swallowed')
        expect(await behind).toBe('ERR_AURORA_TRANSACTION_ENDED')
        await holder.commit()
      }
      await Promise.all([waiting, behind])
    })
    await done
    holder.release()
    expect(runs).toBe(2)
    expect((await ids()).filter((id) => id > 100)).toEqual([102])
  })
})
