import type { Cluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, nothingIsLeft, type Simulation, simulate } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate({ tls: true })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

afterEach(() => simulation.closePools())

const ssl = () => ({ ca: cluster.ca as string, verifyIdentity: true })
const write = "INSERT INTO note (text) VALUES ('x')"

describe('TLS', () => {
  it('verifies each instance by its own name, although its address is cached', async () => {
    const pool = await simulation.readyPool({ ssl: ssl(), aurora: { consistency: 'eventual' } })
    await pool.query(write)
    for (let turn = 0; turn < 6; turn++) await pool.query('SELECT 1')
    const [rows] = await pool.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_version'")
    expect(rows.length).toBe(1)
    expect(pool.aurora.topology?.instances).toHaveLength(3)
  })

  it('refuses an instance whose certificate is for another name', async () => {
    const pool = simulation.pool({
      ssl: ssl(),
      aurora: {
        consistency: 'eventual',
        instanceEndpoint: (id) => ({ host: `${id}.imposter.example`, port: cluster.port }),
        lookup: ((name: string, options: object, done: never) =>
          cluster.lookup(
            name.replace(
              /^([a-z0-9-]+)\.imposter\.example$/,
              (_, id) => cluster.instance(id).endpoint,
            ),
            options,
            done,
          )) as never,
      },
    })
    await pool.query('SELECT 1')
    await eventually(
      'it is known that none can be trusted',
      () => pool.aurora.stats().mode === 'single',
    )
    expect(
      pool.aurora.stats().instances.every(({ id, open }) => id === '(endpoint)' || open === 0),
    ).toBe(true)
    await pool.query(write)
  })

  it('refuses an endpoint that nobody vouches for', async () => {
    const pool = simulation.pool({ ssl: { verifyIdentity: true } })
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.code).toBe('HANDSHAKE_SSL_ERROR')
  })

  it('does not stand in the way of a failover: crash, then silence', async () => {
    const pool = await simulation.readyPool({ ssl: ssl() })
    await pool.query(write)
    for (const how of ['crash', 'hang'] as const) {
      const promoted = cluster.failover({ how, promoteMs: 300, detectMs: 100, returnMs: 200 })
      const underWay = Promise.allSettled([pool.query(write)])
      await promoted
      await underWay
      await pool.query(write)
    }
    await eventually('nothing is left', () => nothingIsLeft(pool))
    await pool.end()
    await eventually('all connections are closed', () =>
      cluster.instances.every(({ counters }) => counters.connectionsOpen === 0),
    )
  })
})
