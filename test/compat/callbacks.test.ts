import { EventEmitter } from 'node:events'
import type { Connection, Pool, PoolConnection } from 'mysql2'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { connectionOf, type DriverName, OURS, useBench } from './drivers.js'
import { CALLS_BACK_RELEASED, HAS_RESET } from './mysql2-features.js'
import { visible } from './visible.js'

vi.setConfig({ testTimeout: 30_000 })

const bench = useBench({}, async (cluster) => {
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY, text VARCHAR(20))')
  await cluster.query("INSERT INTO app.note VALUES (1, 'one')")
})

type Callback = (...args: unknown[]) => void

type Any = Record<string, (...args: unknown[]) => unknown>

/** Everything that calls back, with arguments that please it and that do not. */
const statements: Readonly<Record<string, readonly unknown[]>> = {
  query: ['SELECT 1 AS a'],
  'query of no rows': ['DO 1'],
  'query of several': ['SELECT 1 AS a; DO 1'],
  'query that fails': ['SELEKT'],
  'query by options': [{ sql: 'SELECT ? AS a', values: [1] }],
  execute: ['SELECT ? AS a', [1]],
  'execute of no rows': ['DO 1'],
  'execute that cannot be prepared': ['SELEKT'],
  'execute that fails': ['INSERT INTO note VALUES (1, ?)', ['two']],
}

const others: Readonly<Record<string, readonly unknown[]>> = {
  beginTransaction: [],
  commit: [],
  rollback: [],
  ping: [],
  ...(HAS_RESET ? { reset: [] } : {}),
  changeUser: [{}],
  'changeUser without options': [],
  prepare: ['SELECT ? AS a'],
  'prepare that fails': ['SELEKT'],
  connect: [],
  end: [],
}

/** What is called on, and how it is put away. */
const kinds = {
  async pool(name: DriverName): Promise<readonly [Pool, () => void]> {
    return [await bench().pool(name, { multipleStatements: true }), () => {}]
  },
  async session(name: DriverName): Promise<readonly [PoolConnection, () => void]> {
    const session = await connectionOf(await bench().pool(name, { multipleStatements: true }))
    return [session, () => session.destroy()]
  },
  async connection(name: DriverName): Promise<readonly [Connection, () => void]> {
    const { mysql, target } = bench().driver(name)
    const connection = mysql.createConnection({ ...target, multipleStatements: true })
    await new Promise((resolve) => connection.connect(resolve))
    return [connection, () => connection.destroy()]
  },
}

/** What a prepared statement's handle calls back with is compared elsewhere. */
const told = (value: unknown): unknown =>
  value instanceof EventEmitter || value?.constructor?.name === 'PreparedStatementInfo'
    ? value.constructor.name
    : visible(value)

/** The arguments of the callback, each of them, and how many there are. */
async function calledBackWith(kind: keyof typeof kinds, name: DriverName, call: string) {
  const [on, done] = await kinds[kind](name)
  const given = statements[call] ?? others[call] ?? [{ user: 'nobody' }]
  const [method = ''] = call.split(' ')
  // What is said of a deprecated end() is compared elsewhere.
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const args = await new Promise<unknown[]>((resolve) => {
    const callback: Callback = (...all) => resolve(all.map(told))
    ;(on as unknown as Any)[method]?.(...given, callback)
  })
  warn.mockRestore()
  done()
  return args
}

/** The arguments of a callback that hears why there is no connection. */
async function refusedWith(name: DriverName, call: string) {
  const { mysql, target } = bench().driver(name)
  const pool = mysql.createPool({ ...target, password: 'wrong' })
  const args = await new Promise<unknown[]>((resolve) => {
    const callback: Callback = (...all) => resolve(all.map(told))
    const given = call === 'getConnection' ? [] : ['SELECT 1']
    ;(pool as unknown as Any)[call]?.(...given, callback)
  })
  await pool.promise().end()
  return args
}

const calls: readonly (readonly [keyof typeof kinds, string])[] = [
  ...Object.keys(statements).map((call) => ['pool', call] as const),
  ...(['session', 'connection'] as const).flatMap((kind) =>
    Object.keys({ ...statements, ...others })
      .filter((call) => call !== 'end' || kind === 'connection' || CALLS_BACK_RELEASED)
      .map((call) => [kind, call] as const),
  ),
  // The server takes its time for it.
  ['session', 'changeUser to nobody'],
]

describe('what is called back with', () => {
  const expected = new Map<string, unknown[]>()

  beforeAll(async () => {
    for (const [kind, call] of calls)
      expected.set(`${kind} ${call}`, await calledBackWith(kind, 'mysql2', call))
  }, 30_000)

  describe.each(OURS)('by %s', (name) => {
    it.each(calls)('a %s’s %s, as many as by mysql2', async (kind, call) => {
      const args = await calledBackWith(kind, name, call)
      expect(args).toEqual(expected.get(`${kind} ${call}`))
      expect(args.length).toBe(expected.get(`${kind} ${call}`)?.length)
    })
  })
})

describe.each(OURS)('where no connection can be had, by %s', (name) => {
  it.each(['getConnection', 'query', 'execute'])('%s tells as much as mysql2', async (call) => {
    const args = await refusedWith(name, call)
    const expected = await refusedWith('mysql2', call)
    expect(args).toEqual(expected)
    expect(args.length).toBe(expected.length)
  })
})

describe.each(['mysql2', ...OURS] as const)('%s', (name) => {
  it('emits an end on the connection that is out when its pool is ended', async () => {
    const pool = await bench().pool(name)
    const session = await connectionOf(pool)
    const heard: string[] = []
    for (const event of ['error', 'end']) session.on(event, () => heard.push(event))
    await pool.promise().end()
    await vi.waitFor(() => expect(heard).toEqual(['end']))
  })

  const emitters: readonly (readonly [string, (on: Connection) => unknown])[] = [
    ['ping', (on) => on.ping()],
    ['changeUser', (on) => on.changeUser({})],
    ['prepare', (on) => on.prepare('SELECT 1')],
    ...(HAS_RESET
      ? [['reset', (on: Connection) => (on as unknown as Any).reset?.()] as const]
      : []),
  ]
  it.each(emitters)('ends a %s that nobody called back', async (_, start) => {
    for (const kind of ['session', 'connection'] as const) {
      const [on, done] = await kinds[kind](name)
      const command = start(on as Connection) as EventEmitter
      await new Promise<void>((resolve) => command.on('end', resolve))
      done()
    }
  })

  it('emits what fails in a prepare that nobody called back', async () => {
    for (const kind of ['session', 'connection'] as const) {
      const [on, done] = await kinds[kind](name)
      const command = (on as Connection).prepare('SELEKT 1') as unknown as EventEmitter
      const error = await new Promise((resolve) => command.on('error', resolve))
      expect(error).toMatchObject({ code: 'ER_PARSE_ERROR', sql: 'SELEKT 1' })
      done()
    }
  })

  it('refuses at the call a character set that it does not know, and goes on', async () => {
    for (const kind of ['session', 'connection'] as const) {
      const [on, done] = await kinds[kind](name)
      const connection = on as Connection
      expect(() => connection.changeUser({ charset: 'nope' }, () => {})).toThrow(
        new TypeError("Unknown charset 'nope'"),
      )
      expect((await connection.promise().query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
      done()
    }
  })

  it('changes the user to what was given at the call', async () => {
    for (const kind of ['session', 'connection'] as const) {
      const [on, done] = await kinds[kind](name)
      const connection = on as Connection
      const options = { database: 'mysql' }
      connection.query('DO 1')
      const changed = new Promise((resolve) => connection.changeUser(options, resolve))
      options.database = 'nowhere'
      expect(await changed).toBeFalsy()
      expect((await connection.promise().query('SELECT DATABASE() AS name'))[0]).toEqual([
        { name: 'mysql' },
      ])
      done()
    }
  })

  it('emits an end, and no error, when it is destroyed in a transaction', async () => {
    for (const kind of ['session', 'connection'] as const) {
      const [on] = await kinds[kind](name)
      const connection = on as Connection
      const heard: string[] = []
      for (const event of ['error', 'end']) connection.on(event, () => heard.push(event))
      await connection.promise().beginTransaction()
      connection.destroy()
      await vi.waitFor(() => expect(heard).not.toEqual([]))
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(heard).toEqual(['end'])
    }
  })

  it('says of a prepared statement that fails that it has no text, also where nobody called back', async () => {
    const [session, done] = await kinds.session(name)
    const failures = await new Promise<unknown[]>((resolve) =>
      session.prepare('INSERT INTO note VALUES (1, ?)', (_error, statement) => {
        const all: unknown[] = []
        const hear = (error: unknown) => {
          all.push(visible(error))
          if (all.length === 2) resolve(all)
        }
        statement.execute(['two'], hear)
        ;(statement.execute(['two']) as unknown as EventEmitter).on('error', hear)
      }),
    )
    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'ER_DUP_ENTRY', sql: undefined })
    done()
  })
})
