import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cluster, Lookup } from 'aurora-mysql2-simulator'
import { resetSocket } from './reset-socket.js'

const HEADER_BYTES = 4
const COM_QUERY = 0x03
const COM_PREPARE = 0x16
const COM_EXECUTE = 0x17
/** Forwarders listen in the cluster's own block of loopback addresses, this many hosts above the instance. */
const HOSTS_APART = 120

/** `'before'`: the server never gets it. `'after'`: the server gets it, and its answer is lost. */
export type CutMoment = 'before' | 'after'

interface Trap {
  readonly fits: (text: string) => boolean
  readonly moment: CutMoment
  readonly sprung: () => void
}

/**
 * The network between a pool and the instances of a cluster: forwards each connection, and breaks it as networks do. An answer of
 * the server to a statement that was cut `'after'` is waited for before the client hears of the loss, so that it has taken effect.
 */
export class Wire {
  readonly #cluster: Cluster
  readonly #servers = new Map<string, Promise<Server>>()
  readonly #lines = new Set<Line>()
  readonly #traps = new Set<Trap>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** For `aurora.lookup`: every name leads to the forwarder of the instance that it stands for. */
  readonly lookup: Lookup = (hostname, options, callback) => {
    const done = typeof options === 'function' ? options : callback
    this.#cluster.lookup(hostname, {}, (error, address) => {
      if (error !== null || typeof address !== 'string') return done?.(error, '', 0)
      this.addressFor(address).then(
        (own) => {
          const wantsAll = typeof options === 'object' && options?.all === true
          if (wantsAll) done?.(null, [{ address: own, family: 4 }])
          else done?.(null, own, 4)
        },
        (failure) => done?.(failure, '', 0),
      )
    })
  }

  /** Connections that are open now. */
  get lineCount(): number {
    return this.#lines.size
  }

  /** Where the forwarder of an instance listens: on the instance's port, at an address of its own. */
  async addressFor(address: string): Promise<string> {
    let server = this.#servers.get(address)
    if (server === undefined) {
      server = this.#open(address)
      this.#servers.set(address, server)
    }
    await server
    return forwarderAddress(address)
  }

  /** All connections of this moment lead nowhere, and neither side is told, as with a NAT that has forgotten them. New ones are served. */
  loseSilently(): void {
    for (const line of this.#lines) line.lose()
  }

  /** Cuts the first connection on which a statement whose text fits is sent; resolves when that has happened. */
  cutOnce(text: string | RegExp, moment: CutMoment): Promise<void> {
    const fits = (sent: string) => (typeof text === 'string' ? sent === text : text.test(sent))
    return new Promise((sprung) => this.#traps.add({ fits, moment, sprung }))
  }

  async close(): Promise<void> {
    for (const line of this.#lines) line.end()
    for (const opening of this.#servers.values()) {
      const server = await opening
      await new Promise((resolve) => server.close(resolve))
    }
  }

  #open(address: string): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer((client) => this.#forward(client, address))
      server.once('error', reject)
      server.listen(this.#cluster.port, forwarderAddress(address), () => resolve(server))
    })
  }

  #forward(client: Socket, address: string): void {
    const line = new Line(client, connect({ host: address, port: this.#cluster.port }), {
      onStatement: (text) => this.#spring(text),
      onEnd: () => this.#lines.delete(line),
    })
    this.#lines.add(line)
  }

  #spring(text: string): Trap | undefined {
    for (const trap of this.#traps) {
      if (!trap.fits(text)) continue
      this.#traps.delete(trap)
      return trap
    }
    return undefined
  }
}

interface LineOwner {
  /** The trap that the statement runs into. */
  onStatement(text: string): Trap | undefined
  onEnd(): void
}

/** One connection and what becomes of its bytes. */
class Line {
  readonly #client: Socket
  readonly #server: Socket
  readonly #owner: LineOwner
  readonly #prepared = new Map<number, string>()
  #pending = Buffer.alloc(0)
  #preparing: string | undefined
  #isLost = false
  #cutWithAnswer: Trap | undefined

  constructor(client: Socket, server: Socket, owner: LineOwner) {
    this.#client = client
    this.#server = server
    this.#owner = owner
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      // A reset of one side is passed on to the other, and a silent loss to nobody.
      socket.on('error', () => this.#pass('reset'))
      socket.on('end', () => this.#pass('end'))
      socket.on('close', () => this.#pass('end'))
    }
    client.on('data', (bytes) => this.#fromClient(bytes))
    server.on('data', (bytes) => this.#fromServer(bytes))
  }

  /** The server's side stays open as well, until somebody gives up. */
  lose(): void {
    this.#isLost = true
  }

  end(): void {
    this.#client.destroy()
    this.#server.destroy()
    this.#owner.onEnd()
  }

  #fromClient(bytes: Buffer): void {
    if (this.#isLost) return
    this.#pending = Buffer.concat([this.#pending, bytes])
    for (;;) {
      if (this.#pending.length < HEADER_BYTES) return
      const length = HEADER_BYTES + this.#pending.readUIntLE(0, 3)
      if (this.#pending.length < length) return
      const packet = this.#pending.subarray(0, length)
      this.#pending = this.#pending.subarray(length)
      const text = this.#textOf(packet)
      const trap = text === undefined ? undefined : this.#owner.onStatement(text)
      if (trap?.moment === 'before') return this.#cut(trap)
      this.#cutWithAnswer ??= trap
      this.#server.write(packet)
    }
  }

  #fromServer(bytes: Buffer): void {
    if (this.#isLost) return
    if (this.#cutWithAnswer !== undefined) return this.#cut(this.#cutWithAnswer)
    if (this.#preparing !== undefined && bytes.length >= HEADER_BYTES + 5 && bytes[4] === 0) {
      this.#prepared.set(bytes.readUInt32LE(HEADER_BYTES + 1), this.#preparing)
    }
    this.#preparing = undefined
    this.#client.write(bytes)
  }

  /** The SQL of a statement; a prepared one's is that of its preparation. */
  #textOf(packet: Buffer): string | undefined {
    const isCommand = packet[3] === 0
    if (!isCommand) return undefined
    const body = packet.subarray(HEADER_BYTES + 1)
    switch (packet[HEADER_BYTES]) {
      case COM_QUERY:
        return body.toString()
      case COM_PREPARE:
        this.#preparing = body.toString()
        return undefined
      case COM_EXECUTE:
        return this.#prepared.get(body.readUInt32LE(0))
      default:
        return undefined
    }
  }

  #cut(trap: Trap): void {
    this.#pass('reset')
    trap.sprung()
  }

  #pass(how: 'reset' | 'end'): void {
    if (this.#isLost) return
    this.#isLost = true
    for (const socket of [this.#client, this.#server]) {
      if (how === 'reset') resetSocket(socket)
      else socket.destroy()
    }
    this.#owner.onEnd()
  }
}

function forwarderAddress(address: string): string {
  const [a, b, c, d] = address.split('.')
  return `${a}.${b}.${c}.${Number(d) + HOSTS_APART}`
}
