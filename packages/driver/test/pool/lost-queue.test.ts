import { createAuroraPool } from 'aurora-mysql2'
import aurora from 'aurora-mysql2/mysql2'
import mysql, { type Connection, type Pool, type PoolConnection } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PlainServer } from '../plain-server.js'
import { pause } from '../simulation.js'

let server: PlainServer

beforeEach(async () => {
  server = new PlainServer()
  await server.listen()
})

afterEach(() => server.close())

/** More than calls can be nested. */
const MANY = 1_500

const target = () => ({ host: '127.0.0.1', port: server.port, user: 'me' })

const modules = { mysql2: mysql, ours: aurora }

const pools = {
  mysql2: async (): Promise<Pool> => mysql.createPool(target()),
  ours: async (): Promise<Pool> => {
    const pool = createAuroraPool(target())
    await pool.aurora.ready()
    return pool
  },
}

const run = (on: Connection, sql: string) =>
  new Promise<string>((resolve) =>
    on.query(sql, (error) => resolve(error?.code ?? error?.message ?? 'ok')),
  )

/** Issues one statement that is lost, and many behind it; what each is told, in the order in which they are. */
async function loseAll(on: Connection, how: 'closed' | 'reset') {
  on.on('error', () => {})
  await run(on, 'SELECT 0')
  server.statements.length = 0
  server.interrupt = (_, { stream }) => {
    if (how === 'closed') stream.destroy()
    else stream.resetAndDestroy()
    return true
  }
  const told: (readonly [number, string])[] = []
  const all = Array.from({ length: MANY }, (_, number) =>
    run(on, `SELECT ${number}`).then((code) => told.push([number, code])),
  )
  await Promise.all(all)
  server.interrupt = undefined
  await pause(20)
  // The driver may have a question of its own.
  return { told, sent: server.statements.filter((sql) => sql.startsWith('SELECT ')) }
}

describe.each(['mysql2', 'ours'] as const)('%s, on a server that is not Aurora', (name) => {
  describe.each([
    ['closed', 'PROTOCOL_CONNECTION_LOST'],
    ['reset', 'ECONNRESET'],
  ] as const)('when the connection is %s', (how, code) => {
    const expected = {
      told: Array.from({ length: MANY }, (_, number) => [number, code]),
      sent: ['SELECT 0'],
    }

    it('fails everything that is queued on a session, in order, and runs none of it', async () => {
      const pool = await pools[name]()
      const session = await new Promise<PoolConnection>((resolve, reject) =>
        pool.getConnection((error, taken) => (error ? reject(error) : resolve(taken))),
      )
      expect(await loseAll(session, how)).toEqual(expected)
      session.release()
      // What others run is not concerned.
      expect(await run(pool as never, 'SELECT 1')).toBe('ok')
      pool.end()
    })

    it('fails everything that is queued on a connection, in order, and runs none of it', async () => {
      const connection = modules[name].createConnection(target())
      expect(await loseAll(connection, how)).toEqual(expected)
      connection.destroy()
    })
  })
})

describe('a session that is released', () => {
  it('is given back when everything that was queued has been told of the loss', async () => {
    const pool = await pools.ours()
    const session = await new Promise<PoolConnection>((resolve, reject) =>
      pool.getConnection((error, taken) => (error ? reject(error) : resolve(taken))),
    )
    const heard: string[] = []
    pool.on('release', () => heard.push('released'))
    server.interrupt = (_, { stream }) => {
      stream.resetAndDestroy()
      return true
    }
    for (const sql of ['SELECT 1', 'SELECT 2', 'SELECT 3']) {
      session.query(sql, (error) => heard.push(`${sql} ${error?.code}`))
    }
    await new Promise<void>((resolve) => {
      pool.on('release', () => resolve())
      session.release()
    })
    expect(heard).toEqual([
      'SELECT 1 ECONNRESET',
      'SELECT 2 ECONNRESET',
      'SELECT 3 ECONNRESET',
      'released',
    ])
    pool.end()
  })
})
