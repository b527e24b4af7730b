import type { AddressInfo, Server, Socket } from 'node:net'
import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { createServer } from 'mysql2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, pause, QUICK } from '../simulation.js'

/** What mysql2 offers to play a server with. */
interface Played {
  on(event: string, listener: (...args: never[]) => void): void
  writeOk(): void
  writeError(error: { message: string; code: number }): void
  writeTextResult(rows: readonly object[], columns: readonly object[]): void
  serverHandshake(greeting: object): void
  readonly stream: Socket
  sequenceId: number
}

const AURORA_QUESTION = /aurora_version/
const LONG_LONG = 8
const ASCII = 33

/** A MySQL server that is not Aurora; it answers any other statement with one row. */
class PlainServer {
  readonly statements: string[] = []
  /** What a statement gets instead of its answer. */
  interrupt: ((sql: string, connection: Played) => boolean) | undefined
  readonly #open = new Set<Played>()
  readonly #server = createServer((connection) => this.#serve(connection as unknown as Played))
  port = 0

  async listen(): Promise<void> {
    await new Promise<void>((resolve) =>
      (
        this.#server as unknown as { listen(port: number, host: string, done: () => void): void }
      ).listen(this.port, '127.0.0.1', resolve),
    )
    const server = (this.#server as unknown as { _server: Server })._server
    this.port = (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      (this.#server as unknown as { close(done: () => void): void }).close(resolve),
    )
    for (const { stream } of this.#open) stream.destroy()
    await closed
  }

  get openConnections(): number {
    return this.#open.size
  }

  #serve(connection: Played): void {
    this.#open.add(connection)
    connection.stream.once('close', () => this.#open.delete(connection))
    connection.on('error', () => {})
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.36',
      connectionId: 1,
      statusFlags: 2,
      characterSet: ASCII,
      capabilityFlags: 0x00_0f_f7_ff,
      authCallback: (_: unknown, done: (error: null) => void) => done(null),
    })
    connection.on('query', (sql: string) => this.#answer(sql, connection))
    connection.on('ping', () => connection.writeOk())
    connection.on('quit', () => connection.stream.end())
  }

  #answer(sql: string, connection: Played): void {
    // mysql2's server counts on, where the protocol begins anew with each command.
    connection.sequenceId = 1
    this.statements.push(sql)
    if (this.interrupt?.(sql, connection) === true) return
    const column = {
      catalog: 'def',
      schema: '',
      table: '',
      orgTable: '',
      orgName: '',
      name: 'one',
      characterSet: ASCII,
      columnLength: 20,
      columnType: LONG_LONG,
      flags: 0,
      decimals: 0,
    }
    connection.writeTextResult(AURORA_QUESTION.test(sql) ? [] : [{ one: 1 }], [column])
  }
}

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
