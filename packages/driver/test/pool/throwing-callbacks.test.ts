import { type AuroraPool, createAuroraPool } from 'aurora-mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PlainServer } from '../plain-server.js'
import { eventually, type Simulation, simulate } from '../simulation.js'
import { Uncaught } from '../uncaught.js'

let uncaught: Uncaught

beforeEach(() => {
  uncaught = new Uncaught()
  uncaught.listen()
})

afterEach(() => uncaught.restore())

/** Statements whose callers throw whatever error they get. */
function ask(pool: AuroraPool, count: number): unknown[] {
  const told: unknown[] = []
  for (let turn = 0; turn < count; turn++) {
    pool.query('DO 1', (error) => {
      told.push(error)
      if (error) throw error
    })
  }
  return told
}

describe('callbacks that throw their error', () => {
  it('keep none of the others from being told, on a plain server that is away', async () => {
    const server = new PlainServer()
    await server.listen()
    const { port } = server
    const pool = createAuroraPool({ host: '127.0.0.1', port, user: 'x', connectionLimit: 3 })
    await pool.aurora.ready()
    await server.close()
    await eventually('its connections are gone', () =>
      pool.aurora.stats().instances.every(({ open }) => open === 0),
    )
    const told = ask(pool, 10)
    await eventually('everybody is told', () => told.length === 10)
    expect(told).toEqual(Array(10).fill(expect.objectContaining({ code: 'ECONNREFUSED' })))
    await eventually('each throws', () => uncaught.heard.length === 10)
    expect(uncaught.heard).toEqual(told.map((error) => ['uncaughtException', error]))
    await new Promise<void>((resolve) => pool.end(() => resolve()))
  })

  it('do not disturb end()', async () => {
    const simulation: Simulation = await simulate({ instances: 2 })
    const pool = simulation.callbackPool()
    await pool.aurora.ready()
    await simulation.cluster.crash(simulation.cluster.writer.id)
    const told = ask(pool, 5)
    await eventually('all of them wait', () => pool.aurora.stats().waiting === 5)
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    expect(told).toEqual(Array(5).fill(expect.objectContaining({ message: 'Pool is closed.' })))
    expect(uncaught.heard).toEqual(told.map((error) => ['uncaughtException', error]))
    await eventually('all connections are closed', () =>
      simulation.cluster.instances.every(({ counters }) => counters.connectionsOpen === 0),
    )
  })
})
