import { createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PlainServer, type Played } from '../plain-server.js'
import { failureOf } from '../simulation.js'

let server: PlainServer

beforeEach(async () => {
  server = new PlainServer()
  await server.listen()
})

afterEach(() => server.close())

it.each([
  [1153, 'ER_NET_PACKET_TOO_LARGE', "Got a packet bigger than 'max_allowed_packet' bytes"],
  [1156, 'ER_NET_PACKETS_OUT_OF_ORDER', 'Got packets out of order'],
  [1157, 'ER_NET_UNCOMPRESS_ERROR', "Couldn't uncompress communication packet"],
])(
  'a connection that the server closes behind %s is lent to nobody',
  async (code, name, message) => {
    const used = new Set<Played>()
    server.interrupt = (sql, connection) => {
      if (!sql.startsWith('INSERT')) return false
      used.add(connection)
      if (used.size > 1) return false
      connection.writeError({ message, code })
      return true
    }
    const pool = createAuroraPool({
      host: '127.0.0.1',
      port: server.port,
      user: 'x',
      connectionLimit: 1,
    })
    await pool.aurora.ready()
    const refused = failureOf(pool.query('INSERT INTO t VALUES (1)'))
    const behindIt = pool.query('INSERT INTO t VALUES (2)')
    expect((await refused).code).toBe(name)
    await behindIt
    expect(used.size).toBe(2)
    await pool.end()
  },
)
