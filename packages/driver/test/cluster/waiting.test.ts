import type { Cluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, nothingIsLeft, type Simulation, simulate } from '../simulation.js'
import { listen, seesLoss } from '../watch-pool.js'

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

describe('waiting for a writer', () => {
  async function withoutWriter(options: object = {}) {
    const pool = await simulation.readyPool({ aurora: { ...options } })
    await pool.query(write)
    await cluster.crash(cluster.writer.id)
    await seesLoss(pool, cluster.writer.id)
    return pool
  }

  it('ends after failoverTimeoutMs, with an error that names it and keeps the first one', async () => {
    const pool = await withoutWriter({ failoverTimeoutMs: 300 })
    const error = await failureOf(pool.query(write))
    expect(error.code).toBe('ERR_AURORA_NO_WRITER')
    expect(error.message).toContain('aurora.failoverTimeoutMs')
    expect((error.cause as { code?: string }).code).toMatch(/ECONN|PROTOCOL_CONNECTION_LOST/)
    expect(error.aurora).toMatchObject({ attempts: 0 })
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it("ends after the statement's own waitMs", async () => {
    const pool = await withoutWriter()
    const error = await failureOf(pool.query({ sql: write, aurora: { waitMs: 100 } }))
    expect(error.code).toBe('ERR_AURORA_NO_WRITER')
    expect(error.message).toContain('waitMs')
  })

  it('ends when the signal is given, before or while it waits', async () => {
    const pool = await withoutWriter()
    const controller = new AbortController()
    const waiting = failureOf(pool.query({ sql: write, aurora: { signal: controller.signal } }))
    await eventually('it waits', () => pool.aurora.stats().waiting === 1)
    const reason = new Error('the caller went away')
    controller.abort(reason)
    const error = await waiting
    expect(error.code).toBe('ERR_AURORA_ABORTED')
    expect(error.cause).toBe(reason)
    const again = await failureOf(
      pool.query({ sql: write, aurora: { signal: AbortSignal.abort() } }),
    )
    expect(again.code).toBe('ERR_AURORA_ABORTED')
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('refuses the newcomer when maxWaiting wait already', async () => {
    const pool = await withoutWriter({ maxWaiting: 2 })
    const waiting = Promise.allSettled([pool.query(write), pool.query(write)])
    await eventually('two wait', () => pool.aurora.stats().waiting === 2)
    const error = await failureOf(pool.query(write))
    expect(error.code).toBe('ERR_AURORA_QUEUE_FULL')
    expect(error.message).toContain('aurora.maxWaiting')
    await pool.end()
    for (const outcome of await waiting)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'Pool is closed.' } })
  })

  it('ends with the pool: whoever waits hears "Pool is closed.", nothing stays open', async () => {
    const pool = await withoutWriter()
    const waiting = failureOf(pool.query(write))
    await eventually('it waits', () => pool.aurora.stats().waiting === 1)
    await pool.end()
    expect((await waiting).message).toBe('Pool is closed.')
    await eventually('all connections are closed', () =>
      cluster.instances.every(({ counters }) => counters.connectionsOpen === 0),
    )
  })

  it('is told once when it lasts, and the search goes on', async () => {
    const pool = await withoutWriter({ failoverTimeoutMs: 200 })
    const heard = listen(pool)
    await failureOf(pool.query(write))
    await eventually('it is told', () => heard.some(([name]) => name === 'failoverFailed'))
    await cluster.restart(cluster.writer.id)
    await eventually('writes run again', async () => {
      return pool.query(write).then(
        () => true,
        () => false,
      )
    })
  })

  it('does not hold up sessions that only read', async () => {
    const pool = await withoutWriter()
    const session = await pool.getConnection()
    const [rows] = await session.query<RowDataPacket[]>({
      sql: 'SELECT 1 AS one',
      aurora: { role: 'reader' },
    } as never)
    expect(rows).toEqual([{ one: 1 }])
    session.release()
  })
})

describe('too many connections', () => {
  it('on the writer: a write waits for a connection that is given back', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    await eventually(
      'the monitor and one are open',
      () => cluster.writer.counters.connectionsOpen === 2,
    )
    await cluster.inject({ type: 'overload', maxConnections: 2 })
    await Promise.all(Array.from({ length: 20 }, () => pool.query(write)))
    expect(await notes()).toBe(21)
    expect(pool.aurora.stats().failovers).toBe(0)
  })

  it('for longer than overloadWaitMs: the error surfaces', async () => {
    const pool = await simulation.readyPool({ aurora: { overloadWaitMs: 200 } })
    await cluster.inject({ type: 'overload', maxConnections: 0 })
    const error = await failureOf(pool.query(write))
    expect(error.errno).toBe(1040)
    expect(error.aurora).toMatchObject({ kind: 'overloaded' })
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('on one reader: reads go to the other', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    await cluster.inject({ type: 'overload', instance: 'instance-2', maxConnections: 0 })
    for (let turn = 0; turn < 20; turn++) await pool.query('SELECT 1')
    expect(cluster.instance('instance-3').counters.reads).toBe(20)
  })
})
