/** Bytes of a packet's header: three of length, one of sequence. */
export const headerSize = 4

/** Longest payload of one frame; a payload of this length or more continues in the next frame. */
export const maxFramePayload = 0xffffff

/** Puts a header in front of a payload that fits one frame. */
export function packet(payload: Buffer, sequence: number): Buffer {
  const framed = Buffer.allocUnsafe(headerSize + payload.length)
  framed.writeUIntLE(payload.length, 0, 3)
  framed[3] = sequence & 0xff
  payload.copy(framed, headerSize)
  return framed
}

/** The error that a server reports in an ERR packet. */
export interface ServerError {
  readonly errno: number
  readonly sqlState: string
  readonly message: string
}

/** The payload of an ERR packet. Before the greeting a server leaves the SQL state out. */
export function errorPayload(error: ServerError, hasState = true): Buffer {
  const head = Buffer.of(0xff, error.errno & 0xff, error.errno >> 8)
  const state = hasState ? `#${error.sqlState}` : ''
  return Buffer.concat([head, Buffer.from(state + error.message)])
}

/** Reads the payload of an ERR packet. */
export function readError(payload: Buffer): ServerError {
  const hasState = payload[3] === 0x23
  return {
    errno: payload.readUInt16LE(1),
    sqlState: hasState ? payload.toString('latin1', 4, 9) : 'HY000',
    message: payload.toString('utf8', hasState ? 9 : 3),
  }
}
