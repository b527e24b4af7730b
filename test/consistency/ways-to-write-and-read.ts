import type { AuroraPool } from 'aurora-mysql2'
import type { PoolConnection, RowDataPacket } from 'mysql2'
import type { Pool as PromisePool } from 'mysql2/promise'

const INSERT = 'INSERT INTO app.note (id, version) VALUES (?, 1)'
const SELECT = 'SELECT id FROM app.note WHERE id = ?'

/** Writes a row with this id, then looks for it: whether it was there. */
export type WriteAndRead = (pool: AuroraPool, id: number) => Promise<boolean>

const promised = (pool: AuroraPool) => pool.promise() as unknown as PromisePool

async function isThere(reader: Pick<PromisePool, 'query'>, id: number): Promise<boolean> {
  const [rows] = await reader.query<RowDataPacket[]>(SELECT, [id])
  return rows.length === 1
}

/** Looks for a row, by the pool. */
export const look: WriteAndRead = (pool, id) => isThere(promised(pool), id)

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A write three awaits deep in a helper; its caller reads. */
async function saveNote(pool: PromisePool, id: number): Promise<void> {
  await turn()
  await (async () => {
    await Promise.resolve()
    await pool.query(INSERT, [id])
  })()
}

/** Collects the ids asked for in one turn and looks them up together, as a data loader does. */
export class NoteLoader {
  readonly #pool: Pick<PromisePool, 'query'>
  #batch: { readonly id: number; readonly done: (isThere: boolean) => void }[] = []

  constructor(pool: Pick<PromisePool, 'query'>) {
    this.#pool = pool
  }

  load(id: number): Promise<boolean> {
    return new Promise((done) => {
      this.#batch.push({ id, done })
      if (this.#batch.length === 1) process.nextTick(() => void this.#dispatch())
    })
  }

  async #dispatch(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    const ids = batch.map(({ id }) => id)
    const [rows] = await this.#pool.query<RowDataPacket[]>(
      'SELECT id FROM app.note WHERE id IN (?)',
      [ids],
    )
    const found = new Set(rows.map(({ id }) => id))
    for (const { id, done } of batch) done(found.has(id))
  }
}

/** Promises of callbacks: what a test needs to wait for code that has none. */
function byCallback<T>(
  start: (done: (error: unknown, value?: T) => void) => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)))
  })
}

/** Every way in which an application may write and then look for what it wrote. */
export const WAYS: Readonly<Record<string, WriteAndRead>> = {
  'query, then query': async (pool, id) => {
    await promised(pool).query(INSERT, [id])
    return isThere(promised(pool), id)
  },
  'execute, then execute': async (pool, id) => {
    await promised(pool).execute(INSERT, [id])
    const [rows] = await promised(pool).execute<RowDataPacket[]>(SELECT, [id])
    return rows.length === 1
  },
  'a helper three awaits deep, then its caller': async (pool, id) => {
    await saveNote(promised(pool), id)
    return isThere(promised(pool), id)
  },
  'one connection, then another': async (pool, id) => {
    const one = await promised(pool).getConnection()
    await one.query(INSERT, [id])
    one.release()
    const other = await promised(pool).getConnection()
    try {
      return await isThere(other, id)
    } finally {
      other.release()
    }
  },
  'one connection, then the pool while it is out': async (pool, id) => {
    const one = await promised(pool).getConnection()
    try {
      await one.query(INSERT, [id])
      return await isThere(promised(pool), id)
    } finally {
      one.release()
    }
  },
  'the pool, then a connection taken before that has read already': async (pool, id) => {
    const one = await promised(pool).getConnection()
    try {
      await isThere(one, id)
      await promised(pool).query(INSERT, [id])
      return await isThere(one, id)
    } finally {
      one.release()
    }
  },
  'a transaction, then the pool': async (pool, id) => {
    const session = await promised(pool).getConnection()
    await session.beginTransaction()
    await session.query(INSERT, [id])
    await session.query(SELECT, [id])
    await session.commit()
    session.release()
    return isThere(promised(pool), id)
  },
  'autocommit switched off and on again, then the pool': async (pool, id) => {
    const session = await promised(pool).getConnection()
    await session.query('SET autocommit = 0')
    await session.query(INSERT, [id])
    // Longer than readers that are not meant to lag do.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
    await session.query('SET autocommit = 1')
    session.release()
    return isThere(promised(pool), id)
  },
  'a transaction that another BEGIN commits, then the pool': async (pool, id) => {
    const session = await promised(pool).getConnection()
    await session.beginTransaction()
    await session.query(INSERT, [id])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
    await session.beginTransaction()
    const isVisible = await isThere(promised(pool), id)
    await session.rollback()
    session.release()
    return isVisible
  },
  'a prepared statement, then the pool': async (pool, id) => {
    const session = await promised(pool).getConnection()
    const statement = await session.prepare(INSERT)
    await statement.execute([id])
    session.release()
    return isThere(promised(pool), id)
  },
  'callbacks of the pool': async (pool, id) => {
    const rows = await byCallback<unknown>((done) =>
      pool.query(INSERT, [id], (error) => (error ? done(error) : pool.query(SELECT, [id], done))),
    )
    return (rows as unknown[]).length === 1
  },
  'callbacks of two connections': async (pool, id) => {
    const rows = await byCallback<unknown>((done) =>
      pool.getConnection((error, one: PoolConnection) => {
        if (error) return done(error)
        one.query(INSERT, [id], (failure) => {
          one.release()
          if (failure) return done(failure)
          pool.getConnection((again, other: PoolConnection) => {
            if (again) return done(again)
            other.query(SELECT, [id], (last, found) => {
              other.release()
              done(last, found)
            })
          })
        })
      }),
    )
    return (rows as unknown[]).length === 1
  },
  'events of a statement without a callback': async (pool, id) => {
    const rows = await byCallback<unknown>((done) => {
      const insert = pool.query(INSERT, [id])
      insert.on('error', done)
      insert.on('end', () => pool.query(SELECT, [id], done))
    })
    return (rows as unknown[]).length === 1
  },
  'a stream of rows': async (pool, id) => {
    await promised(pool).query(INSERT, [id])
    let rows = 0
    for await (const _ of pool.query(SELECT, [id]).stream()) rows++
    return rows === 1
  },
  'a loader that batches': async (pool, id) => {
    const loader = new NoteLoader(promised(pool))
    await promised(pool).query(INSERT, [id])
    const [first, second] = await Promise.all([loader.load(id), loader.load(id)])
    return first && second
  },
  'several statements of which the second fails': async (pool, id) => {
    await promised(pool)
      .query(`${INSERT}; SELECT no_such_column FROM app.note`, [id])
      .catch(() => {})
    return isThere(promised(pool), id)
  },
  'a procedure that writes and then fails': async (pool, id) => {
    await promised(pool)
      .query('CALL app.write_and_fail(?)', [id])
      .catch(() => {})
    return isThere(promised(pool), id)
  },
}
