import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pause, scaled } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, useScenarios } from './scenario.js'
import { Wire } from './wire.js'

const scenarios = useScenarios()
let wire: Wire

beforeAll(() => {
  wire = new Wire(scenarios.cluster)
})

afterAll(() => wire.close())

/** Connections that have lain idle for longer are looked at before they are used. */
const CHECK_IDLE_AFTER_MS = scaled(800)

describe('a network that drops idle connections and tells nobody', () => {
  it('fails nothing that is issued after a pause, in whatever way, and lets nothing hang', async () => {
    const scenario = await scenarios.open({
      aurora: { checkIdleAfterMs: CHECK_IDLE_AFTER_MS, lookup: wire.lookup },
      // Tokens are put away in the background: their connections would not lie idle.
      workers: { 'exactly-once': 0 },
    })
    const pool = scenario.pool.promise()
    const { ledger } = scenario
    const [writing, reading] = [await pool.getConnection(), await pool.getConnection()]
    const write = () =>
      ledger.keep('held', (unit) => {
        const { sql, values } = ledger.insert(unit)
        return writing.query(sql, [...values])
      })
    const read = () => reading.query('SELECT COUNT(*) AS n FROM app.number')
    for (let turn = 0; turn < 3; turn += 1) {
      await Promise.all([write(), read()])
      await scenario.load.pause()
      await pause(1.5 * CHECK_IDLE_AFTER_MS)
      wire.loseSilently()
      scenario.load.resume()
      await Promise.all([write(), read()])
      await scenario.load.serve(2)
    }
    writing.release()
    reading.release()
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(ledger.failures).toEqual([])
  })
})
