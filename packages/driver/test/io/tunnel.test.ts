import { PassThrough } from 'node:stream'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { beforeAll, describe, expect, it } from 'vitest'
import { countBytes } from '../../src/io/count-bytes.js'
import { eventually, failureOf, type Simulation, simulate } from '../simulation.js'
import { Tunnels } from './tunnel.js'

const SLOW_READ = 'SELECT COUNT(*) AS n FROM seq_1_to_3000 a, seq_1_to_3000 b'

let simulation: Simulation
let tunnels: Tunnels

beforeAll(async () => {
  simulation = await simulate({ instances: 2, tls: true })
  tunnels = new Tunnels(simulation.cluster)
  await simulation.cluster.query('CREATE TABLE app.note (id INT)')
})

describe('streams that are no sockets', () => {
  it.each([
    ['in the clear', () => ({})],
    ['encrypted', () => ({ ssl: { ca: simulation.cluster.ca as string, verifyIdentity: true } })],
  ])('carry statements and questions, %s', async (_, options) => {
    const pool = await simulation.readyPool({ ...options(), stream: tunnels.stream })
    await pool.query('INSERT INTO note (id) VALUES (1)')
    const [rows] = await pool.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    expect(pool.aurora.stats().mode).toBe('cluster')
    await pool.end()
    await eventually('nothing is left open', () => tunnels.open.size === 0)
  })

  it('carry statements to a server behind one endpoint', async () => {
    const { cluster } = simulation
    const { aurora: _, ...connection } = cluster.connection
    const pool = createAuroraPool({
      ...connection,
      host: cluster.writer.endpoint,
      stream: tunnels.stream,
    })
    const [rows] = await pool.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('are counted by what they receive', async () => {
    const stream = countBytes(new PassThrough())
    expect(stream.bytesRead).toBe(0)
    stream.write(Buffer.alloc(5))
    stream.write(Buffer.alloc(7))
    await eventually('all of it has come', () => stream.bytesRead === 12)
  })
})

describe('a connection whose encryption breaks', () => {
  const open = () =>
    simulation.readyPool({
      ssl: { ca: simulation.cluster.ca as string, verifyIdentity: true },
      stream: tunnels.stream,
    })

  const breakAll = async (pool: Awaited<ReturnType<typeof open>>): Promise<void> => {
    await eventually('it runs', () =>
      pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
    )
    for (const tunnel of tunnels.open) tunnel.receiveForeignRecord()
  }

  it('leaves a write whose outcome is unknown', async () => {
    const pool = await open()
    await pool.query('SELECT 1')
    const writing = failureOf(pool.query('INSERT INTO note (id) SELECT SLEEP(20)'))
    await breakAll(pool)
    const error = await writing
    expect(error.code).toMatch(/^ERR_SSL_/)
    expect(error.aurora).toMatchObject({ kind: 'lost', outcome: 'unknown' })
    await pool.query('INSERT INTO note (id) VALUES (2)')
    await pool.end()
  })

  it('does not hurt a read, which runs again', async () => {
    const pool = await open()
    const reading = pool.query(SLOW_READ)
    await breakAll(pool)
    expect((await reading)[0]).toEqual([{ n: 9_000_000 }])
    await pool.end()
  })

  it('kills a session in a transaction', async () => {
    const pool = await open()
    const session = await pool.getConnection()
    await session.beginTransaction()
    const running = failureOf(session.query('INSERT INTO note (id) SELECT SLEEP(20)'))
    await breakAll(pool)
    expect((await running).aurora).toMatchObject({ outcome: 'rolled-back' })
    await failureOf(session.query('INSERT INTO note (id) VALUES (3)'))
    session.release()
    const [rows] = await pool.query('SELECT id FROM note WHERE id = 3')
    expect(rows).toEqual([])
    await pool.end()
  })
})
