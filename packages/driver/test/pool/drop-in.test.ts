import mysql, { type Pool, type PoolConnection } from 'mysql2'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let plain: Pool
let ours: Pool

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  await simulation.cluster.query(
    `CREATE TABLE app.item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) UNIQUE, price DECIMAL(8,2), made DATETIME, body JSON, raw BLOB, big BIGINT)`,
  )
  await simulation.cluster.query(
    `INSERT INTO app.item VALUES (1, 'one', 1.10, '2026-01-02 03:04:05', '{"a":1}', 0x0102, 9007199254740993), (2, 'two', NULL, NULL, NULL, NULL, NULL)`,
  )
  await simulation.cluster.query(
    'CREATE PROCEDURE app.twice(IN n INT) BEGIN SELECT n AS n; SELECT n * 2 AS twice; END',
  )
  const settings = { namedPlaceholders: false, multipleStatements: true } as const
  plain = mysql.createPool({
    ...simulation.cluster.plainConnection,
    ...settings,
    connectionLimit: 2,
  })
  const pool = simulation.callbackPool({ ...settings, connectionLimit: 2 })
  await pool.aurora.ready()
  ours = pool
})

interface Outcome {
  readonly error?: unknown
  readonly rows?: unknown
  readonly fields?: unknown
}

/** What a caller can see of an outcome, class names included. */
function visible(value: unknown): unknown {
  if (value instanceof Error) {
    const { aurora: _, stack: __, ...own } = value as unknown as Record<string, unknown>
    return { class: value.constructor.name, message: value.message, ...own }
  }
  if (Array.isArray(value)) return value.map(visible)
  if (
    Buffer.isBuffer(value) ||
    value instanceof Date ||
    value === null ||
    typeof value !== 'object'
  )
    return value
  const plainObject = Object.fromEntries(
    Object.entries(value)
      // Of the connection, not of the answer.
      .filter(
        ([key]) =>
          !['_buf', '_clientEncoding', 'encoding'].includes(key) && !/^_.*Start$/.test(key),
      )
      .map(([key, each]) => [key, visible(each)]),
  )
  return { class: value.constructor?.name, ...plainObject }
}

type Act = (pool: Pool, done: (error: unknown, rows?: unknown, fields?: unknown) => void) => void

function outcomeOf(pool: Pool, act: Act): Promise<Outcome> {
  return new Promise((resolve) => {
    act(pool, (error, rows, fields) => {
      resolve(error ? { error: visible(error) } : { rows: visible(rows), fields: visible(fields) })
    })
  })
}

const cases: readonly (readonly [string, Act])[] = [
  ['every type', (pool, done) => pool.query('SELECT * FROM item', done)],
  ['every type, prepared', (pool, done) => pool.execute('SELECT * FROM item', done)],
  ['no rows', (pool, done) => pool.query('SELECT * FROM item WHERE id = 0', done)],
  ['placeholders', (pool, done) => pool.query('SELECT ? AS a, ?? FROM item', [1, 'name'], done)],
  ['bound values', (pool, done) => pool.execute('SELECT ? AS a, ? AS b', [1, 'x'], done)],
  [
    'rowsAsArray',
    (pool, done) => pool.query({ sql: 'SELECT id, name FROM item', rowsAsArray: true }, done),
  ],
  ['nestTables', (pool, done) => pool.query({ sql: 'SELECT * FROM item', nestTables: true }, done)],
  [
    'nestTables with a separator',
    (pool, done) => pool.query({ sql: 'SELECT id FROM item', nestTables: '_' }, done),
  ],
  [
    'typeCast',
    (pool, done) =>
      pool.query(
        {
          sql: 'SELECT id, made FROM item',
          typeCast: (field, next) => (field.type === 'DATETIME' ? field.string() : next()),
        },
        done,
      ),
  ],
  [
    'typeCast off',
    (pool, done) => pool.query({ sql: 'SELECT id FROM item', typeCast: false }, done),
  ],
  [
    'dateStrings',
    (pool, done) => pool.query({ sql: 'SELECT made FROM item', dateStrings: true } as never, done),
  ],
  [
    'supportBigNumbers',
    (pool, done) =>
      pool.query(
        { sql: 'SELECT big FROM item', supportBigNumbers: true, bigNumberStrings: true } as never,
        done,
      ),
  ],
  [
    'namedPlaceholders',
    (pool, done) =>
      pool.query({ sql: 'SELECT :a AS a', namedPlaceholders: true, values: { a: 5 } }, done),
  ],
  [
    'namedPlaceholders, prepared',
    (pool, done) =>
      pool.execute(
        { sql: 'SELECT :a AS a', namedPlaceholders: true, values: { a: 5 } } as never,
        done,
      ),
  ],
  [
    'values in the options',
    (pool, done) => pool.query({ sql: 'SELECT ? AS a', values: [7] }, done),
  ],
  ['values beside the options', (pool, done) => pool.query({ sql: 'SELECT ? AS a' }, [8], done)],
  ['an update', (pool, done) => pool.query("UPDATE item SET name = 'one' WHERE id = 1", done)],
  [
    'an update, prepared',
    (pool, done) => pool.execute('UPDATE item SET name = ? WHERE id = ?', ['one', 1], done),
  ],
  ['several statements', (pool, done) => pool.query('SELECT 1 AS a; SELECT 2 AS b; DO 1', done)],
  ['a procedure', (pool, done) => pool.query('CALL twice(3)', done)],
  ['a procedure, prepared', (pool, done) => pool.execute('CALL twice(?)', [3], done)],
  ['SHOW', (pool, done) => pool.query("SHOW VARIABLES LIKE 'version_comment'", done)],
  ['a syntax error', (pool, done) => pool.query('SELEKT 1', done)],
  ['a syntax error, prepared', (pool, done) => pool.execute('SELEKT 1', done)],
  ['an unknown table', (pool, done) => pool.query('SELECT * FROM nothing', done)],
  [
    'an unknown column with a value',
    (pool, done) => pool.query('SELECT nothing FROM item WHERE id = ?', [1], done),
  ],
  [
    'a duplicate',
    (pool, done) => pool.query("INSERT INTO item (id, name) VALUES (1, 'other')", done),
  ],
  ['an error in the second statement', (pool, done) => pool.query('SELECT 1; SELEKT 2', done)],
  ['an unbound parameter', (pool, done) => pool.execute('SELECT ?', [undefined] as never, done)],
  ['too few values', (pool, done) => pool.execute('SELECT ?, ?', [1], done)],
  ['an empty text', (pool, done) => pool.query('', done)],
  [
    'a failing typeCast',
    (pool, done) => pool.query({ sql: 'SELECT made FROM item', typeCast: () => 'x' }, done),
  ],
]

/** mysql2's pool makes a new command of a command; only a connection runs the one given. */
const onSessionOnly: typeof cases = [
  [
    'a made query',
    (pool, done) =>
      pool.query(
        (mysql as never as { createQuery: (...all: unknown[]) => never }).createQuery(
          { sql: 'SELECT 9 AS a' },
          undefined,
          done,
          {},
        ),
      ),
  ],
]

describe('the same as mysql2', () => {
  it.each(cases)('%s', async (_, act) => {
    const expected = await outcomeOf(plain, act)
    expect(await outcomeOf(ours, act)).toEqual(expected)
  })

  it.each([...cases, ...onSessionOnly])('%s, on a session', async (_, act) => {
    const onSession = (pool: Pool) =>
      new Promise<Outcome>((resolve) => {
        pool.getConnection((error, session) => {
          if (error) resolve({ error })
          else
            outcomeOf(session as unknown as Pool, (on, done) => {
              try {
                act(on, done)
              } catch (thrown) {
                done(thrown)
              }
            }).then((outcome) => {
              session.release()
              resolve(outcome)
            })
        })
      })
    expect(await onSession(ours)).toEqual(await onSession(plain))
  })
})

/** All that a command without a callback emits. */
function emitted(pool: Pool, act: (pool: Pool) => NodeJS.EventEmitter): Promise<unknown[]> {
  return new Promise((resolve) => {
    const heard: unknown[] = []
    const command = act(pool)
    for (const name of ['fields', 'result', 'error'] as const)
      command.on(name, (...args: unknown[]) =>
        heard.push([name, ...args.filter((each) => each !== undefined).map(visible)]),
      )
    command.on('end', () => {
      heard.push(['end'])
      resolve(heard)
    })
  })
}

const silent: readonly (readonly [string, string])[] = [
  ['rows', 'SELECT id, name FROM item'],
  ['no rows', 'SELECT id FROM item WHERE id = 0'],
  ['an update', "UPDATE item SET name = 'one' WHERE id = 1"],
  ['several statements', 'SELECT 1 AS a; SELECT 2 AS b; DO 1'],
  ['a procedure', 'CALL twice(3)'],
  ['a syntax error', 'SELEKT 1'],
  ['an error in the second statement', 'SELECT 1 AS a; SELEKT 2'],
]

describe('without a callback', () => {
  it.each(silent)('emits the same: %s', async (_, sql) => {
    const expected = await emitted(plain, (pool) => pool.query(sql))
    expect(await emitted(ours, (pool) => pool.query(sql))).toEqual(expected)
  })

  it('has the members of a command', () => {
    const command = ours.query('SELECT 1')
    const other = plain.query('SELECT 1')
    expect(command.constructor.name).toBe(other.constructor.name)
    expect(command.sql).toBe(other.sql)
    expect(typeof command.stream).toBe('function')
    expect(() => (command as unknown as { then(): void }).then()).toThrow(/programming error/)
  })
})

describe('a stream', () => {
  it('gives every row in order and holds back when nobody reads', async () => {
    const sql = 'SELECT seq, REPEAT("x", 1000) AS text FROM seq_1_to_20000'
    const stream = ours.query(sql).stream({ highWaterMark: 10 })
    await new Promise<void>((resolve) => stream.once('readable', resolve))
    const { counters } = simulation.cluster.readers[0] as { counters: { bytesOut: number } }
    let before = -1
    await eventually('the server is held back', () => {
      const isStill = counters.bytesOut === before
      before = counters.bytesOut
      return isStill
    })
    expect(before).toBeLessThan(20_000 * 1_000)
    let next = 1
    for await (const row of stream) expect((row as { seq: number }).seq).toBe(next++)
    expect(next).toBe(20_001)
  })

  it('that fails ends in its error', async () => {
    const read = async () => {
      for await (const _ of ours.query('SELEKT 1').stream()) expect.unreachable()
    }
    expect((await failureOf(read())).code).toBe('ER_PARSE_ERROR')
  })

  it('that nobody reads to its end does not stand in the way of the next statement on the session', async () => {
    const session = await new Promise<PoolConnection>((resolve, reject) =>
      ours.getConnection((error, got) => (error ? reject(error) : resolve(got))),
    )
    const stream = session.query('SELECT seq FROM seq_1_to_2000').stream()
    const next = new Promise((resolve, reject) =>
      session.query('SELECT 2 AS two', (error, rows) => (error ? reject(error) : resolve(rows))),
    )
    let rows = 0
    for await (const _ of stream) rows++
    expect(rows).toBe(2000)
    expect(await next).toEqual([{ two: 2 }])
    session.release()
  })
})
