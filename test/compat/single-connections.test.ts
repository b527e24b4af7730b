import type { Connection, TypeCastField, TypeCastNext } from 'mysql2'
import { describe, expect, it } from 'vitest'
import { connectionOf, DRIVERS, useBench } from './drivers.js'
import { rejected } from './mysql2-features.js'
import { visible } from './visible.js'

const bench = useBench()

const CLOSED = {
  class: 'Error',
  name: 'Error',
  message: "Can't add new command when connection is in closed state",
  fatal: true,
}

/** As the callback of a statement hears it: an error, or rows. */
const heard = (run: (done: (error: unknown, rows?: unknown) => void) => unknown) =>
  new Promise<unknown>((resolve) => run((error, rows) => resolve(visible(error ?? rows))))

/** What a statement issued behind `end()` or `destroy()` is called back with, in the order of the calls. */
async function issuedBehind(
  connection: Connection,
  close: (connection: Connection, done: () => void) => void,
): Promise<unknown[]> {
  const order: string[] = []
  const tell = (name: string, work: Promise<unknown>) =>
    work.then((seen) => {
      order.push(name)
      return seen
    })
  const running = tell(
    'running',
    heard((done) => connection.query('SELECT SLEEP(0.2), 1 AS a', done)),
  )
  const queued = tell(
    'queued',
    heard((done) => connection.query('SELECT 2 AS b', done)),
  )
  const closed = new Promise<void>((resolve) => close(connection, resolve))
  const late = await Promise.all(
    [
      heard((done) => connection.query('SELECT 3 AS c', done)),
      heard((done) => connection.execute('SELECT 4 AS d', done)),
      heard((done) => connection.prepare('SELECT 5 AS e', done as never)),
      heard((done) => connection.ping(done)),
      heard((done) => connection.changeUser({}, done)),
      heard((done) => connection.beginTransaction(done)),
    ].map((work) => tell('late', work)),
  )
  expect(order).toEqual(Array(late.length).fill('late'))
  await closed
  return [await running, await queued, ...late]
}

describe.each(DRIVERS)('a session of %s', (name) => {
  it('refuses at once what is issued behind the end of its pool, and runs what was issued before', async () => {
    const pool = await bench().pool(name)
    const session = await connectionOf(pool)
    const seen = await issuedBehind(session, (_session, done) => pool.end(() => done()))
    expect(seen).toEqual([[{ 'SLEEP(0.2)': 0, a: 1 }], [{ b: 2 }], ...Array(6).fill(CLOSED)])
  })

  it('does not keep its pool from ending by never being idle', async () => {
    const pool = await bench().pool(name)
    const session = await connectionOf(pool)
    const failures: unknown[] = []
    const goOn = (error?: unknown) => {
      if (error) failures.push(visible(error))
      else session.query('DO SLEEP(0.02)', goOn)
    }
    goOn()
    goOn()
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    expect(failures).toEqual([CLOSED, CLOSED])
  })
})

describe.each(DRIVERS)('createConnection() of %s', (name) => {
  const open = (options: object = {}) => {
    const driver = bench().driver(name)
    return driver.mysql.createConnection({ ...driver.target, ...options })
  }

  it('refuses at once what is issued behind end(), and runs what was issued before', async () => {
    const seen = await issuedBehind(open(), (connection, done) => connection.end(done))
    expect(seen).toEqual([[{ 'SLEEP(0.2)': 0, a: 1 }], [{ b: 2 }], ...Array(6).fill(CLOSED)])
  })

  it('refuses it when it was connected before, too, and in the promise API', async () => {
    const connection = open()
    const promised = connection.promise()
    await promised.query('DO 1')
    const seen = await issuedBehind(connection, (each, done) => each.end(done))
    expect(seen.slice(2)).toEqual(Array(6).fill(CLOSED))
    const failure = await promised.query('SELECT 1').catch(visible)
    expect(failure).toMatchObject(rejected(CLOSED))
  })

  it('refuses what a statement prepared before runs behind end()', async () => {
    const connection = open()
    const statement = await connection.promise().prepare('SELECT 1 AS a')
    const ended = new Promise((resolve) => connection.end(resolve))
    expect(await statement.execute([]).catch(visible)).toMatchObject(rejected(CLOSED))
    await ended
  })

  it('casts as its `typeCast` says in every way to run a statement', async () => {
    const typeCast = (_: TypeCastField, next: TypeCastNext) => `<${next()}>`
    const connection = open({ typeCast })
    const promised = connection.promise()
    const answers = [
      await heard((done) => connection.query('SELECT 1 AS a', done)),
      await heard((done) => connection.execute('SELECT 1 AS a', done)),
      await heard((done) =>
        connection.prepare('SELECT 1 AS a', (_, statement) => statement.execute([], done)),
      ),
      (await promised.query('SELECT 1 AS a'))[0],
      (await promised.execute('SELECT 1 AS a'))[0],
      (await (await promised.prepare('SELECT 1 AS a')).execute([]))[0],
    ]
    expect(answers).toEqual(Array(6).fill([{ a: '<1>' }]))
    // A function of the statement goes before, and nothing else does.
    const sql = 'SELECT 1 AS a'
    expect((await promised.query({ sql, typeCast: () => 'its own' }))[0]).toEqual([
      { a: 'its own' },
    ])
    expect((await promised.query({ sql, typeCast: false }))[0]).toEqual([{ a: '<1>' }])
    await promised.end()
  })

  it('casts what is asked for by an object whose text is a getter of its class', async () => {
    class Template {
      readonly values = [7]
      get sql() {
        return 'SELECT ? AS a'
      }
    }
    const connection = open({
      typeCast: (_: TypeCastField, next: TypeCastNext) => `<${next()}>`,
    })
    expect(await heard((done) => connection.query(new Template(), done))).toEqual([{ a: '<7>' }])
    expect(await heard((done) => connection.execute(new Template(), done))).toEqual([{ a: '<7>' }])
    connection.destroy()
  })
})
