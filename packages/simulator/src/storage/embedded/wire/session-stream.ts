import { Duplex } from 'node:stream'

/** The client's end of a connection inside the process: what is written goes to the session. */
export class SessionStream extends Duplex {
  readonly #onData: (chunk: Buffer) => void
  readonly #onClose: () => void

  constructor(onData: (chunk: Buffer) => void, onClose: () => void) {
    super({ allowHalfOpen: false })
    this.#onData = onData
    this.#onClose = onClose
  }

  /** Sends bytes to the client. */
  send(bytes: Buffer): void {
    if (!this.destroyed && !this.readableEnded) this.push(bytes)
  }

  /** Ends the connection as a server does. */
  finish(): void {
    if (this.destroyed || this.readableEnded) return
    this.push(null)
    this.end()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A client must have returned from its own write before it is answered, as on a socket.
    process.nextTick(() => {
      this.#onData(chunk)
      done()
    })
  }

  override _final(done: () => void): void {
    this.#onClose()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#onClose()
    done(error)
  }
}
