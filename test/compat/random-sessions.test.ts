import fc from 'fast-check'
import type { Pool } from 'mysql2'
import type { PoolConnection } from 'mysql2/promise'
import { expect, it } from 'vitest'
import { type DriverName, useBench } from './drivers.js'
import { HAS_RESET } from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.row (id INT PRIMARY KEY, n INT)')
  for (const session of [0, 1]) {
    await cluster.query(`CREATE TABLE app.log${session} (id INT PRIMARY KEY AUTO_INCREMENT, n INT)`)
  }
  await cluster.query('CREATE TABLE app.made (id INT)')
  await cluster.query('CREATE DATABASE second')
  await cluster.query("GRANT ALL ON second.* TO 'app'@'%'")
})

/** How many scripts to make up beyond those of every run: `RUNS=500 npx vitest run test/compat/random-sessions`. */
const { RUNS } = process.env

/** What a session may do; `$` stands for its number, so that no session ever waits for a lock of the other. */
const STATEMENTS = [
  'SELECT * FROM app.row ORDER BY id',
  'SELECT COUNT(*) AS n, MAX(id) AS last FROM app.log0',
  'SELECT COUNT(*) AS n, MAX(id) AS last FROM app.log1',
  'UPDATE app.row SET n = n + 1 WHERE id = $',
  'INSERT INTO app.log$ (n) VALUES (1), (2)',
  'DELETE FROM app.log$',
  'START TRANSACTION',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT here',
  'ROLLBACK TO SAVEPOINT here',
  'SET TRANSACTION ISOLATION LEVEL READ COMMITTED',
  'SET autocommit = 0',
  'SET autocommit = 1',
  'ALTER TABLE app.made COMMENT = "$"',
  'SET @a = $ + 1',
  'SELECT @a AS a',
  "SET SESSION sql_mode = 'ANSI_QUOTES'",
  "SET SESSION sql_mode = ''",
  'SELECT "n" AS value FROM app.row WHERE id = $',
  "SET time_zone = '+0$:00'",
  "SELECT DATE_FORMAT(FROM_UNIXTIME(0), '%H') AS hour",
  'USE second',
  'USE app',
  'SELECT DATABASE() AS db',
  'SELECT n FROM row WHERE id = $',
  'SELECT ROW_COUNT() AS n',
  'SELECT LAST_INSERT_ID() AS id',
  'SELEKT',
  'SELECT 1 AS a; SELECT 2 AS b',
  'CREATE TEMPORARY TABLE app.passing (id INT)',
  'INSERT INTO app.passing VALUES (1)',
  'SELECT COUNT(*) AS n FROM app.passing',
  "SELECT GET_LOCK('lock$', 0) AS got",
  "SELECT RELEASE_LOCK('lock$') AS freed",
  'SELECT @@in_transaction AS open, @@autocommit AS auto',
] as const

const CALLS = ['ping', 'prepare', 'changeUser', ...(HAS_RESET ? (['reset'] as const) : [])] as const

interface Step {
  readonly session: 0 | 1
  readonly method: 'query' | 'execute' | (typeof CALLS)[number]
  readonly sql: string
}

const step: fc.Arbitrary<Step> = fc.record({
  session: fc.constantFrom(0 as const, 1 as const),
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constant('query' as const) },
    { weight: 4, arbitrary: fc.constant('execute' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...CALLS) },
  ),
  sql: fc.constantFrom(...STATEMENTS),
})

/** What mysql2 bears unawaited; statements about the other session's table would depend on who is first. */
const unawaited = step.filter(
  ({ method, session, sql }) =>
    (method === 'query' || method === 'execute' || method === 'ping') &&
    !sql.includes(`log${1 - session}`) &&
    !sql.startsWith('SELECT * FROM app.row') &&
    !sql.startsWith('ALTER'),
)

async function take(on: PoolConnection, { method, session, sql }: Step, turn: number) {
  const text = sql.replaceAll('$', String(session))
  switch (method) {
    case 'query':
      return (await on.query(text))[0]
    case 'execute':
      return (await on.execute(text))[0]
    case 'prepare': {
      // mysql2 does not survive the same text prepared again after it was closed.
      const statement = await on.prepare(`SELECT n + ? AS n, ${turn} FROM app.row WHERE id = ?`)
      const [rows] = await statement.execute([10, session])
      await statement.close()
      return rows
    }
    case 'changeUser':
      return on.changeUser({})
    case 'reset':
      return on.reset()
    case 'ping':
      return on.ping()
    default:
      return method satisfies never
  }
}

/** Empty tables, and two sessions on a pool of its own. */
async function twoSessions(name: DriverName): Promise<readonly [PoolConnection, PoolConnection]> {
  const { cluster } = bench()
  await cluster.query('REPLACE INTO app.row VALUES (0, 0), (1, 0)')
  await cluster.query('TRUNCATE app.log0')
  await cluster.query('TRUNCATE app.log1')
  const pool: Pool = await bench().pool(name, { multipleStatements: true })
  const sessions = [
    await pool.promise().getConnection(),
    await pool.promise().getConnection(),
  ] as const
  // A fresh connection has its own idea of the statement before.
  for (const session of sessions) await session.query('SELECT 1')
  return sessions
}

/** What two sessions see of a script, step by step. */
async function seenBy(name: DriverName, script: readonly Step[]): Promise<unknown[]> {
  const sessions = await twoSessions(name)
  const seen: unknown[] = []
  for (const [turn, each] of script.entries()) {
    const on = sessions[each.session]
    seen.push(visible(await take(on, each, turn).catch((error: unknown) => error)))
  }
  for (const session of sessions) session.destroy()
  await bench().closePools()
  return seen
}

/** What each of two sessions sees of a script that is issued all at once, in the order in which it was told. */
async function toldBy(name: DriverName, script: readonly Step[]): Promise<unknown[][]> {
  const sessions = await twoSessions(name)
  const told: [unknown[], unknown[]] = [[], []]
  await Promise.all(
    script.map(async (each, turn) => {
      const answer = await take(sessions[each.session], each, turn).catch((error: unknown) => error)
      told[each.session].push([turn, visible(answer)])
    }),
  )
  for (const session of sessions) session.destroy()
  await bench().closePools()
  return told
}

const runs = RUNS === undefined ? { numRuns: 50, seed: 1 } : { numRuns: Number(RUNS) }

it('two sessions see the same of any script, whichever driver runs it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (script) => {
      const expected = await seenBy('mysql2', script)
      expect(await seenBy('ours on three instances, split', script)).toEqual(expected)
      expect(await seenBy('ours on one instance', script)).toEqual(expected)
    }),
    runs,
  )
})

it('two sessions see the same of any script that nobody awaits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(unawaited, { minLength: 5, maxLength: 30 }), async (script) => {
      const expected = await toldBy('mysql2', script)
      expect(await toldBy('ours on three instances, split', script)).toEqual(expected)
      expect(await toldBy('ours on one instance', script)).toEqual(expected)
    }),
    runs,
  )
})
