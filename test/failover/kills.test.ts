import type { PoolConnection } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

let simulation: Simulation
const heals: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  await simulation.cluster.query('CREATE TABLE app.note (id INT)')
})

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
  await simulation.closePools()
})

/** A session in which something runs for long on the writer, whose answers take their time. */
async function runLong() {
  const { cluster } = simulation
  const pool = await simulation.readyPool()
  const session = (await pool.getConnection()) as unknown as PoolConnection
  await session.query('INSERT INTO note (id) VALUES (1)')
  const { threadId } = session
  const running = failureOf(session.query('INSERT INTO note (id) SELECT SLEEP(20)'))
  await eventually('it runs', async () => {
    const list = await cluster.query('SHOW PROCESSLIST')
    return list.some(({ Info }) => String(Info).includes('SLEEP(20)'))
  })
  return { pool, session, running, kill: `KILL QUERY ${threadId}` }
}

async function fallSilent(): Promise<void> {
  heals.push(await simulation.cluster.inject({ type: 'hang' }))
}

describe('a KILL that meets an instance which falls silent', () => {
  it('ends with what it was to end, when the instance is condemned', async () => {
    const { pool, session, running, kill } = await runLong()
    heals.push(await simulation.cluster.inject({ type: 'slow', delayMs: 300 }))
    const killing = failureOf(pool.query(kill))
    await eventually('the KILL has its connection', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay === 2),
    )
    await fallSilent()
    expect((await running).aurora).toMatchObject({ outcome: 'unknown' })
    expect((await killing).aurora).toMatchObject({ kind: 'lost' })
    session.release()
    await eventually('nothing is left', () => pool.aurora.stats().active === 0)
  })

  it('is cut by a drain whose time is over', async () => {
    const { pool, session, running, kill } = await runLong()
    await fallSilent()
    const killing = failureOf(pool.query(kill))
    session.destroy()
    await running
    await pool.aurora.drain({ timeoutMs: 100 })
    await killing
    expect(pool.aurora.stats().active).toBe(0)
  })

  it('waits no longer for its connection than it is told to', async () => {
    const { pool, session, running, kill } = await runLong()
    await fallSilent()
    const error = await failureOf(pool.query({ sql: kill, aurora: { waitMs: 50 } } as never))
    expect(error.code).toBe('ERR_AURORA_NO_CONNECTION')
    const signal = AbortSignal.timeout(50)
    const aborted = await failureOf(pool.query({ sql: kill, aurora: { signal } } as never))
    expect(aborted.code).toBe('ERR_AURORA_ABORTED')
    session.destroy()
    await running
  })
})
