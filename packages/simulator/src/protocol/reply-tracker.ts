import { serverStatus } from './capabilities.js'
import type { ReplyShape } from './commands.js'
import { lengthEncodedSize } from './length-encoded.js'
import { headerSize, maxFramePayload } from './packet.js'
import type { Piece } from './packet-splitter.js'

/** What a packet of a reply is. `file-request`: the server asks the client for a local file. */
export type PacketMeaning =
  | 'ok'
  | 'error'
  | 'end-of-rows'
  | 'end-of-columns'
  | 'result-head'
  | 'prepared-head'
  | 'column'
  | 'row'
  | 'file-request'
  | 'authentication'
  | 'text'
  | 'continuation'

type State = 'complete' | 'first' | 'columns' | 'columns-end' | 'rows' | 'file'

/**
 * Follows a server's reply packet by packet, to know when it is complete and which status flags it left.
 * The shapes are those of the client/server protocol, with and without CLIENT_DEPRECATE_EOF.
 */
export class ReplyTracker {
  /** Set from the capabilities both sides agreed on. */
  deprecateEof = false
  /** Status flags of the last OK or EOF packet. */
  status: number = serverStatus.autocommit
  /** Where in the packet last fed the two bytes of status flags lie; -1: it has none. */
  statusAt = -1
  /** Rows that the last OK packet says were changed. */
  affectedRows = 0
  #shape: ReplyShape = 'none'
  #state: State = 'complete'
  #columns = 0
  #definitionsAfter = 0

  get isComplete(): boolean {
    return this.#state === 'complete'
  }

  begin(shape: ReplyShape): void {
    this.#shape = shape
    this.#state = shape === 'none' ? 'complete' : shape === 'rows' ? 'rows' : 'first'
    if (shape === 'columns') {
      this.#state = 'columns'
      this.#columns = Number.POSITIVE_INFINITY
    }
  }

  /** The reply will never be completed (its connection is gone). */
  abandon(): void {
    this.#state = 'complete'
  }

  feed(piece: Piece): PacketMeaning {
    this.statusAt = -1
    if (piece.kind === 'rest' || piece.isContinuation) return 'continuation'
    const first = piece.length === 0 ? 0 : (piece.buffer[piece.start + headerSize] ?? 0)
    switch (this.#state) {
      case 'first':
        return this.#feedFirst(piece, first)
      case 'file':
        return this.#feedOkOrError(piece, first)
      case 'columns':
        return this.#feedColumn(piece, first)
      case 'columns-end':
        return this.#feedColumnsEnd(piece, first)
      case 'rows':
        return this.#feedRow(piece, first)
      case 'complete':
        // A server speaks unasked only to say why it hangs up.
        return first === 0xff ? 'error' : 'text'
    }
  }

  #feedFirst(piece: Piece, first: number): PacketMeaning {
    switch (this.#shape) {
      case 'authentication':
        return first === 0x00 || first === 0xff
          ? this.#feedOkOrError(piece, first)
          : 'authentication'
      case 'text':
        this.#state = 'complete'
        return first === 0xff ? 'error' : 'text'
      case 'prepared':
        return this.#feedPrepared(piece, first)
      case 'results':
        if (first === 0x00 || first === 0xff) return this.#feedOkOrError(piece, first)
        if (first === 0xfb) {
          this.#state = 'file'
          return 'file-request'
        }
        this.#columns =
          first < 0xfb ? first : piece.buffer.readUInt16LE(piece.start + headerSize + 1)
        this.#definitionsAfter = 0
        this.#state = 'columns'
        return 'result-head'
      default:
        if (first === 0xfe) {
          this.#readEndStatus(piece)
          this.#state = 'complete'
          return 'end-of-rows'
        }
        return this.#feedOkOrError(piece, first)
    }
  }

  #feedOkOrError(piece: Piece, first: number): PacketMeaning {
    if (first === 0xff) {
      this.#state = 'complete'
      return 'error'
    }
    this.#readOk(piece)
    this.#endOfResult()
    return 'ok'
  }

  #feedPrepared(piece: Piece, first: number): PacketMeaning {
    if (first === 0xff) {
      this.#state = 'complete'
      return 'error'
    }
    const columns = piece.buffer.readUInt16LE(piece.start + headerSize + 5)
    const parameters = piece.buffer.readUInt16LE(piece.start + headerSize + 7)
    this.#columns = parameters > 0 ? parameters : columns
    this.#definitionsAfter = parameters > 0 ? columns : 0
    this.#state = this.#columns > 0 ? 'columns' : 'complete'
    return 'prepared-head'
  }

  #feedColumn(piece: Piece, first: number): PacketMeaning {
    if (this.#shape === 'columns') {
      if (first === 0xff || (first === 0xfe && piece.length < 9)) {
        this.#state = 'complete'
        if (first === 0xff) return 'error'
        this.#readEndStatus(piece)
        return 'end-of-rows'
      }
      return 'column'
    }
    this.#columns -= 1
    if (this.#columns === 0) {
      if (!this.deprecateEof) this.#state = 'columns-end'
      else this.#columnsDone()
    }
    return 'column'
  }

  #feedColumnsEnd(piece: Piece, first: number): PacketMeaning {
    if (first === 0xff) {
      this.#state = 'complete'
      return 'error'
    }
    this.#readEndStatus(piece)
    this.#columnsDone()
    // A cursor was opened: the rows come only when they are fetched.
    const hasCursor = (this.status & 0x0040) !== 0
    if (this.#shape === 'results' && hasCursor) this.#state = 'complete'
    return 'end-of-columns'
  }

  #columnsDone(): void {
    if (this.#shape !== 'prepared') {
      this.#state = 'rows'
      return
    }
    this.#columns = this.#definitionsAfter
    this.#definitionsAfter = 0
    this.#state = this.#columns > 0 ? 'columns' : 'complete'
  }

  #feedRow(piece: Piece, first: number): PacketMeaning {
    if (first === 0xff) {
      this.#state = 'complete'
      return 'error'
    }
    const isEnd = first === 0xfe && piece.length < (this.deprecateEof ? maxFramePayload : 9)
    if (!isEnd) return 'row'
    this.#readEndStatus(piece)
    this.#endOfResult()
    return 'end-of-rows'
  }

  #endOfResult(): void {
    const hasMore = this.#shape === 'results' && (this.status & serverStatus.moreResults) !== 0
    this.#state = hasMore ? 'first' : 'complete'
  }

  #readOk(piece: Piece): void {
    const { buffer } = piece
    let at = piece.start + headerSize + 1
    const affected = buffer[at] ?? 0
    this.affectedRows = affected < 0xfb ? affected : 1
    at += lengthEncodedSize(affected)
    at += lengthEncodedSize(buffer[at] ?? 0)
    this.#takeStatus(piece, at)
  }

  #readEndStatus(piece: Piece): void {
    if (this.deprecateEof && piece.length >= 7) this.#readOk(piece)
    else if (piece.length >= 5) this.#takeStatus(piece, piece.start + headerSize + 3)
  }

  #takeStatus(piece: Piece, at: number): void {
    if (at + 2 > piece.end) return
    this.statusAt = at
    this.status = piece.buffer.readUInt16LE(at)
  }
}
