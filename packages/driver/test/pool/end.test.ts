import { hasSubscribers } from 'node:diagnostics_channel'
import type { Cluster } from 'aurora-mysql2-simulator'
import mysql, { type Pool, type PoolConnection } from 'mysql2'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, pause, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

const SLOW_READ = 'SELECT COUNT(*) AS n FROM seq_1_to_3000 a, seq_1_to_3000 b'

function openConnections(): number {
  return cluster.instances.reduce((sum, { counters }) => sum + counters.connectionsOpen, 0)
}

const pools = {
  mysql2: async (): Promise<Pool> => mysql.createPool(cluster.plainConnection),
  ours: async (): Promise<Pool> => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    return pool
  },
}

const take = (pool: Pool) =>
  new Promise<PoolConnection>((resolve, reject) => {
    pool.getConnection((error, session) => (error ? reject(error) : resolve(session)))
  })

const run = (on: Pool | PoolConnection, sql: string) =>
  new Promise<unknown>((resolve, reject) => {
    on.query(sql, (error: Error | null, rows: unknown) => (error ? reject(error) : resolve(rows)))
  })

const end = (pool: Pool) =>
  new Promise<void>((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve())))

describe.each(['mysql2', 'ours'] as const)('end() of %s', (name) => {
  it('lets what runs end, and closes everything', async () => {
    const pool = await pools[name]()
    await run(pool, 'SELECT 1')
    const slow = run(pool, SLOW_READ)
    await pause(10)
    await end(pool)
    expect(await slow).toEqual([{ n: 9_000_000 }])
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('lets what is queued on a session run before it', async () => {
    const pool = await pools[name]()
    const session = await take(pool)
    const all = [
      run(session, SLOW_READ),
      run(session, 'SELECT 2 AS two'),
      run(session, 'SELECT 3 AS three'),
    ]
    await end(pool)
    expect((await Promise.all(all)).slice(1)).toEqual([[{ two: 2 }], [{ three: 3 }]])
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('closes the connections of sessions that are still out', async () => {
    const pool = await pools[name]()
    const session = await take(pool)
    await run(session, 'START TRANSACTION')
    await end(pool)
    await eventually('all connections are closed', () => openConnections() === 0)
    const error = await failureOf(run(session, 'SELECT 1'))
    expect(error.message).toBe("Can't add new command when connection is in closed state")
    session.release()
    session.release()
  })

  it('fails who waits for a connection', async () => {
    // Older versions of mysql2 leave them waiting for ever.
    const pool = await pools[name]()
    if (name === 'mysql2' && !(Symbol.dispose in pool)) return end(pool)
    const sessions = await Promise.all(Array.from({ length: 10 }, () => take(pool)))
    if (name === 'ours') for (const session of sessions) await run(session, 'START TRANSACTION')
    const waiting = run(pool, "INSERT INTO note (text) VALUES ('x')")
    await end(pool)
    expect((await failureOf(waiting)).message).toBe('Pool is closed.')
  })

  it('makes everything later fail with "Pool is closed."', async () => {
    const pool = await pools[name]()
    await end(pool)
    expect((await failureOf(run(pool, 'SELECT 1'))).message).toBe('Pool is closed.')
    expect((await failureOf(take(pool))).message).toBe('Pool is closed.')
    const executed = new Promise((_, reject) => pool.execute('SELECT 1', reject))
    expect((await failureOf(executed)).message).toBe('Pool is closed.')
  })

  it('calls back also when a running statement loses its connection', async () => {
    const pool = await pools[name]()
    await run(pool, 'SELECT 1')
    const slower = 'SELECT COUNT(*) AS n FROM seq_1_to_300000 a, seq_1_to_30000 b'
    const slow = failureOf(run(pool, slower))
    await eventually('it runs', async () => {
      const threads = await cluster.query('SHOW FULL PROCESSLIST')
      return threads.some(({ Info }) => Info === slower)
    })
    const ended = end(pool)
    // mysql2 calls back with the statement's error, or not at all.
    if (name === 'mysql2') ended.catch(() => {})
    await pause(20)
    await Promise.all(
      cluster.instances.map(({ id }) => cluster.inject({ type: 'reset', instance: id })),
    )
    await slow
    if (name === 'ours') await ended
  })
})

describe('end()', () => {
  it('may be called twice at once', async () => {
    const pool = await pools.ours()
    await run(pool, 'SELECT 1')
    await Promise.all([end(pool), end(pool)])
    await end(pool)
  })
})

describe('connections to an instance that has fallen silent', () => {
  it('are closed by our side, in calm as in end()', async () => {
    const pool = simulation.callbackPool({
      connectionLimit: 4,
      aurora: { consistency: 'eventual' },
    })
    await pool.aurora.ready()
    const sockets: { destroyed: boolean }[] = []
    pool.on('connection', (connection) => {
      sockets.push((connection as unknown as { stream: { destroyed: boolean } }).stream)
    })
    await Promise.all(Array.from({ length: 4 }, () => run(pool, 'SELECT seq FROM seq_1_to_3')))
    await Promise.all(Array.from({ length: 4 }, () => run(pool, 'DO 1')))
    expect(sockets.length).toBeGreaterThan(2)
    const heals = await Promise.all(
      cluster.instances.map(({ id }) => cluster.inject({ type: 'hang', instance: id })),
    )
    try {
      await end(pool)
      await eventually('all sockets are closed', () => sockets.every(({ destroyed }) => destroyed))
    } finally {
      for (const heal of heals) await heal()
    }
  })
})

describe('work that a session has queued at end()', () => {
  it('leaves no subscription behind when nothing is known yet', async () => {
    await simulation.closePools()
    const pool = simulation.callbackPool()
    const session = await take(pool)
    const all = [1, 2, 3].map((one) => run(session, `SELECT ${one} AS one`))
    session.release()
    await end(pool)
    expect(await Promise.all(all)).toEqual([[{ one: 1 }], [{ one: 2 }], [{ one: 3 }]])
    expect(hasSubscribers('http.server.request.start')).toBe(false)
  })

  it('does not wait for a writer that nobody looks for any more', async () => {
    const pool = simulation.callbackPool({ aurora: { failoverTimeoutMs: 1_500 } })
    await pool.aurora.ready()
    const session = await take(pool)
    await run(session, "INSERT INTO note (text) VALUES ('before')")
    const { id } = cluster.writer
    // The one says that it is a reader, the other is away.
    await cluster.demote()
    const away = cluster.writer.id
    await cluster.crash(away)
    try {
      const writes = [1, 2, 3, 4, 5].map((turn) =>
        failureOf(run(session, `INSERT INTO note (text) VALUES ('${turn}')`)),
      )
      await eventually('the first waits', () => pool.aurora.stats().waiting === 1)
      await eventually('nobody is the writer', () => pool.aurora.topology?.writer === undefined)
      await end(pool)
      const messages = (await Promise.all(writes)).map(({ message }) => message)
      expect(messages).toEqual(Array(5).fill('Pool is closed.'))
    } finally {
      await cluster.restart(away)
      if (cluster.writer.id !== id) await cluster.demote({ to: id })
    }
  })
})

describe('end() by whoever hears that a statement of a session waits', () => {
  // It is heard in the call that begins the statement, and end() fails the statement within that call.
  it.each([
    ['that is issued', []],
    ['whose turn has come', ['SELECT 1 AS one']],
  ])('ends: a statement %s', async (_, before) => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    const session = await take(pool)
    const { id } = cluster.writer
    await cluster.crash(id)
    try {
      await eventually('the writer is missed', async () => {
        await pool.aurora.refresh().catch(() => {})
        return pool.aurora.stats().isFailingOver
      })
      const ended = new Promise<void>((resolve, reject) => {
        pool.aurora.once('statementWaiting', () => end(pool).then(resolve, reject))
      })
      const reads = before.map((sql) => run(session, sql))
      const writes = ['a', 'b', 'c'].map((text) =>
        failureOf(run(session, `INSERT INTO note (text) VALUES ('${text}')`)),
      )
      await ended
      expect(await Promise.all(reads)).toEqual(before.map(() => [{ one: 1 }]))
      // The others are tried where the writer was, as whatever a session has queued.
      const [waited] = await Promise.all(writes)
      expect(waited?.message).toBe('Pool is closed.')
      await eventually('all connections are closed', () => openConnections() === 0)
    } finally {
      await cluster.restart(id)
    }
  })
})

describe('whoever waits at end() for a connection that another holds', () => {
  it('is told at once, and what a session has queued runs, as in mysql2', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 1 })
    await pool.aurora.ready()
    // One that was away a moment ago may still be missing.
    await eventually('there is a reader', () => pool.aurora.topology?.readers.length === 1)
    await cluster.query('DELETE FROM app.note')
    const holder = await take(pool)
    await run(holder, 'START TRANSACTION')
    await run(holder, "INSERT INTO note (text) VALUES ('held')")
    const session = await take(pool)
    const queued = [
      run(session, "INSERT INTO note (text) VALUES ('first')"),
      run(session, "INSERT INTO note (text) VALUES ('second')"),
    ]
    const refused = [
      failureOf(run(pool, "INSERT INTO note (text) VALUES ('alone')")),
      failureOf(take(pool.writer as Pool)),
    ]
    await eventually('they wait', () =>
      pool.aurora.stats().instances.some(({ waiting }) => waiting === 3),
    )
    await end(pool)
    const messages = (await Promise.all(refused)).map(({ message }) => message)
    expect(messages).toEqual(refused.map(() => 'Pool is closed.'))
    await Promise.all(queued)
    // What was left open in a transaction is undone.
    const rows = await cluster.query('SELECT text FROM app.note ORDER BY id')
    expect(rows.map(({ text }) => text)).toEqual(['first', 'second'])
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('need not wait where there is room: what a session has queued gets its connection', async () => {
    const pool = simulation.callbackPool({ connectionLimit: 2 })
    await pool.aurora.ready()
    await cluster.query('DELETE FROM app.note')
    const session = await take(pool)
    const all = [
      run(session, SLOW_READ),
      run(session, "INSERT INTO note (text) VALUES ('queued')"),
      run(session, 'SELECT text FROM note'),
    ]
    await end(pool)
    expect((await Promise.all(all)).at(-1)).toEqual([{ text: 'queued' }])
    await eventually('all connections are closed', () => openConnections() === 0)
  })
})

describe('nothing is opened after end()', () => {
  it('lets what runs end, however long that takes on an instance that is well', async () => {
    // Four seconds are time for three questions, unanswered after which it would be condemned.
    const pool = simulation.callbackPool({ aurora: { condemnAfterMs: 300 } })
    await pool.aurora.ready()
    const slow = run(pool, 'DO SLEEP(4)')
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
    )
    await end(pool)
    await slow
  })

  it('also not by questions, while a statement still runs and an instance is away', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await run(pool, 'SELECT 1')
    const [reader] = cluster.readers
    await cluster.crash(String(reader?.id), { returnAfterMs: 300 })
    await eventually('it is known', async () => {
      await run(pool, 'SELECT 1')
      return pool.aurora.stats().instances.some(({ isReachable }) => !isReachable)
    })
    const slow = run(pool, 'DO SLEEP(2.5)')
    await pause(50)
    const ended = end(pool)
    // The one that is away; where the statement runs one question tells whether it is well.
    const opened = () =>
      cluster.log.filter(
        ({ type, instance }) => type === 'connection-opened' && instance === reader?.id,
      ).length
    const before = opened()
    await slow
    await ended
    await pause(100)
    expect(opened()).toBe(before)
    await eventually('all connections are closed', () => openConnections() === 0, 5_000)
  })
})

describe('drain()', () => {
  it('lets statements and sessions end, takes no new work, then closes', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    const session = await take(pool)
    const slow = run(pool, SLOW_READ)
    let isDrained = false
    const drained = pool.aurora.drain().then(() => {
      isDrained = true
    })
    expect((await failureOf(run(pool, 'SELECT 1'))).code).toBe('ERR_AURORA_DRAINING')
    expect((await failureOf(take(pool))).code).toBe('ERR_AURORA_DRAINING')
    expect(await slow).toEqual([{ n: 9_000_000 }])
    await run(session, "INSERT INTO note (text) VALUES ('still taken')")
    expect(isDrained).toBe(false)
    session.release()
    await drained
    await eventually('all connections are closed', () => openConnections() === 0)
    expect((await failureOf(run(pool, 'SELECT 1'))).message).toBe('Pool is closed.')
  })

  it('asked for twice ends both times, and at once when the last session comes back', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    const session = await take(pool)
    const timeoutMs = 20_000
    const both = Promise.all([pool.aurora.drain({ timeoutMs }), pool.aurora.drain({ timeoutMs })])
    session.release()
    const first = await Promise.race([both.then(() => 'drained'), pause(5_000).then(() => 'late')])
    expect(first).toBe('drained')
  })

  it('cuts what still runs when its time is over', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    const never = run(pool, 'SELECT COUNT(*) FROM seq_1_to_300000 a, seq_1_to_30000 b')
    const failed = failureOf(never)
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
    )
    await pool.aurora.drain({ timeoutMs: 50 })
    expect(await failed).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' })
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('begins nothing that is queued on a session when its time is over', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await cluster.query('DELETE FROM app.note')
    const session = await take(pool)
    const all = [
      failureOf(run(session, 'SELECT SLEEP(20)')),
      failureOf(run(session, 'SELECT SLEEP(21)')),
      failureOf(run(session, "INSERT INTO note (text) VALUES ('too late')")),
    ]
    await eventually('the first runs', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
    )
    await pool.aurora.drain({ timeoutMs: 50 })
    const messages = (await Promise.all(all)).map(({ message }) => message)
    expect(messages[0]).toContain('Connection lost')
    expect(messages.slice(1)).toEqual(
      Array(2).fill("Can't add new command when connection is in closed state"),
    )
    expect(await cluster.query('SELECT * FROM app.note')).toEqual([])
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('leaves the pool and its views closed, in the words of mysql2', async () => {
    const pool = simulation.callbackPool()
    const { reader } = pool
    await pool.aurora.drain()
    for (const each of [pool, reader, pool.writer]) {
      expect((await failureOf(run(each, 'SELECT 1'))).message).toBe('Pool is closed.')
      expect((await failureOf(take(each))).message).toBe('Pool is closed.')
    }
    expect((await failureOf(pool.transaction(() => {}))).message).toBe('Pool is closed.')
  })

  it('cuts an idle session that never comes back when its time is over', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await take(pool)
    await pool.aurora.drain({ timeoutMs: 50 })
    await eventually('all connections are closed', () => openConnections() === 0)
  })

  it('ends when somebody else ends the pool meanwhile', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await take(pool)
    const drained = pool.aurora.drain({ timeoutMs: 200 })
    await end(pool)
    await drained
  })
})

describe('ready()', () => {
  it('rejects when the pool is ended before anything was learnt', async () => {
    const pool = simulation.callbackPool({ host: cluster.writer.endpoint })
    const ready = failureOf(pool.aurora.ready())
    await end(pool)
    expect((await ready).message).toBe('Pool is closed.')
    expect((await failureOf(pool.aurora.ready())).message).toBe('Pool is closed.')
  })
})
