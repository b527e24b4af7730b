import { describe, expect, it } from 'vitest'
import { scaled } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, NOTHING_WRONG, useScenarios } from './scenario.js'

const scenarios = useScenarios()

describe('the writer takes no new connections, and serves those that are open', () => {
  it('does not make an outage of it', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ connectionLimit: 32 })
    const { pool } = scenario
    const heal = await cluster.inject({ type: 'refuse' })
    const { length: before } = scenario.events('failoverStarted')
    // More at once than there are connections.
    const more = Array.from({ length: 32 }, () =>
      pool.promise().query(`DO SLEEP(${scaled(400) / 1_000})`),
    )
    await Promise.all(more)
    await scenario.load.serve(3)
    expect(scenario.events('failoverStarted').length - before).toBeLessThanOrEqual(1)
    await heal()
    await scenario.load.serve(1)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('lets a statement wait for a connection that is open, however long that is in use', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: false })
    const { ledger } = scenario
    const pool = scenario.pool.promise()
    await pool.query('DO 1')
    const heal = await cluster.inject({ type: 'refuse' })
    // Longer than overloadWaitMs, which is about a server that has too many connections.
    const busy = pool.query(`DO SLEEP(${(1.5 * AT_SCALE.overloadWaitMs) / 1_000})`)
    const ending = await ledger.keep('waiting', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool.query(sql, [...values])
    })
    expect(ending).toBe('acknowledged')
    await busy
    await heal()
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
