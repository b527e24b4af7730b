import { Duplex } from 'node:stream'
import { type ClientPacket, failure, greeting, ok, PacketReader, result } from './packets.js'

const COM_QUIT = 0x01
const READ_ONLY_ERRNO = 1290
const READ_ONLY =
  'The MySQL server is running with the --read-only option so it cannot execute this'
const SUFFIX = '.abc123.eu-west-1.rds.amazonaws.com'
export const CLUSTER_HOST = `story.cluster-abc123.eu-west-1.rds.amazonaws.com`

/** Lets whoever plays the story decide when the next thing happens. */
export type Turn = (name: string) => Promise<void>

/** The client's end of a connection: what a driver needs of a socket, in memory. */
class MemorySocket extends Duplex {
  bytesRead = 0
  /** Nothing passes any more, in either direction. */
  isForgotten = false
  onPackets: (packets: ClientPacket[]) => void = () => {}
  readonly #reader = new PacketReader()

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isForgotten) this.onPackets(this.#reader.read(chunk))
    done()
  }

  /** Bytes from the server. */
  receive(bytes: Buffer): void {
    if (this.destroyed || this.isForgotten) return
    this.bytesRead += bytes.length
    this.push(bytes)
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }
}

export interface ScriptedInstance {
  readonly id: string
  isUp: boolean
  readonly sockets: Set<MemorySocket>
}

/** What one connection has done on the server, and has not committed. */
interface ServerSession {
  isInTransaction: boolean
  readonly uncommitted: string[]
}

/**
 * An Aurora cluster in memory: one table of tokens, one writer, and a turn to wait for before each connect, each execution and each
 * answer. Whoever hands out the turns decides what overtakes what.
 */
export class ScriptedCluster {
  readonly instances: ScriptedInstance[]
  /** How often each token was written. */
  readonly written = new Map<string, number>()
  writerId: string
  /** Sockets that were opened and are not destroyed. */
  readonly open = new Set<MemorySocket>()
  readonly #turn: Turn
  #threads = 0

  constructor(instanceCount: number, turn: Turn) {
    this.#turn = turn
    this.instances = Array.from({ length: instanceCount }, (_, index) => ({
      id: `i${index + 1}`,
      isUp: true,
      sockets: new Set(),
    }))
    this.writerId = 'i1'
  }

  get(id: string): ScriptedInstance {
    const instance = this.instances.find((each) => each.id === id)
    if (instance === undefined) throw new Error(`There is no instance ${id}`)
    return instance
  }

  /** Kills an instance with all its connections: what they had not committed is gone. */
  crash(id: string): void {
    const instance = this.get(id)
    instance.isUp = false
    for (const socket of instance.sockets) {
      socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    }
  }

  /** The network forgets the connections to an instance, without a word; new ones pass. */
  forgetConnections(id: string): void {
    for (const socket of this.get(id).sockets) socket.isForgotten = true
  }

  /** A socket to whatever the name leads to. */
  connect(host: string): MemorySocket {
    const id = host === CLUSTER_HOST ? this.writerId : host.slice(0, -SUFFIX.length)
    const instance = this.get(id)
    const socket = new MemorySocket()
    this.open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      this.open.delete(socket)
      instance.sockets.delete(socket)
    })
    void this.#serve(instance, socket)
    return socket
  }

  async #serve(instance: ScriptedInstance, socket: MemorySocket): Promise<void> {
    await this.#turn(`connect to ${instance.id}`)
    if (socket.destroyed) return
    if (!instance.isUp) {
      const message = 'connect ECONNREFUSED'
      socket.destroy(Object.assign(new Error(message), { code: 'ECONNREFUSED' }))
      return
    }
    instance.sockets.add(socket)
    socket.emit('connect')
    const session: ServerSession = { isInTransaction: false, uncommitted: [] }
    const packets: ClientPacket[] = []
    let isServing = false
    socket.onPackets = (come) => {
      packets.push(...come)
      if (!isServing) void serveAll()
    }
    const serveAll = async (): Promise<void> => {
      isServing = true
      for (let packet = packets.shift(); packet !== undefined; packet = packets.shift()) {
        await this.#answer(instance, socket, session, packet)
      }
      isServing = false
    }
    socket.receive(greeting(++this.#threads))
  }

  async #answer(
    instance: ScriptedInstance,
    socket: MemorySocket,
    session: ServerSession,
    packet: ClientPacket,
  ): Promise<void> {
    if (packet.command === COM_QUIT && packet.sequence === 0) return void socket.push(null)
    await this.#turn(`execute on ${instance.id}: ${packet.sequence > 0 ? 'login' : packet.text}`)
    if (socket.destroyed) return
    const answer = packet.sequence > 0 ? ok(2, false) : this.#execute(instance, session, packet)
    await this.#turn(`answer from ${instance.id}`)
    socket.receive(answer)
  }

  #execute({ id }: ScriptedInstance, session: ServerSession, { text }: ClientPacket): Buffer {
    const isReadOnly = id !== this.writerId
    if (text.includes('replica_host_status')) return this.#topology(id)
    if (text.includes('@@aurora_server_id')) {
      const row = [id, isReadOnly ? 1 : 0]
      return result(['answered_by', 'read_only'], [row], session.isInTransaction)
    }
    if (text.startsWith('SELECT')) return result(['answer'], [[42]], session.isInTransaction)
    if (text.startsWith('INSERT')) {
      if (isReadOnly) return failure(READ_ONLY_ERRNO, 'HY000', `${READ_ONLY} statement`)
      if (session.isInTransaction) session.uncommitted.push(text)
      else this.#commit([text])
    }
    if (text === 'START TRANSACTION') session.isInTransaction = true
    if (text === 'COMMIT' || text === 'ROLLBACK') {
      const isLost = isReadOnly && session.uncommitted.length > 0
      if (text === 'COMMIT' && isLost) {
        session.uncommitted.length = 0
        session.isInTransaction = false
        return failure(READ_ONLY_ERRNO, 'HY000', `${READ_ONLY} command`)
      }
      if (text === 'COMMIT') this.#commit(session.uncommitted)
      session.uncommitted.length = 0
      session.isInTransaction = false
    }
    return ok(1, session.isInTransaction)
  }

  #commit(texts: readonly string[]): void {
    for (const text of texts) this.written.set(text, (this.written.get(text) ?? 0) + 1)
  }

  #topology(answeredBy: string): Buffer {
    const columns = [
      'answered_by',
      'read_only',
      'server_id',
      'session_id',
      'age_us',
      'lag_ms',
      'cpu',
    ]
    const rows = this.instances.map(({ id }) => [
      answeredBy,
      answeredBy === this.writerId ? 0 : 1,
      id,
      id === this.writerId ? 'MASTER_SESSION_ID' : `session-of-${id}`,
      1_000,
      10,
      5,
    ])
    return result(columns, rows, false)
  }
}
