import type { Cluster } from 'aurora-mysql2-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  simulate,
} from '../simulation.js'
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

describe('statements that are cut together', () => {
  it('have each an error of its own, with its own outcome and stack', async () => {
    const pool = await simulation.readyPool()
    const sessions = await Promise.all([1, 2, 3].map(() => pool.getConnection()))
    for (const session of sessions) {
      await session.beginTransaction()
      await session.query(write)
    }
    await cluster.inject({ type: 'slow', delayMs: 2_000 })
    const [inserting, committing, reading] = sessions
    const failed = [
      failureOf(inserting?.query(write) as Promise<unknown>),
      failureOf(committing?.commit() as Promise<unknown>),
      failureOf(reading?.query('SELECT 1') as Promise<unknown>),
    ]
    await pause(50)
    await cluster.failover({ how: 'hang', promoteMs: 200, detectMs: 50 })
    const errors = await Promise.all(failed)
    expect(errors.map(({ aurora }) => (aurora as { outcome?: string }).outcome)).toEqual([
      'rolled-back',
      'unknown',
      'rolled-back',
    ])
    expect(new Set(errors).size).toBe(errors.length)
    for (const session of sessions) session.release()
  })
})

describe('the writer is demoted under its connections', () => {
  it('a refused write runs on the new writer, once', async () => {
    const pool = await simulation.readyPool({ aurora: { refreshIntervalMs: 600_000 } })
    await pool.query(write)
    const heard = listen(pool)
    await cluster.demote()
    await Promise.all(Array.from({ length: 10 }, () => pool.query(write)))
    expect(await notes()).toBe(11)
    expect(
      heard.some(
        ([name, payload]) =>
          name === 'statementRetried' && (payload as { kind: string }).kind === 'refused',
      ),
    ).toBe(true)
  })

  it('in a transaction the refusal surfaces, rolled back; the session can be used again', async () => {
    const pool = await simulation.readyPool({ aurora: { refreshIntervalMs: 600_000 } })
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    await cluster.demote()
    const error = await failureOf(session.query(write))
    expect(error).toMatchObject({ errno: 1290, aurora: { outcome: 'rolled-back' } })
    await session.rollback().catch(() => {})
    session.release()
    expect(await notes()).toBe(0)
    await pool.query(write)
    expect(await notes()).toBe(1)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('a transaction that has only begun is begun again on the new writer', async () => {
    const pool = await simulation.readyPool({ aurora: { refreshIntervalMs: 600_000 } })
    await pool.query(write)
    const session = await pool.getConnection()
    await session.beginTransaction()
    await cluster.demote()
    await session.query(write)
    await session.query(write)
    await session.rollback()
    expect(await notes()).toBe(1)
    await session.beginTransaction()
    await session.query(write)
    await session.commit()
    session.release()
    expect(await notes()).toBe(2)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('a transaction that has only begun and finds no writer in time is over: nothing runs outside it', async () => {
    const pool = await simulation.readyPool({
      aurora: { refreshIntervalMs: 600_000, failoverTimeoutMs: 300 },
    })
    await pool.query(write)
    const session = await pool.getConnection()
    await session.beginTransaction()
    await cluster.demote()
    await cluster.crash(cluster.writer.id)
    const error = await failureOf(session.query(write))
    expect(error.code).toBe('ERR_AURORA_NO_WRITER')
    await cluster.restart(cluster.writer.id)
    await eventually('writes run again', () =>
      pool.query('DO 1').then(
        () => true,
        () => false,
      ),
    )
    // An application that takes the error for that of one statement goes on in what it believes to be its transaction.
    await session.query(write).catch(() => {})
    await session.rollback().catch(() => {})
    session.release()
    expect(await notes()).toBe(1)
  })

  it('a transaction that has only begun and meets a full writer is over: nothing runs outside it', async () => {
    const pool = await simulation.readyPool({
      aurora: { refreshIntervalMs: 600_000, overloadWaitMs: 100, failoverTimeoutMs: 400 },
    })
    await pool.query(write)
    const session = await pool.getConnection()
    await session.beginTransaction()
    await cluster.demote()
    const heal = await cluster.inject({ type: 'overload', maxConnections: 1 })
    const first = session.query(write).then(
      () => undefined,
      (error: unknown) => error,
    )
    await first
    await heal()
    await session.query(write).catch(() => {})
    await session.rollback().catch(() => {})
    session.release()
    expect(await notes()).toBe(1)
  })

  it('is noticed by the monitor alone too', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const { id } = cluster.writer
    await cluster.demote()
    await eventually(
      'the writer is known',
      () => pool.aurora.topology?.writer?.id !== id && pool.aurora.topology?.writer !== undefined,
    )
    const heard = listen(pool)
    await pool.query(write)
    expect(heard.map(([name]) => name)).not.toContain('statementRetried')
  })
})

describe('a transaction in the middle', () => {
  it('of a crash is rolled back, its session dead, its place free', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    const underWay = failureOf(session.query('UPDATE note SET text = SLEEP(20)'))
    await pause(50)
    const promoted = cluster.failover()
    const error = await underWay
    expect(error.aurora).toMatchObject({ outcome: 'rolled-back' })
    const later = await failureOf(session.query('SELECT 1'))
    expect(later.message).toBe("Can't add new command when connection is in closed state")
    expect(later.fatal).toBe(true)
    await pool.query(write)
    await promoted
    expect(await notes()).toBe(1)
    session.release()
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('lost while idle: the next statement fails, and so does every later one', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    const former = cluster.writer.id
    await cluster.failover({ promoteMs: 50 })
    await seesLoss(pool, former)
    for (let turn = 0; turn < 3; turn++) await failureOf(session.query(write))
    await failureOf(session.commit())
    session.release()
    await pool.query(write)
    expect(await notes()).toBe(1)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('lost with thousands of statements queued: each of them fails, nothing overflows', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    const all = Array.from({ length: 20_000 }, (_, index) =>
      session.query(index === 0 ? 'DO SLEEP(20)' : write),
    )
    const settled = Promise.allSettled(all)
    await pause(50)
    await cluster.crash(cluster.writer.id, { returnAfterMs: 200 })
    const outcomes = await settled
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(0)
    session.release()
    await pool.query(write)
    expect(await notes()).toBe(1)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('lost in COMMIT: the outcome is unknown', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    await cluster.inject({ type: 'slow', delayMs: 500 })
    const committing = failureOf(session.commit())
    await pause(100)
    await cluster.crash(cluster.writer.id)
    expect((await committing).aurora).toMatchObject({ outcome: 'unknown' })
    session.release()
  })

  it('lost between two statements: the outcome is that of the connection lost, not of one held before', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.query('START TRANSACTION READ ONLY')
    await session.query('SELECT id FROM note')
    await session.commit()
    await session.beginTransaction()
    await session.query(write)
    // Fails, and commits what came before it.
    await failureOf(session.query('CREATE TABLE note (id INT)'))
    await cluster.crash(cluster.writer.id)
    await seesLoss(pool, 'instance-1')
    const error = await failureOf(session.query(write))
    expect(error.aurora).toMatchObject({ outcome: 'unknown' })
    session.release()
    expect(await notes()).toBe(1)
  })
})

describe('a zero-downtime restart', () => {
  it('rolls the open transaction back and says so; the pool goes on', async () => {
    const pool = await simulation.readyPool()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    await cluster.inject({ type: 'zero-downtime-restart' })
    const error = await failureOf(session.query(write))
    expect(error.errno).toBe(1105)
    expect(error.aurora).toMatchObject({ outcome: 'rolled-back' })
    await session.rollback().catch(() => {})
    session.release()
    await pool.query(write)
    expect(await notes()).toBe(1)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})
