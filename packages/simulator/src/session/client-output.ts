import type { Piece } from '../protocol/packet-splitter.js'

/**
 * Joins neighbouring pieces of one chunk, so that a reply that passes unchanged is written as it came:
 * one write, nothing copied.
 */
export class ClientOutput {
  readonly #send: (bytes: Buffer) => boolean
  #buffer: Buffer | undefined
  #start = 0
  #end = 0
  #hasRoom = true

  constructor(send: (bytes: Buffer) => boolean) {
    this.#send = send
  }

  pass(piece: Piece): void {
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
