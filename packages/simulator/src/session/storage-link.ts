import type { Duplex } from 'node:stream'
import { command, type ReplyShape } from '../protocol/commands.js'
import { headerSize, packet, readError, type ServerError } from '../protocol/packet.js'
import { PacketSplitter, type Piece } from '../protocol/packet-splitter.js'
import { type PacketMeaning, ReplyTracker } from '../protocol/reply-tracker.js'

/** What the storage's end of a session reports. */
export interface StorageLinkEvents {
  /** A piece of a reply to the client's command, or of the login. */
  onPiece(piece: Piece, meaning: PacketMeaning): void
  /** All pieces received so far have been handed on. */
  onPause(): void
  /** The storage takes more again. */
  onDrain(): void
  onClose(): void
}

/** What is kept of the reply to a command of the front-end's own. */
interface OwnReply {
  error?: ServerError
  /** The first packet. */
  head?: Buffer
}

/** The storage's end of a session: one connection, one command under way at a time. */
export class StorageLink {
  readonly tracker = new ReplyTracker()
  readonly #stream: Duplex
  readonly #events: StorageLinkEvents
  readonly #splitter = new PacketSplitter()
  #own: { resolve(reply: OwnReply): void; reply: OwnReply } | undefined
  #isClosed = false

  constructor(stream: Duplex, events: StorageLinkEvents) {
    this.#stream = stream
    this.#events = events
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('drain', () => events.onDrain())
    stream.once('close', () => this.#close())
    stream.once('end', () => this.#close())
    stream.on('error', () => this.#close())
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The storage takes no more at the moment; `onDrain` follows. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain
  }

  write(bytes: Buffer): void {
    if (!this.#isClosed) this.#stream.write(bytes)
  }

  /** From here on a reply of this shape is expected. */
  begin(shape: ReplyShape): void {
    this.tracker.begin(shape)
  }

  /**
   * Runs a statement of the front-end's own between two commands of the client, its reply kept back.
   * Resolves with the server's error, if there was one.
   */
  async run(sql: string): Promise<ServerError | undefined> {
    const reply = await this.#send(command.query, Buffer.from(sql), 'results')
    return reply.error
  }

  /** Prepares a statement of the front-end's own; undefined: the server refused. */
  async prepare(sql: Buffer): Promise<number | undefined> {
    const { error, head } = await this.#send(command.prepare, sql, 'prepared')
    return error ? undefined : head?.readUInt32LE(headerSize + 1)
  }

  closeStatement(id: number): void {
    const payload = Buffer.alloc(5)
    payload[0] = command.closeStatement
    payload.writeUInt32LE(id, 1)
    this.write(packet(payload, 0))
  }

  #send(code: number, argument: Buffer, shape: ReplyShape): Promise<OwnReply> {
    if (this.#isClosed) return Promise.resolve({})
    return new Promise((resolve) => {
      this.#own = { resolve, reply: {} }
      this.tracker.begin(shape)
      this.#stream.write(packet(Buffer.concat([Buffer.of(code), argument]), 0))
    })
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  destroy(): void {
    this.#stream.destroy()
    this.#close()
  }

  #take(chunk: Buffer): void {
    this.#splitter.push(chunk)
    for (let piece = this.#splitter.next(); piece; piece = this.#splitter.next()) {
      const meaning = this.tracker.feed(piece)
      if (this.#own) this.#takeOwn(piece, meaning)
      else this.#events.onPiece(piece, meaning)
      if (this.#isClosed) return
    }
    this.#events.onPause()
  }

  #takeOwn(piece: Piece, meaning: PacketMeaning): void {
    const own = this.#own
    if (!own) return
    const frame = piece.buffer.subarray(piece.start, piece.end)
    if (meaning === 'error') own.reply.error = readError(frame.subarray(headerSize))
    else own.reply.head ??= Buffer.from(frame)
    if (!this.tracker.isComplete) return
    this.#own = undefined
    own.resolve(own.reply)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.tracker.abandon()
    this.#own?.resolve({})
    this.#own = undefined
    this.#events.onClose()
  }
}
