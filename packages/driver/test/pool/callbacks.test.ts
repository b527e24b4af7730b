import mysql, { type Pool } from 'mysql2'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
/** What mysql2 refuses by throwing. */
const unbound = [undefined] as unknown as string[]

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
})

const query = (pool: Pool, sql: string) =>
  new Promise<unknown>((resolve, reject) => {
    pool.query(sql, (error, rows) => (error ? reject(error) : resolve(rows)))
  })

const pools = {
  mysql2: () => mysql.createPool(simulation.cluster.plainConnection),
  ours: () => simulation.callbackPool(),
}

describe.each(['mysql2', 'ours'] as const)('callbacks of %s', (name) => {
  it('come later, never inside the call', async () => {
    const pool: Pool = pools[name]()
    await query(pool, 'SELECT 1')
    const isLater = (call: (done: () => void) => void) =>
      new Promise<boolean>((resolve) => {
        let hasReturned = false
        call(() => resolve(hasReturned))
        hasReturned = true
      })
    expect(
      await isLater((done) =>
        pool.getConnection((_, session) => {
          session?.release()
          done()
        }),
      ),
    ).toBe(true)
    expect(await isLater((done) => pool.execute('SELECT ?', unbound, done))).toBe(true)
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    expect(await isLater((done) => pool.query('SELECT 1', done))).toBe(true)
    expect(await isLater((done) => pool.execute('SELECT 1', done))).toBe(true)
    expect(await isLater((done) => pool.getConnection(done))).toBe(true)
  })

  it('that throw are not called again', async () => {
    const pool: Pool = pools[name]()
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    const heard: unknown[] = []
    const thrown = new Error('thrown by the application')
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve))
    try {
      pool.query('SELECT 1', (error) => {
        heard.push(error?.message)
        throw thrown
      })
    } catch (error) {
      process.emit('uncaughtException', error as Error)
    }
    expect(await caught).toBe(thrown)
    await new Promise((resolve) => setImmediate(resolve))
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(heard).toEqual(['Pool is closed.'])
  })
})

describe('a callback', () => {
  it('is called once, also when the connection is lost while its statement is being prepared', async () => {
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await query(pool, 'DO 1')
    const heal = await simulation.cluster.inject({ type: 'slow', delayMs: 300 })
    const heard: unknown[] = []
    const called = new Promise<void>((resolve) => {
      pool.execute('DO 2', (error) => {
        heard.push(error)
        resolve()
      })
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await simulation.cluster.inject({ type: 'reset' })
    await heal()
    await called
    await query(pool, 'DO 3')
    expect(heard).toHaveLength(1)
  })
})
