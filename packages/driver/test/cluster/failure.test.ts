import type { AuroraEventMap, AuroraEventName } from 'aurora-mysql2'
import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { ResultSetHeader, RowDataPacket } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  scaled,
  simulate,
  whereIs,
} from '../simulation.js'

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

const EVENTS: readonly AuroraEventName[] = [
  'topologyChanged',
  'discovered',
  'failoverStarted',
  'writerPromoted',
  'failoverCompleted',
  'failoverFailed',
  'instanceSuspected',
  'instanceFenced',
  'instanceReachable',
  'instanceAsked',
  'statementWaiting',
  'statementRetried',
]

/** Every event of a pool, in order. */
function listen(pool: AuroraPool): (readonly [AuroraEventName, AuroraEventMap[AuroraEventName]])[] {
  const heard: (readonly [AuroraEventName, AuroraEventMap[AuroraEventName]])[] = []
  for (const name of EVENTS) pool.aurora.on(name, (payload) => heard.push([name, payload]))
  return heard
}

async function notes(): Promise<number> {
  const [row] = await cluster.query('SELECT COUNT(*) AS notes FROM app.note')
  return Number(row?.notes)
}

/** The pool has seen that its idle connections are gone: the next statement is not under way on one of them. */
function seesLoss(pool: AuroraPool, id: string): Promise<void> {
  return eventually('the loss is seen', () =>
    pool.aurora.stats().instances.every((each) => each.id !== id || each.open === 0),
  )
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

describe('a reader', () => {
  const READ = 'SELECT COUNT(*) FROM note'

  it.each(['crash', 'hang'] as const)('that is struck by a %s: no read fails', async (fault) => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    let isOver = false
    const load = Array.from({ length: 6 }, async () => {
      while (!isOver) await pool.query(READ)
    })
    await pause(50)
    const [reader] = cluster.readers
    const id = String(reader?.id)
    await (fault === 'crash' ? cluster.crash(id) : cluster.hang(id))
    await eventually('it is passed over', () =>
      pool.aurora.stats().instances.some((each) => each.id === id && !each.isReachable),
    )
    await pause(scaled(400))
    isOver = true
    await Promise.all(load)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })

  it('that was away serves again when it is back', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const id = 'instance-2'
    await pool.query(READ)
    await cluster.crash(id, { returnAfterMs: scaled(400) })
    await eventually('it serves again', async () => {
      const before = simulation.counts()
      for (let turn = 0; turn < 20; turn++) await pool.query(READ)
      return (
        cluster.instance(id).state === 'up' && (simulation.countsSince(before)[id]?.reads ?? 0) > 0
      )
    })
  })

  it('that is added serves, that is removed does not, and its connections are closed', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const added = await cluster.addReader()
    await eventually('the new one serves', async () => {
      for (let turn = 0; turn < 10; turn++) await pool.query(READ)
      return added.counters.reads > 0
    })
    await cluster.removeReader(added.id)
    await eventually(
      'it is gone',
      () => !pool.aurora.topology?.instances.some(({ id }) => id === added.id),
    )
    for (let turn = 0; turn < 20; turn++) await pool.query(READ)
    await eventually('nothing is left of it', () =>
      pool.aurora.stats().instances.every(({ id }) => id !== added.id),
    )
    expect(nothingIsLeft(pool)).toBe(true)
  })

  it('none is left: the writer serves reads', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    await Promise.all(cluster.readers.map(({ id }) => cluster.crash(id)))
    for (let turn = 0; turn < 10; turn++) await pool.query(READ)
    expect(cluster.writer.counters.reads).toBeGreaterThan(0)
    expect(pool.aurora.stats().heldReads.noReader).toBeGreaterThan(0)
  })

  it("none is left, and noReader is 'fail': the read fails, a write does not", async () => {
    const pool = await simulation.readyPool({
      aurora: { consistency: 'eventual', noReader: 'fail' },
    })
    await pool.query(READ)
    await Promise.all(cluster.readers.map(({ id }) => cluster.crash(id)))
    await eventually('both are known to be away', async () => {
      await pool.query(READ).catch(() => {})
      return pool.aurora.stats().instances.filter(({ isReachable }) => !isReachable).length === 2
    })
    const error = await failureOf(pool.query(READ))
    expect(error.code).toBe('ERR_AURORA_NO_READER')
    expect(error.message).toContain('aurora.noReader')
    await pool.query(write)
  })
})

describe('work between statements on an instance that falls silent', () => {
  it('settings that are being carried over: the statement goes on elsewhere', async () => {
    await simulation.closePools()
    await cluster.close()
    await start(2)
    const pool = await simulation.readyPool({
      aurora: { consistency: 'eventual', refreshIntervalMs: 600_000 },
    })
    await pool.query('SELECT 1')
    const session = await pool.getConnection()
    await session.query({ sql: 'SELECT 1', aurora: { role: 'writer' } })
    await session.query("SET time_zone = '+03:00'")
    await cluster.hang('instance-2')
    const [rows] = await session.query<RowDataPacket[]>('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    session.release()
  })

  it('a transaction that is being rolled back: its place is free again', async () => {
    const pool = await simulation.readyPool({ connectionLimit: 1 })
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    const promoted = cluster.failover({ how: 'hang', promoteMs: 300, returnMs: 600_000 })
    session.release()
    await promoted
    await pool.query(write)
    await eventually('nothing is left', () => nothingIsLeft(pool))
    expect(await notes()).toBe(1)
  })

  it('a connection lost while it says who it is: nothing is given back twice', async () => {
    const pool = await simulation.readyPool()
    await pool.query(write)
    const former = cluster.writer.id
    const promoted = cluster.failover({ promoteMs: 50, detectMs: 10 })
    await seesLoss(pool, former)
    await pool.query(write)
    await promoted
    const heal = await cluster.inject({ type: 'slow', delayMs: 200 })
    const load = Promise.allSettled(Array.from({ length: 6 }, () => pool.query(write)))
    await pause(100)
    await cluster.inject({ type: 'reset' })
    await heal()
    await load
    await pool.query(write)
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

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
