import { describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios()
const CROWD = 2_000

/** Writes that are issued at once while there is no writer, in this order. */
async function issueInOutage(scenario: Scenario): Promise<void> {
  const { cluster, ledger, pool } = scenario
  await ledger.keep('first', (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
  const promoted = cluster.failover()
  await scenario.hears('failoverStarted')
  const all = Array.from({ length: CROWD }, () =>
    ledger.keep('waiting', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool.promise().query(sql, [...values])
    }),
  )
  await promoted
  for (const ending of await Promise.all(all)) expect(ending).toBe('acknowledged')
}

describe('a crowd waits for the writer', () => {
  it('each runs once, on no more connections than the pool may have', async () => {
    const { cluster } = scenarios
    const connectionLimit = 10
    const scenario = await scenarios.open({ connectionLimit, workers: false })
    await issueInOutage(scenario)
    const { instances } = scenario.pool.aurora.stats()
    const writer = instances.find(({ id }) => id === cluster.writer.id)
    expect(writer?.open).toBeLessThanOrEqual(connectionLimit)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('they run in the order in which they came, where one connection carries them all', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ connectionLimit: 1, workers: false })
    const { table } = scenario.ledger
    await issueInOutage(scenario)
    const rows = await cluster.query(`SELECT unit FROM ${table} ORDER BY id`)
    const numbers = rows.map(({ unit }) => Number(String(unit).replace(/^\D+/, '')))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    await eventually('the episode is over', () => !scenario.pool.aurora.stats().isFailingOver)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
