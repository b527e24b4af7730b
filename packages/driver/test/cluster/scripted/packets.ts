/** Capabilities that every server since 4.1 has, and no framing of its own: no TLS, no compression. */
const CAPABILITIES = 0x1 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000
/** Logins of more than one factor. */
export const MULTI_FACTOR = 0x10000000
const UTF8MB4 = 45
const TYPE_LONGLONG = 0x08
const TYPE_VAR_STRING = 0xfd
const STATUS_AUTOCOMMIT = 0x2
const STATUS_IN_TRANSACTION = 0x1
const HEADER_SIZE = 4

export type Cell = string | number

/** One packet of a client. */
export interface ClientPacket {
  readonly sequence: number
  /** The first byte of a command; whatever it is in a login. */
  readonly command: number
  readonly text: string
}

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #bytes: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): ClientPacket[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const packets: ClientPacket[] = []
    while (this.#bytes.length >= HEADER_SIZE) {
      const end = HEADER_SIZE + this.#bytes.readUIntLE(0, 3)
      if (this.#bytes.length < end) break
      packets.push({
        sequence: this.#bytes.readUInt8(3),
        command: this.#bytes[HEADER_SIZE] ?? 0,
        text: this.#bytes.toString('utf8', HEADER_SIZE + 1, end),
      })
      this.#bytes = this.#bytes.subarray(end)
    }
    return packets
  }
}

export function framed(payloads: readonly Buffer[], firstSequence: number): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload, index) => {
      const header = Buffer.alloc(HEADER_SIZE)
      header.writeUIntLE(payload.length, 0, 3)
      header.writeUInt8(firstSequence + index, 3)
      return [header, payload]
    }),
  )
}

function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8])
}

function lengthEncoded(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

export function greeting(threadId: number, more = 0): Buffer {
  const thread = Buffer.alloc(4)
  thread.writeUInt32LE(threadId)
  const payload = [
    Buffer.from('\x0a8.0.36\0'),
    thread,
    Buffer.from('saltsalt\0'),
    u16(CAPABILITIES & 0xffff),
    Buffer.from([UTF8MB4]),
    u16(STATUS_AUTOCOMMIT),
    u16((CAPABILITIES | more) >>> 16),
    Buffer.from([21]),
    Buffer.alloc(10),
    Buffer.from('saltsaltsalt\0mysql_native_password\0'),
  ]
  return framed([Buffer.concat(payload)], 0)
}

function statusOf(isInTransaction: boolean): Buffer {
  return u16(STATUS_AUTOCOMMIT | (isInTransaction ? STATUS_IN_TRANSACTION : 0))
}

export function ok(sequence: number, isInTransaction: boolean): Buffer {
  return framed(
    [Buffer.concat([Buffer.from([0, 1, 0]), statusOf(isInTransaction), u16(0)])],
    sequence,
  )
}

export function failure(errno: number, sqlState: string, message: string, sequence = 1): Buffer {
  const payload = [Buffer.from([0xff]), u16(errno), Buffer.from(`#${sqlState}${message}`)]
  return framed([Buffer.concat(payload)], sequence)
}

/** A result in the text protocol. The type of a column is that of its first cell. */
export function result(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  isInTransaction: boolean,
): Buffer {
  const end = Buffer.concat([Buffer.from([0xfe]), u16(0), statusOf(isInTransaction)])
  const definitions = columns.map((name, index) => {
    const isNumber = typeof rows[0]?.[index] === 'number'
    const head = ['def', '', '', '', name, ''].map(lengthEncoded)
    const tail = [0x0c, UTF8MB4, 0, 20, 0, 0, 0, isNumber ? TYPE_LONGLONG : TYPE_VAR_STRING]
    return Buffer.concat([...head, Buffer.from([...tail, 0, 0, 0, 0, 0])])
  })
  const lines = rows.map((row) => Buffer.concat(row.map((cell) => lengthEncoded(String(cell)))))
  return framed([Buffer.from([columns.length]), ...definitions, end, ...lines, end], 1)
}
