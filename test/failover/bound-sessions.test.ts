import { describe, expect, it } from 'vitest'
import { failureOf } from '../../packages/driver/test/simulation.js'
import { NOTHING_WRONG, useScenarios } from './scenario.js'

const scenarios = useScenarios()

/** What binds a session to its connection, for what it left there holds on that instance alone. */
const bonds = [
  "SELECT GET_LOCK('leader', 1)",
  'SET @wanted = 1',
  'SET autocommit=0',
  'LOCK TABLES app.number READ',
  'CREATE TEMPORARY TABLE app.wanted (id INT)',
]

describe.each([
  ['demoted in place', () => scenarios.cluster.demote()],
  ['replaced', () => scenarios.cluster.failover({ how: 'planned' })],
] as const)('the writer is %s', (_, strike) => {
  it('sessions that are bound to it are dead: what they hold guards nothing any more', async () => {
    const scenario = await scenarios.open({ workers: { query: 2, read: 2 } })
    const pool = scenario.pool.promise()
    const sessions = await Promise.all(bonds.map(() => pool.getConnection()))
    for (const [index, session] of sessions.entries()) {
      // On the writer, where whoever wants to write later takes it.
      await session.query('DO 1')
      await session.query(bonds[index] as string)
    }
    await strike()
    await scenario.hears('writerPromoted')
    for (const session of sessions) {
      for (let turn = 0; turn < 2; turn += 1) {
        const error = await failureOf(session.query('SELECT 1'))
        expect(error).toMatchObject({ fatal: true })
        expect(error.message).toContain('closed state')
      }
      session.release()
    }
    // Whatever was bound can be had again.
    const next = await pool.getConnection()
    expect(await next.query("SELECT GET_LOCK('leader', 1) AS got")).toMatchObject([
      [{ got: 1 }],
      {},
    ])
    next.release()
    await scenario.load.serve(1)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
