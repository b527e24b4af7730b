import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf } from '../../packages/driver/test/simulation.js'
import { NOTHING_AMISS } from './ledger.js'
import { type Scenario, useScenarios } from './scenario.js'
import { Wire } from './wire.js'

const scenarios = useScenarios()
let wire: Wire

beforeAll(() => {
  wire = new Wire(scenarios.cluster)
})

afterAll(() => wire.close())

/** A pool without load, whose writer has a connection open. */
async function open(aurora: object = {}): Promise<Scenario> {
  const scenario = await scenarios.open({
    workers: false,
    aurora: { lookup: wire.lookup, ...aurora },
  })
  await scenario.pool.promise().query('DO 1')
  return scenario
}

/** Resolves when the storage holds the row of a unit that is under way. */
async function takesEffect({ ledger, cluster }: Scenario): Promise<void> {
  await eventually('the write has taken effect', async () => {
    return (await cluster.query(`SELECT 1 FROM ${ledger.table}`)).length > 0
  })
}

describe('a write that has taken effect and whose answer never comes is told of as unknown', () => {
  /** A write whose answer is late, and what ends it meanwhile. */
  const endings: readonly (readonly [string, (scenario: Scenario) => Promise<unknown>])[] = [
    ['when its connection is lost', ({ cluster }) => cluster.inject({ type: 'reset' })],
    [
      'when the pool was ended and its connection is lost',
      async ({ pool, cluster }) => {
        const ended = pool.promise().end()
        await cluster.inject({ type: 'reset' })
        await ended
      },
    ],
    [
      'when the pool was drained and the time for that is over',
      ({ pool }) => pool.aurora.drain({ timeoutMs: 20 }),
    ],
  ]

  it.each(endings)('%s', async (_, end) => {
    const scenario = await open()
    const { cluster, ledger, pool } = scenario
    const heal = await cluster.inject({ type: 'slow', delayMs: 3_000 })
    const ended = ledger.keep('write', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool.promise().query(sql, [...values])
    })
    await takesEffect(scenario)
    await end(scenario)
    await heal()
    expect(await ended).toMatchObject({ ending: 'unknown' })
    expect(await ledger.audit(cluster)).toMatchObject({ denied: [], lost: [] })
  })

  it('when its session is destroyed', async () => {
    const scenario = await open()
    const { cluster, ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    const heal = await cluster.inject({ type: 'slow', delayMs: 3_000 })
    const ended = ledger.keep('write', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return session.query(sql, [...values])
    })
    await takesEffect(scenario)
    session.destroy()
    await heal()
    expect(await ended).toMatchObject({ ending: 'unknown' })
  })

  it('when it was declared idempotent, is run again, and finds no writer', async () => {
    const scenario = await open()
    const { cluster, ledger, pool } = scenario
    const ended = ledger.keep('write', (unit) => {
      const { sql, values } = ledger.insert(unit)
      const aurora = { idempotent: true, waitMs: 100 }
      return pool.promise().query({ sql, values: [...values], aurora } as never)
    })
    await wire.cutOnce(/^INSERT/, 'after')
    await cluster.crash(cluster.writer.id)
    expect(await ended).toMatchObject({
      ending: 'unknown',
      error: { code: 'ERR_AURORA_NO_WRITER', cause: { code: 'ECONNRESET' } },
    })
  })

  it('when it was declared idempotent, is run again, and meets itself', async () => {
    const scenario = await open()
    const { cluster, ledger, pool } = scenario
    await cluster.query(`ALTER TABLE ${ledger.table} ADD UNIQUE (unit)`)
    const cut = wire.cutOnce(/^INSERT/, 'after')
    const ended = ledger.keep('write', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool
        .promise()
        .query({ sql, values: [...values], aurora: { idempotent: true } } as never)
    })
    await cut
    expect(await ended).toMatchObject({ ending: 'unknown', error: { code: 'ER_DUP_ENTRY' } })
  })
})

describe('a pool that does not know its cluster yet', () => {
  it.each([
    ['a write', /^INSERT/, 'unknown'],
    ['COMMIT', /^COMMIT$/, 'unknown'],
    ['a write in a transaction', /^INSERT/, 'rolled-back'],
  ] as const)('tells of %s that is lost what became of it', async (what, lostAt, outcome) => {
    const { ledger } = await open()
    const { simulation } = scenarios
    // One more connection, and none for the question for the topology: the pool goes on not knowing.
    const maxConnections = simulation.cluster.writer.counters.connectionsOpen + 1
    const deny = await simulation.cluster.inject({ type: 'overload', maxConnections })
    const pool = simulation.callbackPool({ connectionLimit: 1, aurora: { lookup: wire.lookup } })
    const session = await pool.promise().getConnection()
    const { sql, values } = ledger.insert(ledger.enter('first'))
    const cut = wire.cutOnce(lostAt, 'after')
    if (what !== 'a write') await session.query('BEGIN')
    const written = session.query(sql, [...values])
    const failure = await failureOf(
      what === 'COMMIT' ? written.then(() => session.query('COMMIT')) : written,
    )
    await cut
    expect(pool.aurora.stats().mode).toBe('unknown')
    expect(failure).toMatchObject({ aurora: { outcome } })
    session.release()
    await deny()
  })
})

describe('ROLLBACK on a connection that is lost says what became of the transaction, for whoever sees that error alone', () => {
  it.each([
    ['an INSERT', /^INSERT/, 'rolled-back'],
    ['COMMIT', /^COMMIT$/, 'unknown'],
  ] as const)('lost at %s', async (_, lostAt, outcome) => {
    const scenario = await open()
    const { ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    await session.query('BEGIN')
    const cut = wire.cutOnce(lostAt, 'before')
    const { sql, values } = ledger.insert(ledger.enter('transaction'))
    const failures = [
      await session.query(sql, [...values]).then(() => failureOf(session.query('COMMIT')), String),
      await failureOf(session.query('ROLLBACK')),
    ]
    await cut
    expect(failures[1]).toMatchObject({ fatal: true, aurora: { kind: 'lost', outcome } })
    session.release()
  })

  it('in no transaction there is nothing to say', async () => {
    const { pool } = await open()
    const session = await pool.promise().getConnection()
    await session.query('SET @pinned = 1')
    const cut = wire.cutOnce(/^SELECT/, 'before')
    await failureOf(session.query('SELECT @pinned'))
    await cut
    const { aurora } = await failureOf(session.query('SELECT 1'))
    expect(aurora).not.toHaveProperty('outcome')
    session.release()
  })
})

describe('what a session was to have, and whose setting was lost, binds what follows', () => {
  const settings = [
    'SET autocommit=0',
    'SET TRANSACTION READ ONLY',
    'START TRANSACTION READ ONLY',
    "SELECT GET_LOCK('a', 1)",
    'SET @wanted = 1',
    'CREATE TEMPORARY TABLE wanted (id INT)',
    "PREPARE wanted FROM 'SELECT 1'",
    'BEGIN; SELECT 1',
  ]

  it.each(settings)('%s: nothing of the session runs elsewhere without it', async (setting) => {
    const scenario = await open()
    const { cluster, ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    const cut = wire.cutOnce(setting, 'before')
    const set = session.query(setting).then(
      () => 'set',
      () => 'failed',
    )
    const ending = ledger.keep('write', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return session.query(sql, [...values])
    })
    await cut
    // Either the setting is made again where the rest runs, or the session is dead, as a connection of mysql2 would be.
    const hasEnded = (await ending) === 'acknowledged' ? 'acknowledged' : 'failed'
    expect([await set, hasEnded]).not.toEqual(['failed', 'acknowledged'])
    session.destroy()
    const { unmarked: _, ...audit } = await scenario.verdict()
    expect(audit).toEqual({ ...NOTHING_AMISS, failedReads: [] })
    expect(cluster.writer.state).toBe('up')
  })

  it('no writer for SET autocommit=0: what follows is not committed', async () => {
    const scenario = await open({ failoverTimeoutMs: 200 })
    const { cluster, ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    const { id } = cluster.writer
    await cluster.crash(id)
    await eventually('the loss is known', () => pool.aurora.stats().isFailingOver)
    const set = failureOf(session.query('SET autocommit=0'))
    const unit = ledger.enter('write')
    const { sql, values } = ledger.insert(unit)
    const written = failureOf(session.query(sql, [...values]))
    const rolledBack = failureOf(session.query('ROLLBACK'))
    expect(await set).toMatchObject({ code: 'ERR_AURORA_NO_WRITER' })
    await cluster.restart(id)
    ledger.fail(unit, await written)
    await rolledBack
    session.release()
    expect(await ledger.audit(cluster)).toMatchObject({ denied: [], strays: [] })
  })
})
