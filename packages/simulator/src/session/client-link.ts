import type { Socket } from 'node:net'
import { TLSSocket, type TLSSocketOptions } from 'node:tls'
import { CompressedFraming } from '../protocol/compressed-framing.js'
import { resetSocket } from './reset-socket.js'

/** What the link reports to its session. */
export interface ClientLinkEvents {
  onData(chunk: Buffer): void
  /** The client has gone, or the link was cut. */
  onClose(): void
  /** The client takes more again, after `send` said that it does not. */
  onDrain(): void
}

/** Where the bytes of all links of an instance are counted. */
export interface Traffic {
  bytesIn: number
  bytesOut: number
}

interface DelayedChunk {
  readonly dueMs: number
  readonly chunk: Buffer
}

/** More than this waiting in a held or slow link stops the storage's side. */
const waitingLimit = 1024 * 1024

/**
 * The client's end of a session: its socket, TLS and compression, and what a fault does to the bytes on
 * the way (silence, delay).
 */
export class ClientLink {
  #socket: Socket
  readonly #events: ClientLinkEvents
  /** The TCP socket, below TLS. */
  readonly #transport: Socket
  readonly #faults: { readonly delayMs: number }
  readonly #traffic: Traffic
  readonly #waiting: DelayedChunk[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #compression: CompressedFraming | undefined
  #isHeld = false
  #isPaused = false
  #isEnding = false

  constructor(
    socket: Socket,
    faults: { readonly delayMs: number },
    traffic: Traffic,
    events: ClientLinkEvents,
  ) {
    this.#socket = socket
    this.#transport = socket
    this.#traffic = traffic
    this.#faults = faults
    this.#events = events
    this.#listen()
  }

  /** Sends bytes to the client. False: wait for `onDrain` before sending much more. */
  send(chunk: Buffer): boolean {
    if (this.#isEnding) return true
    const framed = this.#compression ? this.#compression.encode(chunk) : chunk
    this.#traffic.bytesOut += framed.length
    const { delayMs } = this.#faults
    if (!this.#isHeld && delayMs === 0 && this.#waiting.length === 0) {
      return this.#socket.write(framed)
    }
    this.#waiting.push({ dueMs: performance.now() + delayMs, chunk: framed })
    this.#waitingBytes += framed.length
    this.#schedule()
    return this.#waitingBytes < waitingLimit
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#isHeld) this.#socket.resume()
  }

  /** Falls silent: nothing is read, nothing is sent, the socket stays open. */
  hold(): void {
    this.#isHeld = true
    this.#socket.pause()
    this.#schedule()
  }

  /** Ends the silence; what was kept back goes out. */
  unhold(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (!this.#isPaused) this.#socket.resume()
    this.#schedule()
    if (this.#isEnding) this.end()
  }

  startTls(options: TLSSocketOptions, pending: Buffer): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('close')
    plain.removeAllListeners('drain')
    plain.pause()
    if (pending.length > 0) plain.unshift(pending)
    this.#socket = new TLSSocket(plain, { ...options, isServer: true })
    plain.once('close', () => this.#socket.destroy())
    this.#listen()
  }

  startCompression(): void {
    this.#compression = new CompressedFraming()
  }

  /** Sends what is waiting and closes the socket in order. */
  end(): void {
    this.#isEnding = true
    if (this.#waiting.length === 0 && !this.#isHeld) this.#socket.end()
  }

  /** Closes at once with an RST, as a host does whose process has died. */
  cut(): void {
    clearTimeout(this.#timer)
    this.#isEnding = true
    resetSocket(this.#transport, this.#socket)
    this.#socket.destroy()
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('data', (chunk: Buffer) => {
      this.#traffic.bytesIn += chunk.length
      const plain = this.#compression ? this.#compression.decode(chunk) : chunk
      if (plain.length > 0) this.#events.onData(plain)
    })
    socket.on('drain', () => this.#events.onDrain())
    socket.once('close', () => {
      clearTimeout(this.#timer)
      this.#events.onClose()
    })
    // The close event follows every error and is what counts.
    socket.on('error', () => undefined)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const next = this.#waiting[0]
    if (this.#isHeld || !next) return
    const waitMs = Math.max(0, next.dueMs - performance.now())
    if (waitMs > 0) this.#timer = setTimeout(() => this.#flush(), waitMs)
    else this.#flush()
  }

  #flush(): void {
    // A timer may fire a fraction of a millisecond early.
    const nowMs = performance.now() + 1
    while (this.#waiting[0] && this.#waiting[0].dueMs <= nowMs) {
      const { chunk } = this.#waiting.shift() as DelayedChunk
      this.#waitingBytes -= chunk.length
      this.#socket.write(chunk)
    }
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#isEnding) this.#socket.end()
    else this.#events.onDrain()
  }
}
