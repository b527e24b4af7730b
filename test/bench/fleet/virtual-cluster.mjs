import { Duplex } from 'node:stream'

/** A round trip within a region, between availability zones. */
const ROUND_TRIP_MS = 1
/** What a login costs an instance (thread, TLS, authentication), and what a short statement costs. */
const LOGIN_COST_MS = 5
const STATEMENT_COST_MS = 0.4
/** Cores of an instance: so much runs at a time. */
const CORES = 8

const COM_QUIT = 0x01
const HEADER_SIZE = 4
const UTF8MB4 = 45
const TYPE_LONGLONG = 0x08
const TYPE_VAR_STRING = 0xfd
const STATUS_AUTOCOMMIT = 0x2
/** What every server since 4.1 can, and no framing of its own. */
const CAPABILITIES = 0x1 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000 | 0x100000
const READ_ONLY_ERRNO = 1290
const SUFFIX = '.abc123.eu-west-1.rds.amazonaws.com'
export const CLUSTER_HOST = 'fleet.cluster-abc123.eu-west-1.rds.amazonaws.com'

/**
 * @typedef {object} Visit what reached an instance
 * @property {number} atMs
 * @property {string} instance
 * @property {'application' | 'monitor' | 'topology'} what a login of the one or the other, or a question
 */

/** An Aurora cluster without sockets: every delay passes on the virtual clock, and an instance has only so many cores. */
export class VirtualCluster {
  writerId = 'i1'
  /** Everything that reached an instance. @type {Visit[]} */
  visits = []
  #clock
  /** @type {Map<string, { isUp: boolean, freeAtMs: number, sockets: Set<MemorySocket> }>} */
  #instances = new Map()

  /** @param {import('./virtual-clock.mjs').VirtualClock} clock @param {number} instanceCount */
  constructor(clock, instanceCount) {
    this.#clock = clock
    for (let number = 1; number <= instanceCount; number += 1) {
      this.#instances.set(`i${number}`, { isUp: true, freeAtMs: 0, sockets: new Set() })
    }
  }

  /** @param {string} id */
  crash(id) {
    const instance = this.#get(id)
    instance.isUp = false
    for (const socket of instance.sockets) socket.destroy(lost('ECONNRESET'))
    instance.sockets.clear()
  }

  /** @param {string} id */
  restart(id) {
    this.#get(id).isUp = true
  }

  /**
   * A socket to what the name leads to, as mysql2's `stream` option wants it.
   *
   * @param {string} host
   */
  connect(host) {
    const id = host === CLUSTER_HOST ? this.writerId : host.slice(0, -SUFFIX.length)
    const socket = new MemorySocket((packet) => this.#receive(id, socket, packet))
    this.#clock.schedule(ROUND_TRIP_MS, () => {
      const instance = this.#get(id)
      if (socket.destroyed) return
      if (!instance.isUp) return socket.destroy(lost('ECONNREFUSED'))
      instance.sockets.add(socket)
      socket.once('close', () => instance.sockets.delete(socket))
      socket.emit('connect')
      socket.receive(GREETING)
    })
    return socket
  }

  /**
   * @param {string} id
   * @param {MemorySocket} socket
   * @param {Buffer} packet header and payload
   */
  #receive(id, socket, packet) {
    const isLogin = packet[3] !== 0
    if (!isLogin && packet[HEADER_SIZE] === COM_QUIT) return void socket.push(null)
    const text = packet.toString('latin1', HEADER_SIZE + 1)
    const isTopology = text.includes('replica_host_status')
    if (isLogin || isTopology) {
      const who = text.includes('aurora_mysql2_role') ? 'monitor' : 'application'
      const what = isTopology ? 'topology' : who
      this.visits.push({ atMs: this.#clock.nowMs, instance: id, what })
    }
    const instance = this.#get(id)
    const costMs = (isLogin ? LOGIN_COST_MS : STATEMENT_COST_MS) / CORES
    instance.freeAtMs = Math.max(this.#clock.nowMs, instance.freeAtMs) + costMs
    const inMs = instance.freeAtMs - this.#clock.nowMs + ROUND_TRIP_MS
    this.#clock.schedule(inMs, () => {
      if (!socket.destroyed) socket.receive(isLogin ? OK_AFTER_LOGIN : this.#answer(id, text))
    })
  }

  /** @param {string} id @param {string} text */
  #answer(id, text) {
    const isReader = id !== this.writerId
    const readOnly = isReader ? 1 : 0
    if (text.includes('replica_host_status')) {
      const rows = [...this.#instances.keys()].map((each) => [
        id,
        readOnly,
        each,
        each === this.writerId ? 'MASTER_SESSION_ID' : `session-${each}`,
        1_000,
        10,
        5,
      ])
      return result(TOPOLOGY_COLUMNS, rows)
    }
    if (text.includes('@@aurora_server_id')) {
      return result(['answered_by', 'read_only'], [[id, readOnly]])
    }
    if (text.startsWith('INSERT') && isReader) return REFUSED
    return text.startsWith('SELECT') ? result(['answer'], [[42]]) : OK
  }

  /** @param {string} id */
  #get(id) {
    const instance = this.#instances.get(id)
    if (instance === undefined) throw new Error(`There is no instance ${id}`)
    return instance
  }
}

/** The client's end of a connection, in memory. */
class MemorySocket extends Duplex {
  bytesRead = 0
  #onPacket
  /** @type {Buffer} */
  #bytes = Buffer.alloc(0)

  /** @param {(packet: Buffer) => void} onPacket */
  constructor(onPacket) {
    super()
    this.#onPacket = onPacket
    this.on('error', () => {})
  }

  /** @override */
  _read() {}

  /** @override @param {Buffer} chunk @param {string} _encoding @param {() => void} done */
  _write(chunk, _encoding, done) {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    while (this.#bytes.length >= HEADER_SIZE) {
      const end = HEADER_SIZE + this.#bytes.readUIntLE(0, 3)
      if (this.#bytes.length < end) break
      const packet = this.#bytes.subarray(0, end)
      this.#bytes = this.#bytes.subarray(end)
      this.#onPacket(packet)
    }
    done()
  }

  /** @param {Buffer} bytes */
  receive(bytes) {
    this.bytesRead += bytes.length
    this.push(bytes)
  }

  ref() {
    return this
  }

  unref() {
    return this
  }
}

/** @param {string} code */
function lost(code) {
  return Object.assign(new Error(code), { code })
}

/** @param {readonly Buffer[]} payloads @param {number} firstSequence */
function framed(payloads, firstSequence) {
  return Buffer.concat(
    payloads.flatMap((payload, index) => {
      const header = Buffer.alloc(HEADER_SIZE)
      header.writeUIntLE(payload.length, 0, 3)
      header.writeUInt8(firstSequence + index, 3)
      return [header, payload]
    }),
  )
}

/** @param {string} text */
function lengthEncoded(text) {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

/** @param {readonly string[]} columns @param {readonly (readonly (string | number)[])[]} rows */
function result(columns, rows) {
  const end = Buffer.from([0xfe, 0, 0, STATUS_AUTOCOMMIT, 0])
  const definitions = columns.map((name, index) => {
    const type = typeof rows[0]?.[index] === 'number' ? TYPE_LONGLONG : TYPE_VAR_STRING
    const head = ['def', '', '', '', name, ''].map(lengthEncoded)
    return Buffer.concat([
      ...head,
      Buffer.from([0x0c, UTF8MB4, 0, 20, 0, 0, 0, type, 0, 0, 0, 0, 0]),
    ])
  })
  const lines = rows.map((row) => Buffer.concat(row.map((cell) => lengthEncoded(String(cell)))))
  return framed([Buffer.from([columns.length]), ...definitions, end, ...lines, end], 1)
}

const TOPOLOGY_COLUMNS = [
  'answered_by',
  'read_only',
  'server_id',
  'session_id',
  'age_us',
  'lag_ms',
  'cpu',
]
const OK_PAYLOAD = Buffer.from([0, 1, 0, STATUS_AUTOCOMMIT, 0, 0, 0])
const OK = framed([OK_PAYLOAD], 1)
const OK_AFTER_LOGIN = framed([OK_PAYLOAD], 2)
const REFUSED = framed(
  [
    Buffer.concat([
      Buffer.from([0xff, READ_ONLY_ERRNO & 0xff, READ_ONLY_ERRNO >> 8]),
      Buffer.from(
        '#HY000The MySQL server is running with the --read-only option so it cannot execute this statement',
      ),
    ]),
  ],
  1,
)
const GREETING = framed(
  [
    Buffer.concat([
      Buffer.from('\x0a8.0.39\0\x01\0\0\0saltsalt\0'),
      Buffer.from([CAPABILITIES & 0xff, (CAPABILITIES >> 8) & 0xff, UTF8MB4, STATUS_AUTOCOMMIT, 0]),
      Buffer.from([(CAPABILITIES >> 16) & 0xff, CAPABILITIES >>> 24, 21]),
      Buffer.alloc(10),
      Buffer.from('saltsaltsalt\0mysql_native_password\0'),
    ]),
  ],
  0,
)
