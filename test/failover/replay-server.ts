import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { asked, ClientReader, type Conversation } from './conversation.js'
import { resetSocket } from './reset-socket.js'

/** What is done to one answer. `at` counts bytes from its beginning. */
export type Damage =
  /** The connection is closed after so many bytes. */
  | { readonly type: 'cut'; readonly at: number }
  /** The same, by a reset. */
  | { readonly type: 'reset'; readonly at: number }
  /** The rest comes in a segment of its own. */
  | { readonly type: 'split'; readonly at: number }
  /** Every byte comes in a segment of its own. */
  | { readonly type: 'dribble' }
  /** The bits of `mask` are turned over in this byte. A client that waits for more is told in the end that there is none. */
  | { readonly type: 'garble'; readonly at: number; readonly mask: number }

/** A client that has said nothing for so long after a garbled answer may be waiting for bytes that were never meant to come. */
const PATIENCE_MS = 8

/** A server that says what another was heard to say, with one answer damaged when it is told to. */
export class ReplayServer {
  /** Commands that were never recorded, so that their answer is not known. */
  readonly unknown = new Set<string>()
  readonly #conversation: Conversation
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #monitors = new Set<Socket>()
  /** Whoever was given a garbled answer, and when it is told that there is no more. */
  readonly #misled = new Map<Socket, NodeJS.Timeout>()
  readonly #timesAsked = new Map<string, number>()
  #armed: { readonly key: string; readonly damage: Damage } | undefined

  private constructor(conversation: Conversation) {
    this.#conversation = conversation
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  static async start(conversation: Conversation): Promise<ReplayServer> {
    const server = new ReplayServer(conversation)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** The damage has been asked for, and has not been done yet. */
  get isArmed(): boolean {
    return this.#armed !== undefined
  }

  get openCount(): number {
    return this.#sockets.size
  }

  timesAsked(key: string): number {
    return this.#timesAsked.get(key) ?? 0
  }

  /** Damages the next answer to this. */
  damage(key: string, damage: Damage): void {
    this.#armed = { key, damage }
  }

  /** Closes the connections of the application; those that ask for the topology stay. */
  hangUp(): void {
    for (const socket of this.#sockets) if (!this.#monitors.has(socket)) socket.destroy()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket): void {
    const reader = new ClientReader()
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#monitors.delete(socket)
      clearTimeout(this.#misled.get(socket))
      this.#misled.delete(socket)
    })
    socket.on('data', (chunk) => {
      this.#misled.get(socket)?.refresh()
      for (const { key, isMonitor } of reader.read(chunk)) {
        if (isMonitor) this.#monitors.add(socket)
        this.#answer(socket, key)
      }
    })
    this.#answer(socket, asked.greeting)
  }

  #answer(socket: Socket, key: string): void {
    this.#timesAsked.set(key, this.timesAsked(key) + 1)
    const command = key.charCodeAt(0)
    if (command === QUIT) return void socket.end()
    if (command === CLOSE_STATEMENT) return
    const reply = this.#conversation.get(key)
    if (reply === undefined) {
      // Who was misled by a garbled answer may ask anything.
      if (!this.#misled.has(socket)) this.unknown.add(key)
      return void socket.destroy()
    }
    const armed = this.#armed
    if (armed?.key !== key) return void socket.write(reply)
    this.#armed = undefined
    if (armed.damage.type === 'garble') {
      clearTimeout(this.#misled.get(socket))
      this.#misled.set(
        socket,
        setTimeout(() => socket.end(), PATIENCE_MS),
      )
    }
    void deliver(socket, reply, armed.damage)
  }
}

const QUIT = 0x01
const CLOSE_STATEMENT = 0x19

async function deliver(socket: Socket, reply: Buffer, damage: Damage): Promise<void> {
  switch (damage.type) {
    case 'cut':
      socket.end(reply.subarray(0, damage.at))
      return
    case 'reset':
      socket.write(reply.subarray(0, damage.at))
      await ownSegment()
      // Node never closes the handle of a socket that is reset while it ends, and the process could not exit.
      if (socket.writableEnded) socket.destroy()
      else resetSocket(socket)
      return
    case 'split':
      socket.write(reply.subarray(0, damage.at))
      await ownSegment()
      socket.write(reply.subarray(damage.at))
      return
    case 'dribble':
      for (let at = 0; at < reply.length; at++) {
        socket.write(reply.subarray(at, at + 1))
        await ownSegment()
      }
      return
    case 'garble': {
      const garbled = Buffer.from(reply)
      garbled[damage.at] = (garbled[damage.at] ?? 0) ^ damage.mask
      socket.write(garbled)
      return
    }
    default: {
      const unknown: never = damage
      throw new TypeError(`Unknown damage: ${JSON.stringify(unknown)}`)
    }
  }
}

/** Lets the other side read what was written before the next is. */
async function ownSegment(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}
