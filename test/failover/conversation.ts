import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Header of a packet: three bytes of length, one of sequence. */
const HEADER_SIZE = 4
/** Only the driver's own questions log in with this connect attribute. */
const MONITOR_ATTRIBUTE = 'aurora_mysql2_role'

/** What a server said, by what it was asked: a command's payload, `'greeting'`, or `'login'`. */
export type Conversation = ReadonlyMap<string, Buffer>

/** The key of what one side of the protocol asks. */
export const asked = {
  greeting: 'greeting',
  login: 'login',
  query: (sql: string) => `\x03${sql}`,
  prepare: (sql: string) => `\x16${sql}`,
  /** Whatever statement and values it is for. */
  execute: '\x17',
  /** The driver's question for the topology, and the one for who and what an instance is. */
  topology: 'topology',
  identity: 'identity',
} as const

/** One packet of a client. */
export interface ClientPacket {
  readonly key: string
  readonly isMonitor: boolean
}

/** Cuts what one client sends into packets, and names each. */
export class ClientReader {
  #bytes: Buffer = Buffer.alloc(0)
  #isLoggedIn = false

  read(chunk: Buffer): ClientPacket[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const packets: ClientPacket[] = []
    while (this.#bytes.length >= HEADER_SIZE) {
      const end = HEADER_SIZE + this.#bytes.readUIntLE(0, 3)
      if (this.#bytes.length < end) break
      const sequence = this.#bytes[3]
      const payload = this.#bytes.subarray(HEADER_SIZE, end).toString('latin1')
      this.#bytes = this.#bytes.subarray(end)
      packets.push({ key: this.#keyOf(payload, sequence), isMonitor: isMonitor(payload) })
    }
    return packets
  }

  #keyOf(payload: string, sequence: number | undefined): string {
    if (sequence === 0 || this.#isLoggedIn) {
      if (payload.includes('replica_host_status')) return asked.topology
      if (payload.includes('@@aurora_server_id')) return asked.identity
      return payload.startsWith(asked.execute) ? asked.execute : payload
    }
    this.#isLoggedIn = true
    return asked.login
  }
}

/** Stands between a client and a server while `talk` goes on, and writes down what the server said. */
export async function recordConversation(
  server: { readonly host: string; readonly port: number },
  talk: (port: number) => Promise<void>,
): Promise<Conversation> {
  const heard = new Map<string, Buffer>()
  const sockets = new Set<Socket>()
  const listener = createServer((client) => {
    const upstream = connect(server)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    const reader = new ClientReader()
    let key: string = asked.greeting
    let reply: Buffer[] = []
    const note = () => {
      if (!heard.has(key) && reply.length > 0) heard.set(key, Buffer.concat(reply))
      reply = []
    }
    client.on('data', (chunk) => {
      for (const packet of reader.read(chunk)) {
        note()
        key = packet.key
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      reply.push(chunk)
      client.write(chunk)
    })
    client.on('close', () => {
      note()
      upstream.destroy()
    })
    upstream.on('close', () => client.destroy())
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  try {
    await talk(port)
  } finally {
    for (const socket of sockets) socket.destroy()
    listener.close()
    await once(listener, 'close')
  }
  return heard
}

function isMonitor(payload: string): boolean {
  return payload.includes(MONITOR_ATTRIBUTE)
}
