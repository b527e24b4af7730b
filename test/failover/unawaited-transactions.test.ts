import type { PoolConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { type Ledger, NOTHING_AMISS, type Unit } from './ledger.js'
import { NOTHING_WRONG, useScenarios } from './scenario.js'
import { type CutMoment, Wire } from './wire.js'

const scenarios = useScenarios()
let wire: Wire

beforeAll(() => {
  wire = new Wire(scenarios.cluster)
})

afterAll(() => wire.close())

/** The statements of a transaction that writes both parts of a unit, with its values in the texts. */
function transactionOf(ledger: Ledger, unit: Unit): readonly string[] {
  const insert = (part: number) =>
    `INSERT INTO ${ledger.table} (unit, part) VALUES ('${unit.id}', ${part})`
  // Texts of its own, so that it is this one which is cut.
  return [`BEGIN /* ${unit.id} */`, insert(0), insert(1), `COMMIT /* ${unit.id} */`]
}

/** Issues statements on one session without awaiting any, and enters how the whole of it ended: by the first error. */
async function issue(
  session: PoolConnection,
  ledger: Ledger,
  unit: Unit,
  texts: readonly string[],
  onFailed: () => void = () => {},
): Promise<readonly PromiseSettledResult<unknown>[]> {
  const running = texts.map((text) => session.query(text))
  for (const each of running) each.catch(onFailed)
  const results = await Promise.allSettled(running)
  session.release()
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) ledger.acknowledge(unit)
  else ledger.fail(unit, failed.reason)
  return results
}

describe('a transaction issued without awaiting, its connection lost', () => {
  const places = ['BEGIN', 'the first write', 'the second write', 'COMMIT'].flatMap(
    (what, index) => [
      { what, index, moment: 'before' as CutMoment },
      { what, index, moment: 'after' as CutMoment },
    ],
  )

  it.each(places)('$moment the server has run $what', async ({ index, moment }) => {
    const scenario = await scenarios.open({
      aurora: { lookup: wire.lookup },
      workers: { transaction: 2 },
    })
    const { ledger, pool } = scenario
    const unit = ledger.enter('unawaited', 2)
    const texts = transactionOf(ledger, unit)
    const cut = wire.cutOnce(texts[index] as string, moment)
    await issue(await pool.promise().getConnection(), ledger, unit, texts)
    await cut
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('a transaction issued without awaiting, and no writer for a while', () => {
  it.each([0, 1, 2, 4])('until %i of its statements have waited too long', async (count) => {
    const { cluster } = scenarios
    const failoverTimeoutMs = count === 0 ? 20_000 : 200
    const scenario = await scenarios.open({ workers: false, aurora: { failoverTimeoutMs } })
    const { ledger, pool } = scenario
    await pool.promise().query('DO 1')
    const session = await pool.promise().getConnection()
    const { id } = cluster.writer
    await cluster.crash(id)
    await eventually('the loss is known', () => pool.aurora.stats().isFailingOver)
    const unit = ledger.enter('unawaited', 2)
    let failed = 0
    const issued = issue(session, ledger, unit, transactionOf(ledger, unit), () => {
      failed += 1
    })
    await eventually('they have waited', () => failed >= count)
    await cluster.restart(id)
    await issued
    const { unmarked, ...audit } = await scenario.verdict()
    expect(audit).toEqual({ ...NOTHING_AMISS, failedReads: [] })
    // An error that says nothing of the outcome is that of a statement which has never begun.
    expect(unmarked).toHaveLength(count === 0 ? 0 : 1)
  })
})
