import { describe, expect, it } from 'vitest'
import { scaled } from '../../packages/driver/test/simulation.js'
import type { Unit } from './ledger.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios()

/** The refusal alone tells of the demotion: no question does. */
const untold = { refreshIntervalMs: 600_000, questionTimeoutMs: 5_000 }
/** A former writer has so long to refuse what is under way; long, for a busy machine. */
const told = { questionTimeoutMs: 5_000 }

/** A pool without load, which has written and does not know that its writer was demoted since. */
async function openDemoted(options: object = {}): Promise<Scenario> {
  const scenario = await scenarios.open({ workers: false, aurora: untold, ...options })
  await scenario.pool.promise().query('DO 1')
  await scenarios.cluster.demote()
  return scenario
}

describe('the writer is demoted under its connections', () => {
  it.each([
    ['nobody has told', untold],
    ['and it is soon told of', told],
  ] as const)('%s: no single write fails, whatever way it is made in', async (_, aurora) => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({
      aurora,
      workers: {
        query: 3,
        execute: 3,
        callback: 3,
        session: 3,
        prepared: 3,
        transaction: 0,
        repeated: 0,
      },
    })
    for (let turn = 1; turn <= 4; turn += 1) {
      await cluster.demote()
      await scenario.hears('writerPromoted', turn - 1)
      await scenario.load.serve(3)
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('transactions that are refused in the middle are told to be rolled back, and are', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ aurora: untold, workers: { transaction: 6 } })
    for (let turn = 1; turn <= 4; turn += 1) {
      await cluster.demote()
      await scenario.hears('writerPromoted', turn - 1)
      await scenario.load.serve(2)
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    for (const { error } of scenario.ledger.failures) {
      expect(error.aurora).toMatchObject({ outcome: expect.stringMatching(/rolled-back|unknown/) })
    }
  })

  it('runs again what the caller gave at the call, whatever became of it since', async () => {
    const { cluster } = scenarios
    await cluster.query('CREATE TABLE app.kept (id INT PRIMARY KEY, text VARCHAR(9))')
    const { pool } = await openDemoted()
    const batch = [[1, 'query']]
    const bound = [2, 'execute']
    const row = { id: 3, text: 'inside' }
    const all = [
      pool.promise().query('INSERT INTO kept VALUES ?', [batch]),
      pool.promise().execute('INSERT INTO kept VALUES (?, ?)', bound),
      pool.promise().query({ sql: 'INSERT INTO kept SET ?', values: row }),
    ]
    batch[0] = [11, 'changed']
    bound.fill(12)
    row.id = 13
    await Promise.all(all)
    const rows = await cluster.query('SELECT id, text FROM app.kept ORDER BY id')
    expect(rows.map((each) => ({ ...each }))).toEqual([
      { id: 1, text: 'query' },
      { id: 2, text: 'execute' },
      { id: 3, text: 'inside' },
    ])
  })

  it('counts each UPDATE once', async () => {
    const { cluster } = scenarios
    await cluster.query('CREATE TABLE app.tally (id INT PRIMARY KEY, times INT NOT NULL)')
    await cluster.query('INSERT INTO app.tally VALUES (1, 0)')
    const scenario = await openDemoted()
    const update = 'UPDATE tally SET times = times + ? WHERE id = 1'
    const { pool } = scenario
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? pool.promise().query(update, [1]) : pool.promise().execute(update, [1]),
      ),
    )
    expect(await cluster.query('SELECT times FROM app.tally')).toEqual([{ times: 20 }])
    await scenario.end()
  })

  it('the promoted one takes no connections for a moment: what was refused waits on', async () => {
    const { cluster } = scenarios
    const scenario = await openDemoted()
    const { ledger, pool } = scenario
    const { length: before } = scenario.events('writerPromoted')
    pool.aurora.once('writerPromoted', () => {
      void cluster.inject({ type: 'refuse' }).then((heal) => setTimeout(heal, scaled(400)))
    })
    const endings = await Promise.all(
      Array.from({ length: 5 }, () =>
        ledger.keep('refused', (unit) => {
          const { sql, values } = ledger.insert(unit)
          return pool.promise().query(sql, [...values])
        }),
      ),
    )
    expect(scenario.events('writerPromoted').length).toBeGreaterThan(before)
    for (const ending of endings) expect(ending).toBe('acknowledged')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('a statement prepared before runs after, on the new writer', async () => {
    const scenario = await scenarios.open({ workers: false, aurora: untold })
    const { cluster, ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    const statement = await session.prepare(ledger.insertSql)
    const write = (unit: Unit) => statement.execute([...ledger.insert(unit).values])
    await ledger.keep('prepared', write)
    await cluster.demote()
    await ledger.keep('prepared', write)
    await ledger.keep('prepared', write)
    statement.close()
    session.release()
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(ledger.acknowledgedCount).toBe(3)
  })

  it('a session goes on with what it had set', async () => {
    const scenario = await scenarios.open({ workers: false, aurora: untold })
    const { cluster, ledger, pool } = scenario
    const session = await pool.promise().getConnection()
    await session.query("SET time_zone = '+03:00'")
    await session.query('DO 1')
    await cluster.demote()
    await ledger.keep('session', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return session.query(sql, [...values])
    })
    const [rows] = await session.query('SELECT @@time_zone AS zone')
    session.release()
    expect(rows).toEqual([{ zone: '+03:00' }])
    expect(ledger.failures).toEqual([])
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('several statements in one text, on a demoted writer', () => {
  const several = { mysql: { multipleStatements: true } }

  it('run on the new writer when the first of them is refused', async () => {
    const scenario = await openDemoted(several)
    const { ledger, pool } = scenario
    const ending = await ledger.keep(
      'several',
      (unit) => {
        const { sql, values } = ledger.insert(unit)
        return pool.promise().query(`${sql}; ${sql}`, [...values, ...ledger.insert(unit, 1).values])
      },
      2,
    )
    expect(ending).toBe('acknowledged')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('surface as unknown when another has been answered before the refusal', async () => {
    const scenario = await openDemoted(several)
    const { ledger, pool } = scenario
    const ending = await ledger.keep('several', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return pool.promise().query(`SELECT 1; ${sql}`, [...values])
    })
    expect(ending).toMatchObject({ ending: 'unknown', error: { errno: 1290 } })
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    // The next one finds the new writer.
  })

  it('are told of alike through the callback API, row by row', async () => {
    const scenario = await openDemoted(several)
    const { ledger, pool } = scenario
    const ending = await ledger.keep('several', (unit) => {
      const { sql, values } = ledger.insert(unit)
      return new Promise((resolve, reject) => {
        const running = pool.query(`SELECT 1; ${sql}`, [...values])
        running.on('error', reject)
        running.on('end', () => resolve(undefined))
      })
    })
    expect(ending).toMatchObject({ ending: 'unknown' })
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('a procedure, on a demoted writer', () => {
  it('surfaces as unknown, has not run twice, and the next call runs on the new writer', async () => {
    const scenario = await openDemoted()
    const { cluster, ledger, pool } = scenario
    await cluster.query(
      `CREATE PROCEDURE app.enter_unit (unit VARCHAR(60)) INSERT INTO ${ledger.table} (unit, part) VALUES (unit, 0)`,
    )
    await cluster.query("GRANT EXECUTE ON app.* TO 'app'@'%'").catch(() => {})
    const call = (unit: Unit) => pool.promise().query('CALL enter_unit(?)', [unit.id])
    expect(await ledger.keep('call', call)).toMatchObject({ ending: 'unknown' })
    expect(await ledger.keep('call', call)).toBe('acknowledged')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
