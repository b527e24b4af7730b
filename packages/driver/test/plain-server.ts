import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'mysql2'

/** What mysql2 offers to play a server with. */
export interface Played {
  on(event: string, listener: (...args: never[]) => void): void
  writeOk(): void
  writeError(error: { message: string; code: number }): void
  writeTextResult(rows: readonly object[], columns: readonly object[]): void
  serverHandshake(greeting: object): void
  readonly stream: Socket
  sequenceId: number
}

/** How a server is asked whether it is Aurora. */
export const AURORA_QUESTION = /aurora_version/
const LONG_LONG = 8
const ASCII = 33

/** A MySQL server that is not Aurora; it answers any other statement with one row. */
export class PlainServer {
  readonly statements: string[] = []
  /** So many connections at once, and no more. */
  maxConnections = Number.POSITIVE_INFINITY
  /** How many were refused for that. */
  refused = 0
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
      authCallback: (_: unknown, done: (error: object | null) => void) => {
        const isFull = this.#open.size > this.maxConnections
        if (isFull) this.refused++
        done(isFull ? { message: 'Too many connections', code: 1040 } : null)
      },
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
