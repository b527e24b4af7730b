import type { PoolConnection, PrepareStatementInfo, QueryOptions } from 'mysql2'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, OURS, useBench } from './drivers.js'
import { HAS_RESET, REJECTS_WITH_THE_ERROR } from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.pair (a INT PRIMARY KEY, b INT)')
  await cluster.query('INSERT INTO app.pair VALUES (1, 2)')
})

/** What `execute()` calls back with. */
const executed = (statement: PrepareStatementInfo, values: unknown) =>
  new Promise<unknown>((resolve) =>
    statement.execute(values as never, (error: unknown, rows: unknown) =>
      resolve(visible(error ?? rows)),
    ),
  )

describe.each(DRIVERS)('a prepared statement of %s', (name) => {
  let session: PoolConnection

  beforeEach(async () => {
    session = await connectionOf(await bench().pool(name, { multipleStatements: true }))
    return () => session.destroy()
  })

  const prepare = (options: string | QueryOptions) =>
    new Promise<PrepareStatementInfo>((resolve, reject) =>
      session.prepare(options as string, (error, statement) =>
        error ? reject(error) : resolve(statement),
      ),
    )

  const answers = async (options: string | QueryOptions, ...values: readonly unknown[][]) => {
    const statement = await prepare(options)
    const seen: unknown[] = []
    for (const each of values) seen.push(await executed(statement, each))
    return seen
  }

  it.each([
    ['rowsAsArray', true],
    ['nestTables', true],
    ['nestTables', '_'],
    ['typeCast', () => 'cast'],
    ['values', [9]],
    ['timeout', 1],
    ['dateStrings', true],
  ])('takes nothing from the option %s: %s', async (option, value) => {
    const request = {
      sql: 'SELECT a, b, SLEEP(0.05) AS s FROM app.pair WHERE a = ?',
      [option]: value,
    }
    expect(await answers(request, [1])).toEqual([[{ a: 1, b: 2, s: 0 }]])
  })

  it('fails with errors that have no text', async () => {
    const sql = 'INSERT INTO app.pair VALUES (?, 3)'
    const [failure] = await answers(sql, [1])
    expect(failure).toEqual({
      class: 'Error',
      name: 'Error',
      message: "Duplicate entry '1' for key 'PRIMARY'",
      sqlMessage: "Duplicate entry '1' for key 'PRIMARY'",
      code: 'ER_DUP_ENTRY',
      errno: 1062,
      sqlState: '23000',
    })
    expect((failure as object as { sql?: unknown }).sql).toBeUndefined()
  })

  it('says of a value that is missing what mysql2 says, in its turn, and goes on', async () => {
    // Older versions answer nothing any more behind it.
    if (name === 'mysql2' && !REJECTS_WITH_THE_ERROR) return expect(HAS_RESET).toBe(false)
    const expected = {
      class: 'TypeError',
      name: 'TypeError',
      message: 'Bind parameters must not contain undefined',
    }
    expect(await answers('SELECT ? AS a', [undefined], [1])).toEqual([expected, [{ a: 1 }]])
    const promised = await session.promise().prepare('SELECT ? AS b')
    expect(await promised.execute([undefined as never]).catch(visible)).toEqual(expected)
    expect((await promised.execute([2]))[0]).toEqual([{ b: 2 }])
  })

  it('whose text is wrong fails when it is prepared, with its text', async () => {
    const failure = await prepare('SELEKT 1').catch(visible)
    expect(failure).toMatchObject({ code: 'ER_PARSE_ERROR', sql: 'SELEKT 1' })
  })
})

describe.each(OURS)('a prepared statement of %s', (name) => {
  it.each([
    ['/* aurora:raeder */ SELECT 1', 'aurora:raeder names no role'],
    [{ sql: 'SELECT 1', aurora: { rol: 'reader' } }, 'did you mean aurora.role?'],
  ])('is refused when it is prepared: %j', async (request, message) => {
    const session = await connectionOf(await bench().pool(name))
    const refused = await new Promise<unknown>((resolve) =>
      session.prepare(request as string, (error) => resolve(error)),
    )
    expect(visible(refused)).toMatchObject({ code: 'ERR_AURORA_OPTION' })
    expect(String(refused)).toContain(message)
    expect((await session.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
    session.release()
  })

  it('goes where its option says', async () => {
    const session = await connectionOf(await bench().pool(name))
    const sql = 'SELECT @@innodb_read_only AS isReader'
    const statement = await session
      .promise()
      .prepare({ sql, aurora: { role: 'reader' } } as unknown as string)
    expect((await statement.execute([]))[0]).toEqual([
      { isReader: name === 'ours on one instance' ? 0 : 1 },
    ])
    session.release()
  })
})

describe.each(DRIVERS)('a connection of %s', (name) => {
  it('answers a ping with nothing, and calls back with an error when it is closed', async () => {
    const session = await connectionOf(await bench().pool(name))
    const args = await new Promise<unknown[]>((resolve) => session.ping((...all) => resolve(all)))
    expect(args).toEqual([])
    expect(await session.promise().ping()).toBe(true)
    session.destroy()
    const error = await new Promise((resolve) => session.ping(resolve))
    expect(visible(error)).toMatchObject({ fatal: true })
  })
})
