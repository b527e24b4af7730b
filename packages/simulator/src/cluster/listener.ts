import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

const backlog = 511

/** Connects that may wait for another program to give the port back. */
const reopenAttempts = 50
const reopenPauseMs = 20

/** A listening socket that can be closed and opened again on the same port while its connections live. */
export class Listener {
  readonly #address: string
  readonly #onSocket: (socket: Socket) => void
  #server: Server | undefined
  #port = 0

  constructor(address: string, onSocket: (socket: Socket) => void) {
    this.#address = address
    this.#onSocket = onSocket
  }

  get port(): number {
    return this.#port
  }

  async open(port: number): Promise<void> {
    if (this.#server) return
    const isReopening = this.#port !== 0
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#listen(port)
        return
      } catch (error) {
        if (!isReopening || attempt >= reopenAttempts) throw error
        await new Promise((resolve) => setTimeout(resolve, reopenPauseMs))
      }
    }
  }

  /** Refuses connections from now on; accepted ones live. */
  close(): void {
    this.#server?.close()
    this.#server = undefined
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ noDelay: true }, this.#onSocket)
    this.#server = server
    try {
      server.listen({ host: this.#address, port, backlog, exclusive: true })
      await once(server, 'listening')
    } catch (error) {
      this.#server = undefined
      throw error
    }
    const bound = server.address()
    if (bound !== null && typeof bound === 'object') this.#port = bound.port
  }
}
