import { capability } from './capabilities.js'
import { lengthEncodedSize, readLengthEncoded, readZeroTerminated } from './length-encoded.js'
import { headerSize, packet } from './packet.js'

/** The client's answer to the greeting, as far as the front-end needs it. */
export interface HandshakeResponse {
  readonly capabilities: number
  readonly user: string
  /** `program_name`, `aurora_mysql2_role` and whatever else the client tells about itself. */
  readonly attributes: ReadonlyMap<string, string>
}

const fixedSize = 4 + 4 + 1 + 23

/** A client that wants TLS sends only the fixed part first. */
export function isTlsRequest(frame: Buffer): boolean {
  return (
    frame.length === headerSize + fixedSize &&
    (frame.readUInt32LE(headerSize) & capability.tls) !== 0
  )
}

/** Reads a handshake response (protocol 4.1, which every client since MySQL 4.1 speaks). */
export function readHandshakeResponse(frame: Buffer): HandshakeResponse {
  const capabilities = frame.readUInt32LE(headerSize)
  const user = readZeroTerminated(frame, headerSize + fixedSize)
  let at = user.next
  if (capabilities & capability.pluginAuthLengthEncoded) {
    const proof = readLengthEncoded(frame, at)
    at = proof.next + proof.value
  } else if (capabilities & capability.secureConnection) {
    at += 1 + (frame[at] ?? 0)
  } else {
    at = readZeroTerminated(frame, at).next
  }
  if (capabilities & capability.connectWithDatabase) at = readZeroTerminated(frame, at).next
  if (capabilities & capability.pluginAuth) at = readZeroTerminated(frame, at).next
  const hasAttributes = (capabilities & capability.connectAttributes) !== 0
  return {
    capabilities,
    user: user.value.toString('utf8'),
    attributes: hasAttributes ? readAttributes(frame, at) : new Map(),
  }
}

/** Changes made to a handshake response on its way to the storage. */
export interface HandshakeChanges {
  readonly user: string
  /** Capabilities that client and storage have in common; the rest is the front-end's own affair. */
  readonly capabilities: number
  readonly sequence: number
}

/** The handshake response as the storage gets it. */
export function rewriteHandshakeResponse(frame: Buffer, changes: HandshakeChanges): Buffer {
  const fixed = Buffer.from(frame.subarray(headerSize, headerSize + fixedSize))
  fixed.writeUInt32LE(changes.capabilities >>> 0, 0)
  // The last four of the filler bytes are MariaDB's own capabilities.
  fixed.fill(0, 9)
  const userEnd = readZeroTerminated(frame, headerSize + fixedSize).next
  const payload = [fixed, Buffer.from(`${changes.user}\0`), frame.subarray(userEnd)]
  return packet(Buffer.concat(payload), changes.sequence)
}

/** The user named in COM_CHANGE_USER. */
export function readChangedUser(frame: Buffer): string {
  return readZeroTerminated(frame, headerSize + 1).value.toString('utf8')
}

/** COM_CHANGE_USER with another user in place of the one named. */
export function rewriteChangedUser(frame: Buffer, user: string): Buffer {
  const rest = frame.subarray(readZeroTerminated(frame, headerSize + 1).next)
  const head = Buffer.concat([frame.subarray(headerSize, headerSize + 1), Buffer.from(`${user}\0`)])
  return packet(Buffer.concat([head, rest]), frame[3] ?? 0)
}

function readAttributes(frame: Buffer, start: number): Map<string, string> {
  const attributes = new Map<string, string>()
  if (start >= frame.length) return attributes
  const total = readLengthEncoded(frame, start)
  const end = Math.min(frame.length, total.next + total.value)
  let at = total.next
  const readText = (): string => {
    const size = lengthEncodedSize(frame[at] ?? 0)
    if (at + size > end) return ''
    const length = readLengthEncoded(frame, at)
    at = length.next + length.value
    return frame.toString('utf8', length.next, Math.min(at, end))
  }
  while (at < end) {
    const name = readText()
    attributes.set(name, readText())
  }
  return attributes
}
