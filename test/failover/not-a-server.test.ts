import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  QUICK,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { resetSocket } from './reset-socket.js'

/** How a pool tells that a server is not there, when it says nothing. */
const CONNECT_TIMEOUT_MS = 150
const LONGEST_PAYLOAD = 0xffffff

/** What stands on the port of an instance, and does not speak as MySQL does. */
interface Stranger {
  readonly name: string
  /** It speaks MySQL, and does not want us: its error is the application's to see. */
  readonly isRefusal?: boolean
  greet(socket: Socket): void
}

function packet(payload: Buffer, length = payload.length): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(length, 0, 3)
  return Buffer.concat([header, payload])
}

function errorPacket(errno: number, message: string): Buffer {
  const head = Buffer.from([0xff, errno & 0xff, errno >> 8])
  return packet(Buffer.concat([head, Buffer.from(message)]))
}

const STRANGERS: readonly Stranger[] = [
  { name: 'a server that says nothing', greet: () => {} },
  { name: 'a server that closes at once', greet: (socket) => socket.end() },
  { name: 'a server that resets at once', greet: (socket) => resetSocket(socket) },
  {
    name: 'an HTTP server',
    greet: (socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    },
  },
  { name: 'an SSH server', greet: (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n') },
  {
    name: 'a server that refuses this host',
    isRefusal: true,
    greet: (socket) => socket.end(errorPacket(1130, 'Host is not allowed to connect')),
  },
  {
    name: 'an error without a text, and no end',
    greet: (socket) => socket.write(packet(Buffer.from([0xff]))),
  },
  {
    name: 'a protocol of another version',
    greet: (socket) => socket.write(packet(Buffer.from('\x093.20.0\0\x01\0\0\0abcdefgh\0'))),
  },
  { name: 'an empty packet', greet: (socket) => socket.write(packet(Buffer.alloc(0))) },
  {
    name: 'the header of a long packet that never comes',
    greet: (socket) => socket.write(packet(Buffer.alloc(0), LONGEST_PAYLOAD)),
  },
  {
    name: 'a greeting without an end',
    greet: (socket) => {
      socket.write(packet(Buffer.from([10]), LONGEST_PAYLOAD))
      const timer = setInterval(() => socket.write(Buffer.alloc(1_024, 'x')), 2)
      socket.on('close', () => clearInterval(timer))
    },
  },
]

/** Listens, greets as told, and counts who came. */
class Port {
  readonly sockets = new Set<Socket>()
  visitCount = 0
  readonly #server: Server

  private constructor(greet: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.visitCount++
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
      socket.resume()
      greet(socket)
    })
  }

  static async open({ greet }: Stranger): Promise<Port> {
    const port = new Port(greet)
    port.#server.listen(0, '127.0.0.1')
    await once(port.#server, 'listening')
    return port
  }

  get number(): number {
    return (this.#server.address() as { port: number }).port
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
})

let port: Port
let pool: AuroraPool

/** A pool for which `port` stands in the place of one instance. */
function openPool(host: string, number: number, strayId?: string): AuroraPool {
  const { user, password, database } = simulation.cluster.connection
  return createAuroraPool({
    host,
    port: number,
    user,
    password,
    database,
    connectTimeout: CONNECT_TIMEOUT_MS,
    aurora: {
      ...QUICK,
      // What is away may come back: for so long it is tried again.
      failoverTimeoutMs: 500,
      overloadWaitMs: CONNECT_TIMEOUT_MS,
      instanceEndpoint: (id) => {
        if (id === strayId) return { host: '127.0.0.1', port: port.number }
        const { address, port: own } = simulation.cluster.instance(id)
        return { host: address, port: own }
      },
    },
  })
}

afterEach(async () => {
  await pool.end()
  await eventually('every socket is closed', () => port.sockets.size === 0)
  await port.close()
})

describe.each(STRANGERS)('$name, as the host given', (stranger) => {
  it('fails the statement', async () => {
    port = await Port.open(stranger)
    pool = openPool('127.0.0.1', port.number)
    const error = await failureOf(pool.query('SELECT 1'))
    expect(error.message).not.toBe('')
    expect(JSON.stringify(error)).not.toContain(simulation.cluster.connection.password)
    expect(port.visitCount).toBeGreaterThan(0)
  })
})

describe.each(STRANGERS.filter(({ isRefusal }) => !isRefusal))(
  '$name, in the place of a reader',
  (stranger) => {
    it('keeps no read from being served', async () => {
      port = await Port.open(stranger)
      const { address, port: own } = simulation.cluster.instance('instance-1')
      pool = openPool(address, own, 'instance-2')
      await pool.aurora.ready()
      for (let turn = 0; turn < 5; turn++) {
        const answers = Array.from({ length: 4 }, () => pool.query('SELECT 42 AS answer'))
        for (const [rows] of await Promise.all(answers)) expect(rows).toEqual([{ answer: 42 }])
      }
      await eventually('the reader was tried', () => port.visitCount > 0)
    })
  },
)
