import type { Connection, Pool, Query, QueryOptions } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, type DriverName, useBench } from './drivers.js'
import { HAS_RESET, REJECTS_WITH_THE_ERROR } from './mysql2-features.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.batch (id INT, text VARCHAR(60), at DATETIME, bytes BLOB)')
})

/** What statements are issued on, before it is connected or while it is idle. */
const ways: Readonly<
  Record<string, (name: DriverName) => Promise<readonly [Connection, () => void]>>
> = {
  'a new connection': async (name) => {
    const { mysql, target } = bench().driver(name)
    const connection = mysql.createConnection(target)
    return [connection, () => connection.destroy()]
  },
  'a session of a pool': async (name) => {
    const session = await connectionOf(await bench().pool(name))
    return [session, () => session.release()]
  },
}

const ended = (query: Query) => new Promise((resolve) => query.on('end', resolve))

describe.each(DRIVERS)('%s', (name) => {
  describe.each(Object.keys(ways))('on %s', (way) => {
    const open = () => (ways[way] as (typeof ways)[string])(name)

    it('takes the values as they are at the call', async () => {
      await bench().cluster.query('DELETE FROM app.batch')
      const [connection, done] = await open()
      const batch: unknown[] = []
      const at = new Date(2026, 0, 1)
      const bytes = Buffer.from('0')
      const row = { id: 0, text: '' }
      const all: Promise<unknown>[] = []
      for (let id = 1; id <= 6; id++) {
        at.setDate(id)
        bytes.write(String(id))
        batch.push([id, `row ${id}`, at, bytes])
        if (id % 2 === 0) {
          all.push(ended(connection.query('INSERT INTO app.batch VALUES ?', [batch])))
          batch.length = 0
        }
        Object.assign(row, { id: 10 + id, text: `set ${id}` })
        const sql = 'INSERT INTO app.batch SET ?'
        all.push(ended(connection.query({ sql, values: row })))
      }
      await Promise.all(all)
      const rows = await bench().cluster.query(
        'SELECT id, text, DAY(at) AS day, CAST(bytes AS CHAR) AS bytes FROM app.batch ORDER BY id',
      )
      const six = [1, 2, 3, 4, 5, 6]
      expect(rows.map((each) => ({ ...each }))).toEqual([
        // Both rows of a batch have the one date and the one buffer, as they were when it was sent.
        ...six.map((id) => {
          const last = id + (id % 2)
          return { id, text: `row ${id}`, day: last, bytes: String(last) }
        }),
        ...six.map((id) => ({ id: 10 + id, text: `set ${id}`, day: null, bytes: null })),
      ])
      done()
    })

    it('takes the options as they are at the call', async () => {
      const [connection, done] = await open()
      const options: QueryOptions = { sql: 'SELECT 1 AS a' }
      const all: Promise<unknown>[] = []
      const ask = (method: 'query' | 'execute') =>
        all.push(
          new Promise((resolve) =>
            connection[method](options, (error: unknown, rows: unknown) => resolve(error ?? rows)),
          ),
        )
      ask('query')
      options.sql = 'SELECT ? AS b'
      options.values = [2]
      ask('query')
      options.values = [3]
      ask('execute')
      options.rowsAsArray = true
      ask('query')
      ask('execute')
      options.sql = 'DELETE FROM app.batch'
      expect(await Promise.all(all)).toEqual([[{ a: 1 }], [{ b: 2 }], [{ b: 3 }], [[3]], [[3]]])
      done()
    })

    it('shows the text that is sent, from the call on', async () => {
      const [connection, done] = await open()
      const queries = [
        connection.query('SELECT ? AS a, ?? AS b FROM app.batch', ['x', 'id'], () => {}),
        connection.query({ sql: 'SELECT ? AS a', values: ["it's"] }, () => {}),
        connection.query('SELECT ? AS a', [1]),
        connection.query(
          { sql: 'SELECT :n AS a', values: { n: 2 }, namedPlaceholders: true },
          () => {},
        ),
        connection.query('SELECT 3 AS a', () => {}),
      ]
      const texts = [
        "SELECT 'x' AS a, `id` AS b FROM app.batch",
        "SELECT 'it\\'s' AS a",
        'SELECT 1 AS a',
        'SELECT 2 AS a',
        'SELECT 3 AS a',
      ]
      expect(queries.map(({ sql }) => sql)).toEqual(texts)
      await Promise.all(queries.map(ended))
      expect(queries.map(({ sql }) => sql)).toEqual(texts)
      done()
    })
  })

  it('takes what refers to itself, as an entity does to its relations, wherever it waits', async () => {
    await bench().cluster.query('DELETE FROM app.batch')
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const entity: Record<string, unknown> = { id: 1 }
    entity.text = { entity, all: [entity, entity] }
    const insert = 'INSERT INTO app.batch SET ?'
    const values = [entity] as never
    const all = [pool.query(insert, values), pool.query({ sql: insert, values })]
    await Promise.all(all.map(ended))
    const session = await connectionOf(pool)
    await Promise.all([session.query('DO 1'), session.query(insert, values)].map(ended))
    session.release()
    expect(await bench().cluster.query('SELECT id, text FROM app.batch')).toMatchObject(
      Array(3).fill({ id: 1, text: '[object Object]' }),
    )
  })

  it('takes a function among the options for a value', async () => {
    const pool = await bench().pool(name)
    const answered = new Promise((resolve) =>
      pool.query({ sql: 'SELECT ? AS a', values: () => 1 } as never, (error, rows) =>
        resolve(error ?? rows),
      ),
    )
    expect(await answered).toEqual([{ a: '() => 1' }])
  })

  it('calls back with what a getter among the values throws', async () => {
    // Older versions throw it where nobody can catch it.
    if (name === 'mysql2' && !REJECTS_WITH_THE_ERROR) return expect(HAS_RESET).toBe(false)
    const pool = await bench().pool(name, { connectionLimit: 1 })
    const value = {
      get id(): number {
        throw new Error('Not loaded')
      },
    }
    const all = [1, 2].map(
      () =>
        new Promise<{ message: string } | null>((resolve) =>
          pool.query('INSERT INTO app.batch SET ?', value, (error) => resolve(error)),
        ),
    )
    for (const error of await Promise.all(all)) expect(error?.message).toBe('Not loaded')
  })

  it('shows the text that was sent in the callback of a pool', async () => {
    const pool: Pool = await bench().pool(name)
    const text = await new Promise((resolve) => {
      const query: Query = pool.query('SELECT ? AS a', ['x'], () => resolve(query.sql))
    })
    expect(text).toBe("SELECT 'x' AS a")
  })
})
