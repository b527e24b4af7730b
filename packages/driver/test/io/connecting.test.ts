import type { PasswordTarget } from 'aurora-mysql2'
import type { Cluster } from 'aurora-mysql2-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, pause, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeEach(async () => {
  simulation = await simulate()
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

afterEach(async () => {
  await simulation.closePools()
  await cluster.close()
})

const write = "INSERT INTO note (text) VALUES ('x')"
const eventual = { consistency: 'eventual' } as const

describe('names', () => {
  it('of instances are never looked up again in calm, however many connects', async () => {
    const pool = await simulation.readyPool({ aurora: eventual, maxIdle: 1, idleTimeout: 1 })
    await pool.query(write)
    for (let turn = 0; turn < 10; turn++) await pool.query('SELECT 1')
    const { lookups } = cluster
    const before = new Map(lookups)
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all(Array.from({ length: 10 }, () => pool.query('SELECT 1')))
      await Promise.all(Array.from({ length: 10 }, () => pool.query(write)))
    }
    expect(new Map(lookups)).toEqual(before)
  })

  it('of instances are not looked up in a failover, nor the name of the cluster', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const before = new Map(cluster.lookups)
    await cluster.inject({ type: 'dns-down' })
    const promoted = cluster.failover()
    await eventually('the loss is seen', () => pool.aurora.stats().isFailingOver)
    await pool.query(write)
    await promoted
    for (const { endpoint } of cluster.instances)
      if (endpoint !== cluster.instance('instance-1').endpoint)
        expect(cluster.lookups.get(endpoint)).toBe(before.get(endpoint))
    expect(cluster.lookups.get(cluster.writerEndpoint)).toBe(before.get(cluster.writerEndpoint))
  })
})

describe('the password function', () => {
  it("is asked before each connect, with the instance's own name", async () => {
    const asked: PasswordTarget[] = []
    const pool = await simulation.readyPool({
      aurora: {
        ...eventual,
        password: (target) => {
          asked.push(target)
          return cluster.connection.password
        },
      },
    })
    await pool.query(write)
    for (let turn = 0; turn < 10; turn++) await pool.query('SELECT 1')
    const connects = cluster.log.filter(({ type }) => type === 'connection-opened').length
    expect(asked).toHaveLength(connects)
    const hosts = new Set(asked.map(({ host }) => host))
    for (const { endpoint } of cluster.instances) expect(hosts).toContain(endpoint)
    for (const { port, user } of asked)
      expect({ port, user }).toEqual({ port: cluster.port, user: cluster.connection.user })
  })

  it('may answer later, and is asked once more after access was denied', async () => {
    let asked = 0
    const pool = simulation.pool({
      host: cluster.writer.endpoint,
      aurora: {
        password: async () => {
          const turn = ++asked
          await pause(20)
          return turn <= 1 ? 'expired' : cluster.connection.password
        },
      },
    })
    const [rows] = await pool.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
  })

  it("that is denied twice gives mysql2's error, without the password", async () => {
    let asked = 0
    const pool = simulation.pool({
      host: cluster.writer.address,
      aurora: {
        password: () => {
          asked++
          return 'a wrong secret'
        },
      },
    })
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.code).toBe('ER_ACCESS_DENIED_ERROR')
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('a wrong secret')
  })

  it('that throws, rejects or returns no text fails the statement with its error', async () => {
    const broken = new Error('no token today')
    const givers = [
      () => {
        throw broken
      },
      () => Promise.reject(broken),
    ]
    for (const password of givers) {
      const pool = simulation.pool({ aurora: { password } })
      expect(await failureOf(pool.query('SELECT 1'))).toBe(broken)
      await pool.end()
    }
    const pool = simulation.pool({ aurora: { password: () => 7 as never } })
    expect((await failureOf(pool.query('SELECT 1'))).message).toContain(
      'aurora.password must return a string',
    )
  })

  it('that never answers does not stand in the way of end()', async () => {
    const pool = simulation.pool({ aurora: { password: () => new Promise<string>(() => {}) } })
    const waiting = failureOf(pool.query('SELECT 1'))
    await pause(20)
    await pool.end()
    expect((await waiting).message).toBe('Pool is closed.')
  })

  it('that answers after end() opens nothing any more', async () => {
    const { password } = cluster.connection
    let give = (): void => {}
    const given = new Promise<string>((resolve) => {
      give = () => resolve(password)
    })
    const pool = simulation.callbackPool({ aurora: { password: () => given } })
    let opened = 0
    pool.on('connection', () => opened++)
    const waiting = failureOf(pool.promise().query('SELECT 1'))
    // A question of the monitor's waits, too.
    const ready = failureOf(pool.aurora.ready())
    await pause(20)
    await pool.promise().end()
    await Promise.all([waiting, ready])
    const accepted = () => cluster.instances.map(({ counters }) => counters.connectionsAccepted)
    const before = accepted()
    give()
    await pause(100)
    expect(accepted()).toEqual(before)
    expect(opened).toBe(0)
  })

  it('that is slower than the questions of an episode leaves no connection behind', async () => {
    const { password } = cluster.connection
    let delayMs = 0
    const pool = await simulation.readyPool({
      aurora: {
        password: async () => {
          await pause(delayMs)
          return password
        },
      },
    })
    await pool.query(write)
    // Longer than a question in an episode is given before there is a connection.
    delayMs = 1_100
    await cluster.failover({ promoteMs: 100, detectMs: 50, returnMs: 100 })
    await pool.query(write)
    await pause(2 * delayMs)
    await pool.end()
    await eventually(
      'all connections are closed',
      () => cluster.instances.every(({ counters }) => counters.connectionsOpen === 0),
      5_000,
    )
  })

  it('is one way; a password written into the config later is another', async () => {
    const pool = simulation.callbackPool({ password: 'wrong' })
    expect((await failureOf(pool.promise().query('SELECT 1'))).errno).toBe(1045)
    const config = (pool as unknown as { config: { connectionConfig: { password: string } } })
      .config
    config.connectionConfig.password = cluster.connection.password
    const [rows] = await pool.promise().query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
  })
})

describe('in calm nothing is asked twice', () => {
  it('one statement in, one statement out', async () => {
    const pool = await simulation.readyPool({ aurora: { ...eventual, refreshIntervalMs: 600_000 } })
    await Promise.all(Array.from({ length: 10 }, () => pool.query('SELECT 1')))
    await pool.query(write)
    const session = await pool.getConnection()
    // Connections opened by the cluster's name have said whose they are.
    await eventually('none is nameless', () =>
      pool.aurora.stats().instances.every(({ id, open }) => id !== '(endpoint)' || open === 0),
    )
    const before = simulation.counts()
    for (let turn = 0; turn < 50; turn++) {
      await pool.query('SELECT 1')
      await pool.query(write)
      await session.query('SELECT 1')
      await session.query(write)
    }
    const counts = Object.values(simulation.countsSince(before))
    expect(counts.reduce((sum, { statements }) => sum + statements, 0)).toBe(200)
    expect(counts.reduce((sum, { writes }) => sum + writes, 0)).toBe(100)
    expect(cluster.instances.reduce((sum, { counters }) => sum + counters.pings, 0)).toBe(0)
    session.release()
  })

  it('one prepared statement is prepared once per connection', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: eventual })
    for (let turn = 0; turn < 20; turn++) await pool.execute('SELECT ? AS n', [turn])
    const prepared = cluster.instances.reduce((sum, { counters }) => sum + counters.prepared, 0)
    expect(prepared).toBeLessThanOrEqual(3)
  })

  it('a connection unused for long is pinged before it carries anything', async () => {
    const pool = await simulation.readyPool({
      connectionLimit: 1,
      aurora: { ...eventual, checkIdleAfterMs: 200 },
    })
    const pings = () => cluster.instances.reduce((sum, { counters }) => sum + counters.pings, 0)
    for (const side of [pool.writer, pool.reader]) {
      // On connections of the instances themselves, and on each of them.
      for (let turn = 0; turn < 30; turn++) await side.query('SELECT 1')
      await pause(250)
      const before = pings()
      await side.query('SELECT 1')
      expect(pings()).toBe(before + 1)
    }
  })

  it('a connection in use is never pinged', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: eventual })
    const before = cluster.instances.map(({ counters }) => counters.pings)
    for (let turn = 0; turn < 20; turn++) await pool.query(turn % 2 === 0 ? write : 'SELECT 1')
    expect(cluster.instances.map(({ counters }) => counters.pings)).toEqual(before)
  })

  it('a connection that died unnoticed is replaced before a write: nothing fails', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1, aurora: { checkIdleAfterMs: 0 } })
    await pool.query(write)
    await cluster.inject({ type: 'reset' })
    await pool.query(write)
    const [row] = await cluster.query('SELECT COUNT(*) AS notes FROM app.note')
    expect(row?.notes).toBe(2)
  })
})
