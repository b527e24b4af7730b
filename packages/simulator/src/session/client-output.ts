import type { Piece } from '../protocol/packet-splitter.js'

/**
 * Joins neighbouring pieces of one chunk, so that a reply that passes unchanged is written as it came:
 * one write, nothing copied.
 */
export class ClientOutput {
  readonly #send: (bytes: Buffer) => boolean
  #withheld: Buffer[] | undefined
  #buffer: Buffer | undefined
  #start = 0
  #end = 0
  #hasRoom = true

  constructor(send: (bytes: Buffer) => boolean) {
    this.#send = send
  }

  /** Keeps back what comes from now on, until `release` or `discard`. */
  withhold(): void {
    this.#withheld = []
  }

  get isWithholding(): boolean {
    return this.#withheld !== undefined
  }

  release(): void {
    const withheld = this.#withheld
    this.#withheld = undefined
    if (withheld) for (const bytes of withheld) this.put(bytes)
  }

  discard(): void {
    this.#withheld = undefined
  }

  /** @param changed what takes its place, if anything does */
  pass(piece: Piece, changed?: Buffer): void {
    if (changed) return this.put(changed)
    if (this.#withheld) {
      this.#withheld.push(Buffer.from(piece.buffer.subarray(piece.start, piece.end)))
      return
    }
    if (this.#buffer === piece.buffer && this.#end === piece.start) {
      this.#end = piece.end
      return
    }
    this.flush()
    this.#buffer = piece.buffer
    this.#start = piece.start
    this.#end = piece.end
  }

  put(bytes: Buffer): void {
    if (this.#withheld) {
      this.#withheld.push(bytes)
      return
    }
    this.flush()
    this.#hasRoom = this.#send(bytes) && this.#hasRoom
  }

  /** Writes what has been gathered. False: the client takes no more at the moment. */
  flush(): boolean {
    if (this.#buffer) {
      const bytes = this.#buffer.subarray(this.#start, this.#end)
      this.#buffer = undefined
      this.#hasRoom = this.#send(bytes) && this.#hasRoom
    }
    const hadRoom = this.#hasRoom
    this.#hasRoom = true
    return hadRoom
  }
}
