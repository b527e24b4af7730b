import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AURORA_QUESTION, PlainServer, type Played } from '../plain-server.js'
import { eventually, failureOf, pause, QUICK } from '../simulation.js'

let server: PlainServer
let pool: AuroraPool

beforeEach(async () => {
  server = new PlainServer()
  await server.listen()
  pool = createAuroraPool({
    host: '127.0.0.1',
    port: server.port,
    user: 'me',
    connectionLimit: 3,
    aurora: { ...QUICK },
  })
})

afterEach(async () => {
  await pool.end()
  await server.close()
})

describe('on a server that is not Aurora', () => {
  it('that is found out once, and never asked again', async () => {
    await pool.aurora.ready()
    expect(pool.aurora.stats().mode).toBe('plain')
    for (let turn = 0; turn < 20; turn++) {
      await pool.query('SELECT 1')
      await pause(10)
    }
    expect(server.statements.filter((sql) => sql !== 'SELECT 1')).toEqual([
      expect.stringMatching(AURORA_QUESTION),
    ])
    await eventually('only the connection in use is open', () => server.openConnections === 1)
    expect(pool.aurora.topology).toBeUndefined()
  })

  it('is not concluded from an error', async () => {
    let refusals = 2
    server.interrupt = (sql, connection) => {
      if (!AURORA_QUESTION.test(sql) || refusals === 0) return false
      refusals--
      connection.writeError({ message: 'Too many connections', code: 1040 })
      return true
    }
    await pool.query('SELECT 1')
    expect(pool.aurora.stats().mode).toBe('unknown')
    await pool.aurora.ready()
    expect(pool.aurora.stats().mode).toBe('plain')
  })

  it('a server that is away is told at once, as by mysql2', async () => {
    await pool.aurora.ready()
    await pool.query('SELECT 1')
    await server.close()
    await eventually('the loss is seen', () => pool.aurora.stats().instances[0]?.open === 0)
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.code).toBe('ECONNREFUSED')
    expect(error.fatal).toBe(true)
    expect('aurora' in error).toBe(false)
    await server.listen()
    await pool.query('SELECT 1')
  })

  it('a connection lost in a read is told, and the read is not repeated', async () => {
    await pool.aurora.ready()
    await pool.query('SELECT 1')
    server.interrupt = (_, connection) => {
      connection.stream.destroy()
      return true
    }
    const error = await failureOf(pool.query('SELECT 2'))
    expect(error.code).toBe('PROTOCOL_CONNECTION_LOST')
    expect(server.statements.filter((sql) => sql === 'SELECT 2')).toHaveLength(1)
  })

  it('a session that held something on a lost connection is over, as in mysql2', async () => {
    await pool.aurora.ready()
    const session = await pool.getConnection()
    await session.query("SELECT GET_LOCK('a', 1)")
    server.interrupt = (_, connection) => {
      connection.stream.destroy()
      return true
    }
    const first = await failureOf(session.query('UPDATE note SET x = 1'))
    expect(first.code).toBe('PROTOCOL_CONNECTION_LOST')
    server.interrupt = undefined
    const second = await failureOf(session.query('UPDATE note SET x = 2'))
    expect(second).toMatchObject({ fatal: true, message: expect.stringContaining('closed state') })
    expect(server.statements).not.toContain('UPDATE note SET x = 2')
    session.release()
  })

  it('who is refused a connection gets the error, and no one else', async () => {
    await pool.aurora.ready()
    server.maxConnections = 1
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => pool.query('SELECT 1')),
    )
    const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    for (const { errno } of errors) expect(errno).toBe(1040)
    // Who waits for another's connection is served by it.
    expect(server.refused).toBeGreaterThan(0)
    expect(errors.length).toBeLessThanOrEqual(server.refused)
    server.maxConnections = 3
    await pool.query('SELECT 1')
  })

  it('an error of the server is the one that mysql2 makes', async () => {
    await pool.aurora.ready()
    server.interrupt = (_, connection) => {
      connection.writeError({
        message:
          'The MySQL server is running with the --read-only option so it cannot execute this statement',
        code: 1290,
      })
      return true
    }
    const error = await failureOf(pool.query('DELETE FROM note'))
    expect(error.errno).toBe(1290)
    expect('aurora' in error).toBe(false)
    expect(server.statements.filter((sql) => sql === 'DELETE FROM note')).toHaveLength(1)
  })

  it('a statement that takes its time is left alone, and costs no questions', async () => {
    await pool.aurora.ready()
    server.statements.length = 0
    const held: Played[] = []
    server.interrupt = (_, connection) => {
      held.push(connection)
      return true
    }
    const slow = pool.query('SELECT SLOWLY')
    await pause(QUICK.suspectAfterMs + QUICK.questionTimeoutMs + 4 * QUICK.condemnAfterMs)
    server.interrupt = undefined
    held[0]?.writeError({ message: 'answered late', code: 1105 })
    expect((await failureOf(slow)).message).toBe('answered late')
    expect(server.statements).toEqual(['SELECT SLOWLY'])
    expect(server.openConnections).toBe(1)
  })

  it('a server that says nothing for long is waited for: nothing is cut', async () => {
    await pool.aurora.ready()
    await pool.query('SELECT 1')
    const held: (readonly [string, Played])[] = []
    server.interrupt = (sql, connection) => {
      held.push([sql, connection])
      return true
    }
    const waiting = pool.query('SELECT 3')
    await pause(QUICK.suspectAfterMs + 4 * (QUICK.questionTimeoutMs + QUICK.condemnAfterMs) + 3_500)
    server.interrupt = undefined
    const [first] = held.filter(([sql]) => sql === 'SELECT 3')
    expect(first?.[1].stream.destroyed).toBe(false)
    first?.[1].writeError({ message: 'answered late', code: 1105 })
    expect((await failureOf(waiting)).message).toBe('answered late')
  })
})
