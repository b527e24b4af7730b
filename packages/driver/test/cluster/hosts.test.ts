import type { Cluster } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { HAS_RESET } from '../mysql2-features.js'
import { eventually, failureOf, pause, type Simulation, simulate, whereIs } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

async function start(instances = 3): Promise<void> {
  simulation = await simulate({ instances })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
}

afterEach(async () => {
  await simulation.closePools()
  await cluster.close()
})

const write = "INSERT INTO note (text) VALUES ('x')"

describe('the cluster endpoint', () => {
  it('is all instances: writes on the writer, reads on readers', async () => {
    await start()
    const pool = await simulation.readyPool()
    expect(pool.aurora.topology?.writer?.id).toBe('instance-1')
    expect(pool.aurora.topology?.readers.map(({ id }) => id)).toEqual(['instance-2', 'instance-3'])
    expect(await whereIs(pool)).toBe('instance-1')
    expect(await whereIs(pool, { role: 'reader' })).not.toBe('instance-1')
  })
})

describe('the reader endpoint', () => {
  it('is readers only, each of them', async () => {
    await start()
    const pool = await simulation.readyPool({ host: cluster.readerEndpoint })
    const seen = new Set<string>()
    for (let turn = 0; turn < 40; turn++) seen.add(await whereIs(pool))
    expect([...seen].sort()).toEqual(['instance-2', 'instance-3'])
  })

  it('gives a write the error of the reader, at once', async () => {
    await start()
    const pool = await simulation.readyPool({ host: cluster.readerEndpoint })
    const error = await failureOf(pool.query(write))
    expect(error.errno).toBe(1290)
    expect(await whereIs(pool)).not.toBe('instance-1')
  })

  it('is what the name leads to while there is no reader, and waits for no writer afterwards either', async () => {
    await start(1)
    const pool = simulation.pool({ host: cluster.readerEndpoint })
    const [rows] = await pool.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    const added = await cluster.addReader()
    await eventually('the reader serves', async () => (await whereIs(pool)) === added.id, 10_000)
    const error = await failureOf(
      Promise.race([pool.query(write), pause(5_000).then(() => 'waits')]),
    )
    expect(error.errno).toBe(1290)
  })

  it('ends in the error of the connect when nobody is left, not in a storm of connects', async () => {
    await start(2)
    const pool = await simulation.readyPool({
      host: cluster.readerEndpoint,
      aurora: { failoverTimeoutMs: 500 },
    })
    await pool.query('SELECT 1')
    await Promise.all(cluster.instances.map(({ id }) => cluster.crash(id)))
    const before = cluster.lookups.get(cluster.readerEndpoint.toLowerCase()) ?? 0
    const error = await failureOf(
      Promise.race([pool.query('SELECT 1'), pause(8_000).then(() => 'goes on')]),
    )
    expect(error.code).toMatch(/ECONNREFUSED|ERR_AURORA_NO_READER/)
    const after = cluster.lookups.get(cluster.readerEndpoint.toLowerCase()) ?? 0
    expect(after - before).toBeLessThan(100)
  })
})

describe('one endpoint alone', () => {
  it.each(['instance', 'custom'] as const)('%s: everything runs there', async (kind) => {
    await start()
    const host = kind === 'instance' ? cluster.writer.endpoint : cluster.customEndpoint
    const pool = await simulation.readyPool({ host })
    expect(pool.aurora.stats().mode).toBe('single')
    await pool.query('SELECT 1')
    const { instances } = pool.aurora.stats()
    expect(instances.map(({ id }) => id)).toEqual(['(endpoint)'])
  })

  it('a reader named as such: a write gets its error at once, reads go on', async () => {
    await start()
    const pool = await simulation.readyPool({ host: cluster.instance('instance-2').endpoint })
    const error = await failureOf(pool.query(write))
    expect(error.errno).toBe(1290)
    expect(await whereIs(pool)).toBe('instance-2')
  })

  it('a reader named as such: whatever else runs there, a write gets its error at once', async () => {
    await start()
    const pool = await simulation.readyPool({ host: cluster.instance('instance-2').endpoint })
    for (const sql of ['DO 1', "SELECT GET_LOCK('here', 1)", "SET time_zone = '+01:00'"])
      await pool.query(sql)
    const session = await pool.getConnection()
    await session.query('SELECT 1 INTO @one')
    if (HAS_RESET) await session.reset()
    session.release()
    const waiting: unknown[] = []
    pool.aurora.on('statementWaiting', (event) => waiting.push(event))
    expect((await failureOf(pool.query(write))).errno).toBe(1290)
    expect(waiting).toEqual([])
  })

  it('a reader named as such that crashes: a bounded number of connects, then the error', async () => {
    await start()
    const { endpoint } = cluster.instance('instance-2')
    const pool = await simulation.readyPool({ host: endpoint, aurora: { failoverTimeoutMs: 500 } })
    await pool.query('SELECT 1')
    await cluster.crash('instance-2')
    const before = cluster.lookups.get(endpoint) ?? 0
    const error = await failureOf(
      Promise.race([pool.query('SELECT 1'), pause(8_000).then(() => 'goes on')]),
    )
    expect(error.code).toMatch(/ECONNREFUSED|ERR_AURORA/)
    expect((cluster.lookups.get(endpoint) ?? 0) - before).toBeLessThan(100)
  })

  it('the writer named as such that restarts: statements wait for it', async () => {
    await start()
    const pool = await simulation.readyPool({ host: cluster.writer.endpoint })
    await pool.query(write)
    const returnAfterMs = 200
    await cluster.crash(cluster.writer.id, { returnAfterMs })
    await eventually('the loss is seen', () => pool.aurora.stats().instances[0]?.open === 0)
    await pool.query(write)
    const [rows] = await pool.query('SELECT COUNT(*) AS notes FROM note')
    expect(rows).toEqual([{ notes: 2 }])
  })

  it('the writer named as such that falls silent: what a session sends waits like the rest', async () => {
    await start(1)
    const pool = await simulation.readyPool({ host: cluster.writer.endpoint })
    const session = await pool.getConnection()
    await session.query(write)
    const heal = await cluster.inject({ type: 'hang' })

    const underWay = pool.query('DO 1').catch(() => {})
    await eventually('the writer is looked for', () => pool.aurora.stats().isFailingOver)
    const waiting = [pool.query(write), session.query(write)]
    await eventually('both wait', () => pool.aurora.stats().waiting === 2)
    await heal()
    await Promise.all([underWay, ...waiting])
    session.release()
    expect(await cluster.query('SELECT COUNT(*) AS n FROM app.note')).toEqual([{ n: 3 }])
  })

  it('an instance with discover: the whole cluster', async () => {
    await start()
    const pool = await simulation.readyPool({
      host: cluster.instance('instance-2').endpoint,
      aurora: { discover: true },
    })
    expect(pool.aurora.topology?.instances).toHaveLength(3)
    await pool.query(write)
  })
})

describe('an address', () => {
  it('without instanceEndpoint: that one endpoint, and an event says what is missed', async () => {
    await start()
    const pool = simulation.pool({ host: cluster.writer.address })
    const discovered = new Promise<{ mode: string; reason?: string }>((resolve) =>
      pool.aurora.once('discovered', resolve),
    )
    await pool.query(write)
    const { mode, reason } = await discovered
    expect(mode).toBe('single')
    expect(reason).toContain('aurora.instanceEndpoint')
  })

  it.each(['pattern', 'function'] as const)(
    'with instanceEndpoint as a %s: the whole cluster',
    async (form) => {
      await start()
      const [, ...rest] = cluster.writer.endpoint.split('.')
      const pattern = `?.${rest.join('.')}`
      const pool = await simulation.readyPool({
        host: cluster.writer.address,
        aurora: {
          instanceEndpoint:
            form === 'pattern'
              ? pattern
              : (id) => ({ host: cluster.instance(id).address, port: cluster.port }),
        },
      })
      expect(pool.aurora.topology?.instances).toHaveLength(3)
      expect(await whereIs(pool, { role: 'reader' })).not.toBe('instance-1')
    },
  )
})
