import { afterEach, describe, expect, it } from 'vitest'
import { eventually, scaled } from '../../packages/driver/test/simulation.js'
import { Application, useApplications } from './application.js'
import { Lateness } from './lateness.js'
import { AT_SCALE, IS_FULL_LENGTH, NOTHING_WRONG, useScenarios } from './scenario.js'

const scenarios = useScenarios()
useApplications()

let application: Application | undefined

afterEach(() => {
  application?.kill()
  application = undefined
})

describe('the writer falls silent and nobody is promoted', () => {
  it('is condemned: what was under way ends as unknown, the rest waits until it speaks again', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: { query: 4, transaction: 2, read: 4 } })
    const { id } = cluster.writer
    const lateness = new Lateness()
    const silentAtMs = performance.now()
    const heal = await cluster.inject({ type: 'hang', instance: id })
    const condemned = () =>
      scenario.events('instanceFenced').find(({ payload }) => payload.reason === 'condemned')
    await eventually('it is condemned', () => condemned() !== undefined)
    lateness.stop()
    const atMs = condemned()?.atMs ?? Number.NaN
    // Not before its time: that bound is a promise too.
    expect(atMs - silentAtMs).toBeGreaterThanOrEqual(AT_SCALE.condemnAfterMs)
    // Nor long after it; ticks of ours that were late are no silence. Three questions come first, a second apart at any scale.
    const { suspectAfterMs, questionTimeoutMs, condemnAfterMs } = AT_SCALE
    const soonestMs = Math.max(condemnAfterMs, suspectAfterMs + 2_000 + questionTimeoutMs)
    const lateMs = lateness.between(silentAtMs, atMs)
    expect(atMs - silentAtMs - lateMs).toBeLessThanOrEqual(1.5 * soonestMs)
    await eventually('nothing is under way there', () => {
      const { instances } = scenario.pool.aurora.stats()
      return instances.every((each) => each.id !== id || each.underWay === 0)
    })
    expect(scenario.ledger.failures.length).toBeGreaterThan(0)
    const waiting = scenario.ledger.keep('waiting', (unit) => {
      const { sql, values } = scenario.ledger.insert(unit)
      return scenario.pool.promise().query(sql, [...values])
    })
    await heal()
    expect(await waiting).toBe('acknowledged')
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('a healthy writer that works on something long is never cut', { timeout: 120_000 }, () => {
  // Longer than every limit, failoverTimeoutMs included.
  // A busy machine answers late: the question has its time in full.
  const limits = { ...AT_SCALE, questionTimeoutMs: 300, failoverTimeoutMs: scaled(2_000) }
  const long = IS_FULL_LENGTH ? 60 : scaled(8_000) / 1_000
  const sleeps = [
    `DO SLEEP(${long})`,
    `SELECT SLEEP(${long})`,
    `/* aurora:reader */ SELECT SLEEP(${long})`,
  ]

  it('nor is a reader', async () => {
    const scenario = await scenarios.open({ aurora: limits, workers: { read: 2 } })
    const { pool } = scenario
    await Promise.all(sleeps.map((sql) => pool.promise().query(sql)))
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.events('failoverStarted')).toEqual([])
    expect(scenario.events('instanceFenced')).toEqual([])
  })

  it('on the only connection, with nothing else under way', async () => {
    const scenario = await scenarios.open({ aurora: limits, workers: false })
    await scenario.pool.promise().query(`DO SLEEP(${long})`)
    await scenario.end()
    expect(scenario.events('failoverStarted')).toEqual([])
    expect(scenario.events('instanceFenced')).toEqual([])
  })

  it('nor when our own event loop stands still for longer than condemnAfterMs', async () => {
    const { cluster } = scenarios
    application = await Application.start(cluster, limits)
    await application.blockWhenSuspecting(1.25 * limits.condemnAfterMs)
    await Promise.all(sleeps.map((sql) => application?.query({ sql })))
    const heard = await application.heard()
    expect(heard.filter(({ name }) => name === 'instanceSuspected')).not.toEqual([])
    expect(heard.filter(({ name }) => name === 'failoverStarted')).toEqual([])
    expect(heard.filter(({ name }) => name === 'instanceFenced')).toEqual([])
    expect(await application.end()).toBe(0)
    application = undefined
  })
})

describe('an overloaded server that answers late', () => {
  it.each([
    ['questionTimeoutMs', 1.5 * AT_SCALE.questionTimeoutMs],
    ['suspectAfterMs', 2 * AT_SCALE.suspectAfterMs],
    ['condemnAfterMs, nearly', 0.8 * AT_SCALE.condemnAfterMs],
  ])('later than %s: nothing is cut, nothing fails', async (_, delayMs) => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: { transaction: 0 } })
    const heal = await cluster.inject({ type: 'slow', delayMs })
    await scenario.load.serve(1)
    await heal()
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })
})

describe('a reporting job of long queries', () => {
  it('causes no urgent polling', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: { query: 1, read: 1 } })
    const { pool } = scenario
    const questions = () =>
      cluster.instances.reduce((sum, { counters }) => sum + counters.topologyQuestions, 0)
    const before = questions()
    const startedMs = performance.now()
    const query = `SELECT SLEEP(${scaled(2_000) / 1_000})`
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const hint = index % 2 === 0 ? '/* aurora:reader */ ' : ''
        for (let turn = 0; turn < 4; turn += 1) await pool.promise().query(`${hint}${query}`)
      }),
    )
    const intervals = (performance.now() - startedMs) / AT_SCALE.refreshIntervalMs
    const suspicions = scenario.events('instanceSuspected').length
    // Those of the calm, a fifth closer at most; one per suspicion; the reports that writes ask for come at most every 200 ms.
    const fresh = (performance.now() - startedMs) / 200
    expect(questions() - before).toBeLessThanOrEqual(1.25 * intervals + suspicions + fresh + 2)
    expect(scenario.events('instanceAsked')).toEqual([])
    expect(scenario.events('failoverStarted')).toEqual([])
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
