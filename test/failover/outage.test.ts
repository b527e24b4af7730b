import { describe, expect, it } from 'vitest'
import { eventually, failureOf, scaled } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const OUTAGE_MS = scaled(20_000)

describe('all instances are gone for a while', () => {
  const scenarios = useScenarios()

  const goneAndBack = (how: 'crash' | 'hang') =>
    Promise.all(
      scenarios.cluster.instances.map(({ id }) =>
        scenarios.cluster.inject({ type: how, instance: id, returnAfterMs: OUTAGE_MS }),
      ),
    )

  const write = ({ ledger, pool }: Scenario) =>
    ledger.keep('waiting', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool.promise().query(sql, [...values])
    })

  it('crashed: what may wait so long runs when they are back, what may not fails in time', async () => {
    const patient = await scenarios.open({ workers: { query: 2, transaction: 2, read: 2 } })
    const hasty = await scenarios.open({
      workers: false,
      aurora: { failoverTimeoutMs: 0.7 * OUTAGE_MS },
    })
    await write(hasty)
    await goneAndBack('crash')
    // A pool at rest learns of it by its questions, one that works by its statements.
    await Promise.all([patient.hears('failoverStarted'), hasty.hears('failoverStarted')])
    const waiting = Array.from({ length: 50 }, () => write(patient))
    const reads = Array.from({ length: 50 }, () => patient.pool.promise().query('SELECT 1'))
    const early = Array.from({ length: 5 }, () => write(hasty))
    const earlyRead = failureOf(hasty.pool.promise().query('SELECT 1'))

    const cause = { code: hasty.events('failoverStarted')[0]?.payload.code }
    for (const ending of await Promise.all(early)) {
      expect(ending).toMatchObject({ error: { code: 'ERR_AURORA_NO_WRITER', cause } })
    }
    expect(await earlyRead).toMatchObject({ code: 'ERR_AURORA_NO_READER' })
    expect((await earlyRead).cause).toBeInstanceOf(Error)
    const late = Array.from({ length: 5 }, () => write(hasty))

    await Promise.all(reads)
    for (const ending of await Promise.all([...waiting, ...late])) {
      expect(ending).toBe('acknowledged')
    }
    await patient.load.serve(2)
    expect(hasty.events('failoverFailed')).toHaveLength(1)
    expect(await patient.verdict()).toEqual(NOTHING_WRONG)
    // What failed in time had never begun: its error says nothing of an outcome.
    const { unmarked, ...audit } = await hasty.verdict()
    expect({ ...audit, unmarked: [] }).toEqual(NOTHING_WRONG)
    expect(unmarked).toHaveLength(early.length)
  })

  it('silent: what waits runs when they speak again', async () => {
    const scenario = await scenarios.open({ workers: { query: 2, transaction: 2, read: 2 } })
    await goneAndBack('hang')
    await scenario.hears('failoverStarted')
    const waiting = Array.from({ length: 50 }, () => write(scenario))
    const reads = Array.from({ length: 50 }, () => scenario.pool.promise().query('SELECT 1'))
    await Promise.all(reads)
    for (const ending of await Promise.all(waiting)) expect(ending).toBe('acknowledged')
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('a cluster of one instance', () => {
  const scenarios = useScenarios({ instances: 1 })
  const workers = { query: 2, execute: 2, session: 2, transaction: 2, read: 4 }
  /** The other ways of writing have one each. */
  const OTHERS = { callback: 1, prepared: 1, repeated: 1, 'exactly-once': 0 }
  const TURNS = 3

  it.each([
    ['restarts', () => scenarios.cluster.restart(scenarios.cluster.writer.id)],
    ['crashes and is made anew', () => scenarios.cluster.failover()],
    [
      'falls silent and is made anew',
      () => scenarios.cluster.failover({ how: 'hang', promoteMs: scaled(4_000) }),
    ],
  ] as const)('%s: nothing fails but writes under way', async (_, strike) => {
    const scenario = await scenarios.open({ workers })
    const { ledger, cluster } = scenario
    let questions = 0
    let inVain = 0
    const stopListening = cluster.on(({ type }) => {
      if (type === 'instance-up') questions = inVain = 0
      if (type === 'topology-asked') questions += 1
    })
    scenario.pool.aurora.on('instanceAsked', ({ outcome }) => {
      if (outcome === 'failed') inVain += 1
    })
    for (let turn = 0; turn < TURNS; turn += 1) {
      const completed = new Promise<number>((resolve) => {
        scenario.pool.aurora.once('failoverCompleted', () => resolve(questions - inVain))
      })
      await strike()
      // The first answer that it gives is believed, and whatever waits begins in that turn.
      expect(await completed).toBeLessThanOrEqual(1)
      await scenario.load.serve(2)
    }
    stopListening()
    await eventually('the episodes are over', () => !scenario.pool.aurora.stats().isFailingOver)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    const started = scenario.events('failoverStarted')
    const completed = scenario.events('failoverCompleted')
    for (const { kind, ending, calledAtMs } of ledger.failures) {
      if (kind !== 'transaction') expect(ending).toBe('unknown')
      const isWhileAway = completed.some(
        ({ atMs }, index) => calledAtMs > (started[index]?.atMs ?? 0) && calledAtMs < atMs,
      )
      expect(isWhileAway).toBe(false)
    }
    for (const [kind, count] of Object.entries({ ...workers, ...OTHERS })) {
      const failed = ledger.failures.filter((failure) => failure.kind === kind)
      expect(failed.length).toBeLessThanOrEqual(TURNS * count)
    }
  })
})

describe('a pool is made in the middle of a failover', () => {
  const scenarios = useScenarios({ timings: { dnsMs: scaled(2_000), promoteMs: scaled(800) } })

  it('its first statements wait, although the name still leads to the writer that is gone', async () => {
    const { cluster, simulation } = scenarios
    const promoted = cluster.failover({ how: 'crash' })
    await eventually('the writer is gone', () => cluster.writer.state !== 'up')
    const pool = simulation.callbackPool({ aurora: AT_SCALE }).promise()
    const first = [
      pool.query('SELECT 1 AS one'),
      pool.getConnection().then(async (session) => {
        await session.query('DO 1')
        session.release()
      }),
      pool.execute('DO 1'),
    ]
    await promoted
    await Promise.all(first)
  })

  it('a name that leads nowhere is told at once', async () => {
    const { simulation } = scenarios
    const host = 'nobody.cluster-simulated12.eu-west-1.rds.amazonaws.com'
    const pool = simulation.callbackPool({ host, aurora: AT_SCALE }).promise()
    expect(await failureOf(pool.query('SELECT 1'))).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('nobody answers in time: the error keeps the first one', async () => {
    const { cluster, simulation } = scenarios
    const { id } = cluster.writer
    await cluster.crash(id)
    const aurora = { ...AT_SCALE, failoverTimeoutMs: 300 }
    const pool = simulation.callbackPool({ aurora }).promise()
    const error = await failureOf(pool.query('DO 1'))
    await cluster.restart(id)
    expect(error).toMatchObject({ code: 'ERR_AURORA_NO_WRITER' })
    expect((error as Error).cause).toMatchObject({ code: expect.stringMatching(/^ECONN/) })
  })
})
