import type { Socket } from 'node:net'
import mysql, { type Pool, type PoolConnection } from 'mysql2'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HAS_RESET } from '../mysql2-features.js'
import { eventually, pause, type Simulation, simulate } from '../simulation.js'
import { Uncaught } from '../uncaught.js'

let simulation: Simulation
let uncaught: Uncaught

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  await simulation.cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY) ENGINE=InnoDB')
  await simulation.cluster.query('INSERT INTO app.note VALUES (1)')
})

beforeEach(() => {
  uncaught = new Uncaught()
  uncaught.listen()
})

afterEach(async () => {
  uncaught.restore()
  await simulation.closePools()
})

const FAILS = 'INSERT INTO note VALUES (1)'
const OWN = new Error('thrown by the application')

function throwOwn(): never {
  throw OWN
}

const inSession = (pool: Pool, use: (session: PoolConnection) => void): void => {
  pool.getConnection((_, session) => {
    session.on('error', () => {})
    use(session)
    setImmediate(() => session.release())
  })
}

/** What the application does, and whether it hears of its own error then, in a process with mysql2. */
const THROWING: readonly (readonly [string, boolean, (pool: Pool) => void])[] = [
  ['a callback of query() with an error', true, (pool) => pool.query(FAILS, throwOwn)],
  ['a callback of execute() with an error', true, (pool) => pool.execute(FAILS, throwOwn)],
  ['a callback of query() with rows', true, (pool) => pool.query('SELECT 1', throwOwn)],
  [
    "a callback of a session's query() with an error",
    true,
    (pool) => inSession(pool, (session) => session.query(FAILS, throwOwn)),
  ],
  [
    'a callback of prepare()',
    true,
    (pool) => inSession(pool, (session) => session.prepare('SELECT 1', throwOwn)),
  ],
  [
    'a callback of prepare() with an error',
    true,
    (pool) => inSession(pool, (session) => session.prepare('SELEC 1', throwOwn)),
  ],
  ['a callback of ping()', true, (pool) => inSession(pool, (session) => session.ping(throwOwn))],
  [
    'a callback of changeUser()',
    true,
    (pool) => inSession(pool, (session) => session.changeUser({}, throwOwn)),
  ],
  ["a listener of 'error'", false, (pool) => pool.query(FAILS).on('error', throwOwn)],
  ["a listener of 'end'", false, (pool) => pool.query('SELECT 1').on('end', throwOwn)],
  [
    "a listener of 'end' behind an error",
    false,
    (pool) => {
      const command = pool.query(FAILS)
      command.on('error', () => {})
      command.on('end', throwOwn)
    },
  ],
]

describe('what the application throws into its own answer', () => {
  it.each(THROWING)('%s: uncaught (%s) as in mysql2', async (_, isUncaught, misbehave) => {
    const pool = mysql.createPool(simulation.cluster.plainConnection)
    const streams: Socket[] = []
    pool.on('connection', (core) => {
      streams.push((core as unknown as { readonly stream: Socket }).stream)
    })
    misbehave(pool)
    if (isUncaught) await eventually('it is uncaught', () => uncaught.heard.length > 0)
    else await pause(50)
    expect(uncaught.heard).toEqual(isUncaught ? [['uncaughtException', OWN]] : [])
    // It may have lost its connection without noticing, and throws once more when that is closed.
    for (const stream of streams) stream.destroy()
    await eventually('all is closed', () => streams.every(({ closed }) => closed))
    await pause(10)
  })

  it.each(THROWING)(
    '%s: uncaught (%s), and those behind it run',
    async (_, isUncaught, misbehave) => {
      const pool = simulation.callbackPool({ connectionLimit: 1 })
      await pool.aurora.ready()
      const { writer } = pool
      const thread = async (): Promise<unknown> =>
        (await writer.promise().query('SELECT CONNECTION_ID() AS id'))[0]
      const before = await thread()
      misbehave(writer)
      // They wait for that very connection, or for the one in its place where it cannot be reset.
      const [first, second] = await Promise.all([thread(), thread()])
      expect(second).toEqual(first)
      if (HAS_RESET) expect(first).toEqual(before)
      if (isUncaught) await eventually('it is uncaught', () => uncaught.heard.length > 0)
      expect(uncaught.heard).toEqual(isUncaught ? [['uncaughtException', OWN]] : [])
    },
  )
})
