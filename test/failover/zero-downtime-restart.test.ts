import { describe, expect, it } from 'vitest'
import { failureOf } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, useScenarios } from './scenario.js'

const scenarios = useScenarios()

describe('a zero-downtime restart of the writer', () => {
  it('fails open transactions as rolled back, and nothing else, again and again', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: { transaction: 4, prepared: 2, session: 2 } })
    for (let turn = 0; turn < 5; turn += 1) {
      await cluster.inject({ type: 'zero-downtime-restart' })
      await scenario.load.serve(2)
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    for (const { kind, ending, error } of scenario.ledger.failures) {
      expect({ kind, ending, error }).toMatchObject({
        kind: 'transaction',
        ending: 'rolled-back',
        error: { errno: 1105 },
      })
    }
  })

  it('of a reader fails no read', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open()
    for (const { id } of cluster.readers) {
      await cluster.inject({ type: 'zero-downtime-restart', instance: id })
      await scenario.load.serve(2)
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('a COMMIT that meets it did not commit, and says so', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open()
    const { ledger, pool } = scenario
    const unit = ledger.enter('open', 1)
    const session = await pool.promise().getConnection()
    await session.beginTransaction()
    const { sql, values } = ledger.insert(unit)
    await session.query(sql, [...values])
    await cluster.inject({ type: 'zero-downtime-restart' })
    const error = await failureOf(session.commit())
    ledger.fail(unit, error)
    session.release()
    expect(error.errno).toBe(1105)
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
