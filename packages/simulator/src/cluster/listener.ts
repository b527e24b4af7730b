import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

const backlog = 511

/** Connects that may wait for another program to give the port back. */
const reopenAttempts = 50
const reopenPauseMs = 20
/** An instance that is added under the name of one just removed may find its port not given back yet. */
const openAttempts = 10

/** A listening socket that can be closed and opened again on the same port while its connections live. */
export class Listener {
  readonly #address: string
  readonly #onSocket: (socket: Socket) => void
  #server: Server | undefined
  #opening: Promise<void> | undefined
  #port = 0

  constructor(address: string, onSocket: (socket: Socket) => void) {
    this.#address = address
    this.#onSocket = onSocket
  }

  get port(): number {
    return this.#port
  }

  /** Resolves when it listens, or has been closed meanwhile. */
  open(port: number): Promise<void> {
    if (this.#opening) return this.#opening
    if (this.#server) return Promise.resolve()
    const opening: Promise<void> = this.#open(port, () => this.#opening === opening).finally(() => {
      if (this.#opening === opening) this.#opening = undefined
    })
    this.#opening = opening
    return opening
  }

  /** Refuses connections from now on; accepted ones live. */
  close(): void {
    this.#opening = undefined
    this.#server?.close()
    this.#server = undefined
  }

  async #open(port: number, isWanted: () => boolean): Promise<void> {
    const attempts = this.#port !== 0 ? reopenAttempts : port !== 0 ? openAttempts : 1
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#listen(port)
        return
      } catch (error) {
        if (attempt >= attempts) throw error
        await new Promise((resolve) => setTimeout(resolve, reopenPauseMs))
        if (!isWanted()) return
      }
    }
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ noDelay: true }, this.#onSocket)
    this.#server = server
    try {
      server.listen({ host: this.#address, port, backlog, exclusive: true })
      // A server that is closed before it listens never says that it listens.
      await Promise.race([once(server, 'listening'), once(server, 'close')])
    } catch (error) {
      if (this.#server === server) this.#server = undefined
      throw error
    }
    if (this.#server !== server) {
      // It may have begun to listen after it was closed.
      server.close()
      return
    }
    const bound = server.address()
    if (bound !== null && typeof bound === 'object') this.#port = bound.port
  }
}
