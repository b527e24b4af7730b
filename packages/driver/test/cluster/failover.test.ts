import type { AuroraEventMap } from 'aurora-mysql2'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { ResultSetHeader } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  simulate,
  whereIs,
} from '../simulation.js'
import { EVENTS, listen, seesLoss } from '../watch-pool.js'

let simulation: Simulation
let cluster: Cluster

async function start(instances = 3): Promise<void> {
  simulation = await simulate({ instances })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
}

beforeEach(() => start())

afterEach(async () => {
  await simulation.closePools()
  await cluster.close()
})

const write = "INSERT INTO note (text) VALUES ('x')"

async function notes(): Promise<number> {
  const [row] = await cluster.query('SELECT COUNT(*) AS notes FROM app.note')
  return Number(row?.notes)
}

describe('the writer crashes and a reader takes over', () => {
  it('writes that had not begun wait, and run once on the new writer', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const former = cluster.writer.id
    const heard = listen(pool)
    const promoted = cluster.failover()
    await seesLoss(pool, former)
    await Promise.all(Array.from({ length: 30 }, () => pool.query(write)))
    await promoted
    expect(await notes()).toBe(31)
    expect(cluster.writer.id).not.toBe(former)
    expect(await whereIs(pool)).toBe(cluster.writer.id)
    const names = heard.map(([name]) => name)
    expect(names.filter((name) => name === 'failoverStarted')).toHaveLength(1)
    expect(names.filter((name) => name === 'failoverCompleted')).toHaveLength(1)
    expect(names.indexOf('failoverStarted')).toBeLessThan(names.indexOf('instanceFenced'))
    expect(names.indexOf('writerPromoted')).toBeLessThan(names.indexOf('failoverCompleted'))
    const completed = heard.find(([name]) => name === 'failoverCompleted')?.[1]
    expect((completed as AuroraEventMap['failoverCompleted']).woken).toBeGreaterThan(0)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('reads go on meanwhile, none fails', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    let isOver = false
    let reads = 0
    const readers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        await pool.query('SELECT COUNT(*) FROM note')
        reads++
      }
    })
    await cluster.failover()
    await pool.query(write)
    isOver = true
    await Promise.all(readers)
    expect(reads).toBeGreaterThan(8)
  })

  it('a write under way surfaces once, its outcome unknown, the first error untouched', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const underWay = failureOf(pool.query('INSERT INTO note (text) SELECT SLEEP(20)'))
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay: count }) => count > 0),
    )
    await pause(30)
    await cluster.failover()
    const error = await underWay
    expect(error).toMatchObject({
      code: expect.stringMatching(/PROTOCOL_CONNECTION_LOST|ECONNRESET/),
      fatal: true,
      aurora: { kind: 'lost', outcome: 'unknown', instance: 'instance-1', attempts: 1 },
    })
    expect(error.message).not.toContain('SLEEP')
    await pool.query(write)
  })

  it('an idempotent one is run again', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const again = pool.query({
      sql: "INSERT INTO note (id, text) SELECT 1000, SLEEP(IF(@@innodb_read_only = 0 AND @@aurora_server_id = 'instance-1', 20, 0)) ON DUPLICATE KEY UPDATE text = 'again'",
      aurora: { idempotent: true },
    } as never)
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay: count }) => count > 0),
    )
    await pause(30)
    await cluster.failover()
    await again
    expect(await notes()).toBe(2)
  })

  it('a second failover right after the first ends in service too', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    for (let turn = 0; turn < 3; turn++) {
      const former = cluster.writer.id
      const promoted = cluster.failover({ promoteMs: 50, detectMs: 20, returnMs: 30 })
      await seesLoss(pool, former)
      await pool.query(write)
      await promoted
    }
    expect(await notes()).toBe(4)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('a failover during the failover ends in service too', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const former = cluster.writer.id
    const first = cluster.failover({ promoteMs: 200, detectMs: 50, returnMs: 400 })
    await seesLoss(pool, former)
    const waiting = pool.query(write)
    await pause(100)
    const second = cluster.failover({ promoteMs: 200, detectMs: 50, returnMs: 400 })
    await Promise.all([first, second])
    await waiting
    await pool.query(write)
    expect(await notes()).toBe(3)
  })

  it('all instances gone and back: everything waits, and goes on', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    await Promise.all(cluster.instances.map(({ id }) => cluster.crash(id, { returnAfterMs: 400 })))
    await eventually('all is lost', () =>
      pool.aurora.stats().instances.every(({ open }) => open === 0),
    )
    await Promise.all([pool.query(write), pool.query('SELECT 1'), pool.query(write)])
    expect(await notes()).toBe(3)
  })

  it('with one instance only: it comes back by itself, as writer', async () => {
    await simulation.closePools()
    await cluster.close()
    await start(1)
    const pool = await simulation.readyPool()
    await pool.query(write)
    const former = cluster.writer.id
    const promoted = cluster.failover({ promoteMs: 200 })
    await seesLoss(pool, former)
    await pool.query(write)
    await pool.query('SELECT 1')
    await promoted
    expect(await notes()).toBe(2)
  })
})

describe('the writer falls silent', () => {
  it('its silence is noticed; writes go on with the next writer, and what hung ends', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const heard = listen(pool)
    const promoted = cluster.failover({ how: 'hang', promoteMs: 400 })
    const hung = failureOf(pool.query(write))
    await eventually('it is noticed', () => heard.some(([name]) => name === 'failoverStarted'))
    await pool.query(write)
    await promoted
    expect((await hung).aurora).toMatchObject({ outcome: 'unknown' })
    await eventually('nothing is left', () => nothingIsLeft(pool))
    expect(heard.some(([name]) => name === 'instanceSuspected')).toBe(true)
  })

  it('a hang of the host alone, without failover: it speaks again and everything runs', async () => {
    const pool = await simulation.readyPool({ aurora: { condemnAfterMs: 20_000 } })
    await pool.query(write)
    await cluster.hang(cluster.writer.id, { returnAfterMs: 300 })
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => pool.query(write)))
    await pool.query(write)
    const done = results.filter(({ status }) => status === 'fulfilled').length
    expect(await notes()).toBeGreaterThanOrEqual(done + 2)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('a long statement on a healthy writer is never cut', async () => {
    const pool = await simulation.readyPool()
    const heard = listen(pool)
    await pool.query('DO SLEEP(2)')
    expect(heard.map(([name]) => name)).not.toContain('failoverStarted')
    expect(heard.map(([name]) => name)).not.toContain('instanceFenced')
  })
})

describe('what is told', () => {
  it('is frozen to the ground, and has no secret in it', async () => {
    const pool = await simulation.readyPool()
    const heard = listen(pool)
    await pool.query(write)
    const former = cluster.writer.id
    const promoted = cluster.failover()
    await seesLoss(pool, former)
    await pool.execute('INSERT INTO note (text) VALUES (?)', ['a value of the application'])
    await promoted
    await eventually('it is over', () => heard.some(([name]) => name === 'failoverCompleted'))
    for (const [name, payload] of heard) expect(isFrozen(payload), name).toBe(true)
    const told = JSON.stringify([heard, pool.aurora.stats(), pool.aurora.topology])
    expect(told).not.toContain(cluster.connection.password)
    expect(told).not.toContain('a value of the application')
    expect(isFrozen(pool.aurora.topology)).toBe(true)
  })

  it('is not disturbed by a listener that throws', async () => {
    const pool = await simulation.readyPool()
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown: unknown[] = []
    const hear = (error: unknown) => thrown.push(error)
    process.on('uncaughtException', hear)
    for (const name of EVENTS)
      pool.aurora.on(name, () => {
        throw new Error('thrown by a listener')
      })
    const former = cluster.writer.id
    await pool.query(write)
    const promoted = cluster.failover()
    await seesLoss(pool, former)
    const [result] = await pool.query<ResultSetHeader>(write)
    await promoted
    await pause(20)
    process.off('uncaughtException', hear)
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(result.affectedRows).toBe(1)
    expect(thrown.length).toBeGreaterThan(0)
  })
})

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozen)
}
