import { connect } from 'node:net'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { Pool, PoolConnection } from 'mysql2'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  simulate,
} from '../simulation.js'

let simulation: Simulation
let cluster: Cluster
let three: Simulation

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  cluster = simulation.cluster
  three = await simulate({ instances: 3 })
  for (const each of [cluster, three.cluster])
    await each.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

afterEach(() => Promise.all([simulation.closePools(), three.closePools()]))

const eventual = { consistency: 'eventual' } as const
const write = "INSERT INTO note (text) VALUES ('x')"

describe('connectionLimit', () => {
  it('holds per instance, however many statements there are', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 3, aurora: eventual })
    let most = 0
    const watch = () => {
      for (const { open, connecting } of pool.aurora.stats().instances)
        most = Math.max(most, open + connecting)
    }
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        await pool.query(index % 2 === 0 ? 'SELECT 1' : write)
        watch()
      }),
    )
    expect(most).toBe(3)
  })

  it('of 0 is no limit', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 0, aurora: eventual })
    const take = () => pool.writer.getConnection()
    const sessions = await Promise.all(Array.from({ length: 15 }, take))
    const writer = pool.aurora.stats().instances.find(({ id }) => id === 'instance-1')
    expect(writer?.open).toBe(15)
    for (const session of sessions) session.release()
  })
})

describe('waitForConnections: false', () => {
  it('refuses at once when all are lent', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, waitForConnections: false })
    const session = await pool.getConnection()
    await session.beginTransaction()
    const error = await failureOf(pool.query(write))
    expect(error.message).toBe('No connections available.')
    await session.rollback()
    session.release()
    await pool.query(write)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

describe('limits on who may wait', () => {
  it('are for whoever wants a session, not for the statements of one', async () => {
    const pool = await three.readyPool({
      connectionLimit: 1,
      waitForConnections: false,
      aurora: eventual,
    })
    const session = await pool.getConnection()
    const other = await pool.getConnection()
    // Both are on readers, and move to the writer, which has one connection.
    const first = session.query(write)
    const second = other.query(write)
    session.release()
    await Promise.all([first, second])
    other.release()
  })
})

describe('what needs the writer', () => {
  it('does not wait for a reader whose connections are all held', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 2, aurora: eventual })
    const held = await Promise.all([1, 2].map(() => pool.reader.getConnection()))
    for (const session of held) await session.query('SELECT 1')
    await pool.transaction((transaction) => transaction.query(write))
    for (const from of [pool, pool.writer]) {
      const session = await from.getConnection()
      await session.query(write)
      session.release()
    }
    for (const session of held) session.release()
  })
})

describe('minIdle', () => {
  it('of an instance that is away is tried with pauses', async () => {
    let connects = 0
    const pool = simulation.pool({
      host: '127.0.0.1',
      port: 1,
      stream: (() => {
        connects++
        return connect({ host: '127.0.0.1', port: 1 })
      }) as never,
      aurora: { minIdle: 2 },
    })
    await failureOf(pool.query('SELECT 1'))
    await eventually('it is tried again', () => connects > 6)
    await pause(500)
    // Without a pause it would be hundreds.
    expect(connects).toBeLessThan(60)
  })
})

describe('err.aurora.waitedMs', () => {
  it('counts the time in line for a connection', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: eventual })
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    const failing = failureOf(pool.query('INSERT INTO nowhere VALUES (1)'))
    await pause(150)
    await session.rollback()
    session.release()
    const { aurora } = (await failing) as { readonly aurora?: { readonly waitedMs: number } }
    expect(aurora?.waitedMs).toBeGreaterThanOrEqual(140)
  })
})

describe('queueLimit', () => {
  it('bounds who waits for a connection', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, queueLimit: 2 })
    const session = await pool.getConnection()
    await session.beginTransaction()
    const waiting = [pool.query(write), pool.query(write)]
    const error = await failureOf(pool.query(write))
    expect(error.message).toBe('Queue limit reached.')
    await session.rollback()
    session.release()
    await Promise.all(waiting)
  })

  it('does not count those for whom a connection is being opened', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 3, queueLimit: 2, aurora: eventual })
    // Three open connections, two wait; mysql2 refuses none of them.
    await Promise.all(Array.from({ length: 5 }, () => pool.query(write)))
  })
})

describe('reads', () => {
  it('do not wait for a reader whose connections are all held by sessions while another has room', async () => {
    const pool = await three.readyPool({ connectionLimit: 2, aurora: eventual })
    const held = await Promise.all([1, 2, 3].map(() => pool.getConnection()))
    for (const session of held) await session.query('SELECT 1')
    // One place is left, on one of the two readers: whoever waits, waits there.
    await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')))
    for (const session of held) session.release()
  })
})

describe('maxLagMs', () => {
  it('is not judged by what was reported before the pool slept', async () => {
    const pool = await simulation.readyPool({
      aurora: { ...eventual, maxLagMs: 500, idleAfterMs: 200 },
    })
    await pool.query('SELECT 1')
    const questions = () => Object.values(simulation.counts()).map((each) => each.topologyQuestions)
    const sleep = async () => {
      const before = questions()
      await pause(500)
      return questions().every((count, at) => count === before[at])
    }
    await eventually('it sleeps', sleep)
    const heal = await cluster.inject({ type: 'lag', instance: 'instance-2', lagMs: 60_000 })
    await pause(1_000)
    const before = simulation.counts()
    await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')))
    expect(simulation.countsSince(before)['instance-2']?.reads).toBe(0)
    await heal()
  })
})

describe('maxIdle and idleTimeout', () => {
  it('close what is idle beyond them', async () => {
    const pool = await simulation.readyPool({
      connectionLimit: 5,
      maxIdle: 1,
      idleTimeout: 60_000,
      aurora: eventual,
    })
    await Promise.all(Array.from({ length: 10 }, () => pool.query('DO SLEEP(0.05)')))
    await eventually('one is left', () => {
      const writer = pool.aurora.stats().instances.find(({ id }) => id === 'instance-1')
      return writer?.open === 1
    })
  })

  it('keep what is idle with the defaults', async () => {
    const pool = await simulation.readyPool({
      connectionLimit: 3,
      idleTimeout: 1,
      aurora: eventual,
    })
    await Promise.all(Array.from({ length: 3 }, () => pool.query('DO SLEEP(0.05)')))
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    const writer = pool.aurora.stats().instances.find(({ id }) => id === 'instance-1')
    expect(writer?.open).toBe(3)
  })
})

describe('minIdle', () => {
  it('keeps connections warm on each instance', async () => {
    const pool = await simulation.readyPool({
      connectionLimit: 5,
      aurora: { ...eventual, minIdle: 2 },
    })
    await pool.query('SELECT 1')
    await eventually('each has two', () =>
      pool.aurora.stats().instances.every(({ id, idle }) => id === '(endpoint)' || idle >= 2),
    )
  })
})

describe("mysql2's pool events", () => {
  it('connection comes once per physical connection, before its first use, on every instance', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 2, aurora: eventual })
    const connections: PoolConnection[] = []
    pool.on('connection', (connection) => {
      connections.push(connection as unknown as PoolConnection)
      ;(connection as unknown as PoolConnection).query('SET @from_listener = 1')
    })
    const first = await pool.promise().query('SELECT @from_listener AS mark')
    expect(first[0]).toEqual([{ mark: 1 }])
    await pool.aurora.ready()
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all([pool.promise().query('SELECT 1'), pool.promise().query(write)])
    }
    await eventually('all is quiet', () => nothingIsLeft(pool))
    const opened = cluster.log.filter(
      (event) => event.type === 'connection-opened' && event.purpose === 'application',
    )
    const threads = connections.map(({ threadId }) => threadId)
    expect(new Set(threads).size).toBe(threads.length)
    for (const thread of threads)
      expect(
        opened.some((event) => event.type === 'connection-opened' && event.threadId === thread),
      ).toBe(true)
    const hosts = new Set(connections.map(({ config }) => config.host))
    expect(hosts).toContain(cluster.instance('instance-1').endpoint)
    expect(hosts).toContain(cluster.instance('instance-2').endpoint)
  })

  it('acquire and release give the session, the same object both times; a swap gives neither', async () => {
    const pool = simulation.callbackPool({ aurora: eventual })
    await pool.aurora.ready()
    const heard: (readonly [string, unknown])[] = []
    pool.on('acquire', (session) => heard.push(['acquire', session]))
    pool.on('release', (session) => heard.push(['release', session]))
    const session = await take(pool)
    await run(session, 'SELECT 1')
    await run(session, write)
    await run(session, 'SELECT 1')
    session.release()
    await eventually('both are heard', () => heard.length >= 2)
    expect(heard.map(([name]) => name)).toEqual(['acquire', 'release'])
    expect(heard.every(([, object]) => object === session)).toBe(true)
  })

  it('enqueue comes when somebody has to wait', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await pool.aurora.ready()
    let enqueued = 0
    pool.on('enqueue', () => enqueued++)
    const session = await take(pool)
    await run(session, 'START TRANSACTION')
    expect(enqueued).toBe(0)
    const waiting = run(pool, write)
    await eventually('it is heard', () => enqueued === 1)
    await run(session, 'ROLLBACK')
    session.release()
    await waiting
  })

  it('are forwarded to the promise pool', async () => {
    const pool = simulation.pool()
    const heard: string[] = []
    pool.on('connection', () => heard.push('connection'))
    pool.on('acquire', () => heard.push('acquire'))
    pool.on('release', () => heard.push('release'))
    const session = await pool.getConnection()
    session.release()
    await eventually('all are heard', () => heard.length >= 3)
    expect(heard).toEqual(['connection', 'acquire', 'release'])
  })
})

describe('views', () => {
  it('writer and reader are the same pool, pinned to a role', async () => {
    const pool = simulation.callbackPool({ aurora: eventual })
    await pool.aurora.ready()
    const before = simulation.counts()
    for (let turn = 0; turn < 5; turn++) {
      await pool.writer.promise().query('SELECT 1')
      await pool.reader.promise().query('SELECT 1')
    }
    const counts = simulation.countsSince(before)
    expect(counts['instance-1']?.reads).toBe(5)
    expect(counts['instance-2']?.reads).toBe(5)
    const refused = await failureOf(pool.reader.promise().query(write))
    expect(refused.errno).toBe(1290)
    const session = await take(pool.writer)
    await run(session, 'SELECT 1')
    expect(session.config.host).toBe(cluster.instance('instance-1').endpoint)
    session.release()
  })
})

function take(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) =>
    pool.getConnection((error, session) => (error ? reject(error) : resolve(session))),
  )
}

function run(on: Pool | PoolConnection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) =>
    on.query(sql, (error: Error | null, rows: unknown) => (error ? reject(error) : resolve(rows))),
  )
}
