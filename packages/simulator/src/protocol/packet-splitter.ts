import { headerSize, maxFramePayload } from './packet.js'

/** Frames up to this size are handed out whole; longer ones pass in pieces as they come. */
const wholeLimit = 64 * 1024

/** How much of a long frame must be there before its beginning is handed out. */
const headLimit = 64

/** A piece of a packet stream, by reference into the chunk that it came in. */
export interface Piece {
  /** `whole`: header and payload. `head`: header and the first bytes of a long frame. `rest`: more of it. */
  kind: 'whole' | 'head' | 'rest'
  buffer: Buffer
  start: number
  end: number
  /** Length of the frame's payload, as its header says. */
  length: number
  /** The frame continues the payload of the frame before it. */
  isContinuation: boolean
  /** With this piece the logical packet, continuations included, is complete. */
  isLast: boolean
}

/**
 * Cuts a byte stream into the frames of the MySQL protocol without copying what it need not look at.
 * `next()` hands out one and the same object each time: use it before the next call.
 */
export class PacketSplitter {
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #restOfFrame = 0
  #restIsLast = false
  #isContinuation = false
  readonly #piece: Piece = {
    kind: 'whole',
    buffer: this.#chunk,
    start: 0,
    end: 0,
    length: 0,
    isContinuation: false,
    isLast: true,
  }

  /** Bytes received and not handed out yet. */
  get pendingBytes(): number {
    return this.#chunk.length - this.#at
  }

  push(chunk: Buffer): void {
    this.#chunk =
      this.pendingBytes === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    this.#at = 0
  }

  /** Takes everything not handed out yet, for a stream that changes hands (TLS). */
  drain(): Buffer {
    const rest = this.#chunk.subarray(this.#at)
    this.#at = this.#chunk.length
    return rest
  }

  next(): Piece | undefined {
    const available = this.pendingBytes
    if (this.#restOfFrame > 0) {
      if (available === 0) return undefined
      const taken = Math.min(this.#restOfFrame, available)
      this.#restOfFrame -= taken
      return this.#hand('rest', taken, 0, true, this.#restOfFrame === 0 && this.#restIsLast)
    }
    if (available < headerSize) return undefined
    const length = this.#chunk.readUIntLE(this.#at, 3)
    const isContinuation = this.#isContinuation
    const isLast = length < maxFramePayload
    if (length <= wholeLimit) {
      if (available < headerSize + length) return undefined
      this.#isContinuation = !isLast
      return this.#hand('whole', headerSize + length, length, isContinuation, isLast)
    }
    if (available < headerSize + headLimit) return undefined
    const taken = Math.min(headerSize + length, available)
    this.#restOfFrame = headerSize + length - taken
    this.#restIsLast = isLast
    this.#isContinuation = !isLast
    return this.#hand('head', taken, length, isContinuation, isLast && this.#restOfFrame === 0)
  }

  #hand(
    kind: Piece['kind'],
    bytes: number,
    length: number,
    isContinuation: boolean,
    isLast: boolean,
  ) {
    const piece = this.#piece
    piece.kind = kind
    piece.buffer = this.#chunk
    piece.start = this.#at
    this.#at += bytes
    piece.end = this.#at
    piece.length = length
    piece.isContinuation = isContinuation
    piece.isLast = isLast
    return piece
  }
}
