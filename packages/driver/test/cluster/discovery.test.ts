import type { Cluster } from 'aurora-mysql2-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  pause,
  type Simulation,
  scaled,
  simulate,
  whereIs,
} from '../simulation.js'
import { monitorsOpen } from '../watch-pool.js'

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

describe('a topology in which nobody is the writer', () => {
  it('is not waited for without an end, and may be asked for', async () => {
    const heal = await cluster.inject({ type: 'no-writer' })
    const pool = simulation.pool({ aurora: { failoverTimeoutMs: 400 } })
    await pool.query("INSERT INTO note (text) VALUES ('x')")
    const error = await failureOf(pool.aurora.ready())
    expect(error).toMatchObject({ code: 'ERR_AURORA_NO_WRITER' })
    await pool.aurora.refresh()
    await heal()
    await eventually('it is ready', () =>
      pool.aurora.ready().then(
        () => true,
        () => false,
      ),
    )
  })
})

describe('the first statements', () => {
  it('are not held up by a topology question that is never answered', async () => {
    const pool = simulation.pool()
    // The endpoint takes connections and greets; only questions for the topology hang behind this lock.
    const heal = await cluster.inject({ type: 'slow', delayMs: 400 })
    const [rows] = await pool.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    await heal()
  })

  it('leave their connection to the instance that it leads to', async () => {
    const pool = simulation.callbackPool()
    const threads: unknown[] = []
    pool.on('connection', ({ threadId }) => threads.push(threadId))
    await pool.promise().query('SELECT 1')
    await pool.aurora.ready()
    const writer = () => pool.aurora.stats().instances.find(({ id }) => id === 'instance-1')
    await eventually('the writer has it', () => writer()?.idle === 1)
    await pool.promise().query("INSERT INTO note (text) VALUES ('x')")
    expect(threads).toHaveLength(1)
  })

  it('leave no connection behind that was opened by the name given', async () => {
    const pool = simulation.pool()
    await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT 1')))
    await pool.aurora.ready()
    await pool.query('SELECT 1')
    await eventually(
      'none is left under the name given',
      () => {
        const given = pool.aurora.stats().instances.find(({ id }) => id === '(endpoint)')
        return given?.open === 0 && given.connecting === 0
      },
      5_000,
    )
  })

  it('leave no connection behind when they are begun in the turn in which the topology comes', async () => {
    const pool = simulation.pool()
    pool.aurora.once('discovered', () => {})
    const first = Array.from({ length: 4 }, () => pool.query('SELECT 1'))
    pool.aurora.once('topologyChanged', () => {
      first.push(...Array.from({ length: 4 }, () => pool.query('SELECT 1')))
    })
    await pool.aurora.ready()
    await Promise.all(first)
    await eventually(
      'none is left under the name given',
      () => {
        const given = pool.aurora.stats().instances.find(({ id }) => id === '(endpoint)')
        return given?.open === 0
      },
      5_000,
    )
  })
})

describe('trouble at the start', () => {
  it('with too many connections does not end discovery for good', async () => {
    const heal = await cluster.inject({ type: 'overload', maxConnections: 0 })
    const pool = simulation.pool()
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.errno).toBe(1040)
    await pause(100)
    await heal()
    await pool.aurora.ready()
    await pool.query('SELECT 1')
    await eventually('the cluster is found', () => pool.aurora.stats().mode === 'cluster', 5_000)
  })

  it('with a password that is not valid yet does not end discovery for good', async () => {
    let password = 'not yet'
    const pool = simulation.pool({ aurora: { password: () => password } })
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.errno).toBe(1045)
    await pause(100)
    password = cluster.connection.password
    await pool.query('SELECT 1')
    await eventually('the cluster is found', () => pool.aurora.stats().mode === 'cluster', 5_000)
  })

  it('with a writer that falls silent as soon as it is known does not keep end() from ending', async () => {
    const pool = simulation.pool({ connectionLimit: 5 })
    let heal = async (): Promise<void> => {}
    const silent = new Promise<void>((resolve) => {
      pool.aurora.once('discovered', () => {
        void cluster.inject({ type: 'hang', instance: 'instance-1' }).then((undo) => {
          heal = undo
          resolve()
        })
      })
    })
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1'), pool.query('SELECT 1')])
    await silent
    await eventually('the connections of the first statements are gone', () => {
      const given = pool.aurora.stats().instances.find(({ id }) => id === '(endpoint)')
      return given?.open === 0
    })
    const ended = await Promise.race([
      pool.end().then(() => 'ended'),
      pause(5_000).then(() => 'not ended'),
    ])
    await heal()
    expect(ended).toBe('ended')
  })

  it('with instances that take no more connections is no reason to go on without them', async () => {
    const full = { type: 'overload', maxConnections: 0 } as const
    const heals = await Promise.all([
      cluster.inject({ ...full, instance: 'instance-1', maxConnections: 2 }),
      cluster.inject({ ...full, instance: 'instance-2' }),
      cluster.inject({ ...full, instance: 'instance-3' }),
    ])
    // The questions to the instances find no place: the endpoint given has taken them.
    const pool = simulation.pool({ connectionLimit: 1 })
    const modes: string[] = []
    pool.aurora.on('discovered', ({ mode }) => modes.push(mode))
    await pool.query('SELECT 1')
    const refused = () =>
      cluster.instances.reduce((sum, { counters }) => sum + counters.connectionsRefused, 0)
    await eventually('they were asked for long', () => refused() >= 6)
    for (const heal of heals) await heal()
    await pool.aurora.ready()
    expect(modes).toEqual(['cluster'])
  })

  it.each([
    ['is empty', { type: 'empty-topology' }],
    ['is refused', { type: 'deny-topology' }],
  ] as const)('with a table that %s for a while is over when that is', async (_, fault) => {
    const heals = await Promise.all(
      cluster.instances.map(({ id: instance }) => cluster.inject({ ...fault, instance })),
    )
    const pool = simulation.pool({ aurora: { consistency: 'eventual' } })
    await pool.aurora.ready()
    expect(pool.aurora.stats().mode).toBe('single')
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query("INSERT INTO note (text) VALUES ('begun before')")
    const promoted: unknown[] = []
    pool.aurora.on('writerPromoted', (event) => promoted.push(event))
    for (const heal of heals) await heal()
    await eventually('the cluster is found', () => pool.aurora.stats().mode === 'cluster')
    await session.query("INSERT INTO note (text) VALUES ('ended after')")
    await session.commit()
    session.release()
    expect(promoted).toEqual([])
    expect(await whereIs(pool, { role: 'reader' })).not.toBe('instance-1')
    expect(await cluster.query('SELECT COUNT(*) AS n FROM app.note')).toEqual([{ n: 2 }])
    await eventually('none is left under the name given', () => {
      const given = pool.aurora.stats().instances.find(({ id }) => id === '(endpoint)')
      return given?.open === 0
    })
  })

  it('with instance endpoints that lead nowhere for a while is over when that is', async () => {
    let isOpen = false
    const pool = simulation.pool({
      aurora: {
        lookup: ((name: string, options: object, done: (error: Error) => void) => {
          if (isOpen || name === cluster.writerEndpoint)
            return cluster.lookup(name, options, done as never)
          done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
        }) as never,
      },
    })
    await pool.aurora.ready()
    expect(pool.aurora.stats().mode).toBe('single')
    await pool.query("INSERT INTO note (text) VALUES ('first')")
    await cluster.failover({ promoteMs: 100, detectMs: 50, dnsMs: 50 })
    await pool.query("INSERT INTO note (text) VALUES ('by the name alone')")
    isOpen = true
    await eventually('the cluster is found', () => pool.aurora.stats().mode === 'cluster')
    expect(pool.aurora.topology?.writer?.id).toBe(cluster.writer.id)
    await pool.query("INSERT INTO note (text) VALUES ('by its own')")
  })

  it('with a topology that is refused goes on with the endpoint alone, and says so', async () => {
    await cluster.inject({ type: 'deny-topology' })
    const pool = simulation.pool()
    const discovered = new Promise<{ mode: string }>((resolve) =>
      pool.aurora.once('discovered', resolve),
    )
    await pool.query('SELECT 1')
    await pool.query("INSERT INTO note (text) VALUES ('x')")
    expect((await discovered).mode).toBe('single')
    await pool.aurora.ready()
  })

  it('with an empty topology serves reads and writes by the endpoint given', async () => {
    await cluster.inject({ type: 'empty-topology' })
    const pool = simulation.pool()
    await pool.query('SELECT 1')
    await pool.query("INSERT INTO note (text) VALUES ('x')")
    const [rows] = await pool.query('SELECT COUNT(*) AS notes FROM note')
    expect(rows).toEqual([{ notes: 1 }])
  })

  it('with instance endpoints that lead nowhere goes on with the endpoint given, and says so', async () => {
    const pool = simulation.pool({
      aurora: { instanceEndpoint: () => ({ host: '127.0.0.1', port: 1 }) },
    })
    const discovered = new Promise<{ mode: string; reason?: string }>((resolve) =>
      pool.aurora.once('discovered', resolve),
    )
    await pool.query('SELECT 1')
    expect((await discovered).mode).toBe('single')
    await pool.query("INSERT INTO note (text) VALUES ('x')")
    await pool.query('SELECT COUNT(*) FROM note')
  })
})

describe('later', () => {
  it('a topology that is refused stops nothing: the writer writes, the readers read', async () => {
    const pool = await simulation.readyPool({ aurora: { failoverTimeoutMs: 2_000 } })
    await pool.query("INSERT INTO note (text) VALUES ('before')")
    const heals = await Promise.all(
      cluster.instances.map(({ id }) => cluster.inject({ type: 'deny-topology', instance: id })),
    )
    const started: unknown[] = []
    pool.aurora.on('failoverStarted', (event) => started.push(event))
    for (let turn = 0; turn < 10; turn++) {
      await pool.query("INSERT INTO note (text) VALUES ('while refused')")
      await pool.query('SELECT COUNT(*) FROM note')
      await pause(30)
    }
    expect(started).toEqual([])
    for (const heal of heals) await heal()
  })

  it('a writer that takes no more connections is not a dead writer: what is open goes on', async () => {
    const pool = await simulation.readyPool({ aurora: { idleAfterMs: 60 } })
    await pool.query("INSERT INTO note (text) VALUES ('before')")
    const { counters } = cluster.writer
    await eventually('the monitor sleeps', () => counters.connectionsOpen === 1, 5_000)
    await cluster.inject({ type: 'overload', maxConnections: 1 })
    const started: unknown[] = []
    pool.aurora.on('failoverStarted', (event) => started.push(event))
    for (let turn = 0; turn < 10; turn++) {
      await pool.query("INSERT INTO note (text) VALUES ('while full')")
      await pause(20)
    }
    expect(started).toEqual([])
  })

  it('a monitor connection that is killed is not the end of the writer', async () => {
    // Killed between two questions: one that is under way and fails is another matter.
    const pool = await simulation.readyPool({ aurora: { refreshIntervalMs: 600_000 } })
    await pool.query("INSERT INTO note (text) VALUES ('before')")
    const started: unknown[] = []
    pool.aurora.on('failoverStarted', (event) => started.push(event))
    const { topologyQuestions } = cluster.writer.counters
    const opened = cluster.log.filter(
      (event) =>
        event.type === 'connection-opened' &&
        event.purpose === 'monitor' &&
        event.instance === cluster.writer.id,
    )
    for (const event of opened)
      if (event.type === 'connection-opened')
        await cluster.query(`KILL ${event.threadId}`).catch(() => {})
    await eventually('it is asked on another', async () => {
      await pool.query("INSERT INTO note (text) VALUES ('after')")
      return cluster.writer.counters.topologyQuestions > topologyQuestions
    })
    expect(started).toEqual([])
  })

  it('asks nothing while it is idle, and begins again with the next statement', async () => {
    const pool = await simulation.readyPool({ aurora: { idleAfterMs: scaled(400) } })
    await pool.query('SELECT 1')
    await eventually('no monitor connection is open', () => monitorsOpen(cluster) === 0)
    const before = simulation.counts()
    await pause(scaled(800))
    const asked = simulation.countsSince(before)
    expect(Object.values(asked).map(({ statements }) => statements)).toEqual([0, 0, 0])
    await pool.query('SELECT 1')
    await eventually('it asks again', () =>
      Object.values(simulation.countsSince(before)).some(
        ({ topologyQuestions }) => topologyQuestions > 0,
      ),
    )
  })

  it('asks nothing while it is idle of a reader that was away when it fell asleep', async () => {
    const idleAfterMs = 300
    const pool = await simulation.readyPool({ aurora: { idleAfterMs, consistency: 'eventual' } })
    await cluster.crash('instance-3')
    await eventually('it is known that the reader is away', async () => {
      await pool.query('SELECT 1')
      return pool.aurora.stats().instances.some(({ isReachable }) => !isReachable)
    })
    await eventually('it is asleep', () => monitorsOpen(cluster) === 0)
    await cluster.restart('instance-3')
    const before = simulation.counts()
    // Idle connections are looked over once a second.
    await pause(1_500)
    const asked = Object.values(simulation.countsSince(before))
    expect(asked.map(({ topologyQuestions }) => topologyQuestions)).toEqual([0, 0, 0])
    expect(monitorsOpen(cluster)).toBe(0)
    await eventually('the reader serves again', async () => {
      return (await whereIs(pool, { role: 'reader' })) === 'instance-3'
    })
  })

  it('closes what it has asked one endpoint on, once it is idle', async () => {
    const pool = await simulation.readyPool({
      host: cluster.writer.endpoint,
      aurora: { idleAfterMs: 300 },
    })
    let suspected = 0
    pool.aurora.on('instanceSuspected', () => suspected++)
    for (let turn = 0; turn < 2; turn++) {
      await pool.query('DO SLEEP(0.5)')
      expect(suspected).toBeGreaterThan(turn)
      await eventually('no monitor connection is open', () => monitorsOpen(cluster) === 0)
    }
  })

  it('refresh() sees what has just changed', async () => {
    const pool = await simulation.readyPool({ aurora: { refreshIntervalMs: 600_000 } })
    const added = await cluster.addReader({ id: 'late' })
    await eventually('the writer shows it', async () => {
      await pool.aurora.refresh()
      return pool.aurora.topology?.readers.some(({ id }) => id === added.id) ?? false
    })
    expect(await whereIs(pool, { role: 'reader' })).not.toBe(cluster.writer.id)
  })

  it('an instance that moves takes its connections along: none stays at the old endpoint', async () => {
    let alias = 0
    const pool = await simulation.readyPool({
      aurora: {
        consistency: 'eventual',
        instanceEndpoint: (id) => ({
          host: alias === 0 ? cluster.instance(id).endpoint : `moved.${id}`,
          port: cluster.instance(id).port,
        }),
        lookup: ((host: string, options: object, callback: (...args: unknown[]) => void) =>
          cluster.lookup(
            host.startsWith('moved.') ? cluster.instance(host.slice(6)).endpoint : host,
            options,
            callback as never,
          )) as never,
      },
    })
    for (let turn = 0; turn < 20; turn++) await pool.query('SELECT 1')
    await pool.query("INSERT INTO note (text) VALUES ('x')")
    alias = 1
    await eventually('the new endpoints are in force', () =>
      (pool.aurora.topology?.instances ?? []).every(({ endpoint }) =>
        endpoint.host.startsWith('moved.'),
      ),
    )
    await pool.query("INSERT INTO note (text) VALUES ('y')")
    const closed = () =>
      cluster.log.filter(
        (event) => event.type === 'connection-closed' && event.purpose === 'application',
      ).length
    const opened = () =>
      cluster.log.filter(
        (event) => event.type === 'connection-opened' && event.purpose === 'application',
      ).length
    await eventually(
      'what is open is what the pool counts',
      () =>
        opened() - closed() ===
        pool.aurora.stats().instances.reduce((sum, { open }) => sum + open, 0),
      5_000,
    )
  })
})
