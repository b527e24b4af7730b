import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { SERVER_VERSION } from '../session/system-variables.js'
import { PayloadReader } from './payload-reader.js'
import { PayloadWriter } from './payload-writer.js'
import { AUTH_PLUGIN, CAPABILITY, CHARSET_UTF8, SERVER_CAPABILITIES, STATUS } from './protocol.js'

const CHALLENGE_BYTES = 20

/** What a client says of itself when it logs in or changes its user. */
export interface LoginRequest {
  readonly capabilities: number
  readonly user: string
  readonly proof: Buffer
  readonly database: string | undefined
  /** The method by which the proof was made. */
  readonly plugin: string
  readonly charset: number
}

/** Random bytes without zeros, which would end the text that they are. */
export function createChallenge(): Buffer {
  return Buffer.from(randomBytes(CHALLENGE_BYTES).map((byte) => (byte % 127) + 1))
}

/** The first packet of a connection. */
export function greeting(connectionId: number, challenge: Buffer): Buffer {
  return new PayloadWriter()
    .uint8(10)
    .nulTerminated(SERVER_VERSION)
    .uint32(connectionId)
    .bytes(challenge.subarray(0, 8))
    .uint8(0)
    .uint16(SERVER_CAPABILITIES & 0xffff)
    .uint8(CHARSET_UTF8)
    .uint16(STATUS.AUTOCOMMIT)
    .uint16(SERVER_CAPABILITIES >>> 16)
    .uint8(CHALLENGE_BYTES + 1)
    .zeros(10)
    .bytes(challenge.subarray(8))
    .uint8(0)
    .nulTerminated(AUTH_PLUGIN)
    .finish()
}

/** Reads the client's answer to the greeting. */
export function readLogin(payload: Buffer): LoginRequest {
  const reader = new PayloadReader(payload)
  const capabilities = reader.uint32()
  reader.skip(4)
  const charset = reader.uint8()
  reader.skip(23)
  const user = reader.nulTerminated()
  const hasLongProof = capabilities & CAPABILITY.PLUGIN_AUTH_LENENC_CLIENT_DATA
  const proof = hasLongProof ? reader.lengthBytes() : reader.bytes(reader.uint8())
  const database = capabilities & CAPABILITY.CONNECT_WITH_DB ? reader.nulTerminated() : ''
  const plugin = capabilities & CAPABILITY.PLUGIN_AUTH ? reader.nulTerminated() : AUTH_PLUGIN
  return { capabilities, user, proof, database: database || undefined, plugin, charset }
}

/** Reads COM_CHANGE_USER, without its first byte. */
export function readChangeUser(payload: Buffer, capabilities: number): LoginRequest {
  const reader = new PayloadReader(payload)
  const user = reader.nulTerminated()
  const proof = reader.bytes(reader.uint8())
  const database = reader.nulTerminated()
  const charset = reader.isAtEnd ? CHARSET_UTF8 : reader.uint16()
  const plugin = reader.isAtEnd ? AUTH_PLUGIN : reader.nulTerminated()
  return { capabilities, user, proof, database: database || undefined, plugin, charset }
}

/** Asks the client for a proof by the one method that is known here. */
export function authSwitch(challenge: Buffer): Buffer {
  return new PayloadWriter()
    .uint8(0xfe)
    .nulTerminated(AUTH_PLUGIN)
    .bytes(challenge)
    .uint8(0)
    .finish()
}

/** Checks the proof of mysql_native_password: SHA1(password) XOR SHA1(challenge + SHA1(SHA1(password))). */
export function isProofRight(proof: Buffer, password: string, challenge: Buffer): boolean {
  if (password === '') return proof.length === 0
  if (proof.length !== CHALLENGE_BYTES) return false
  const sha1 = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash('sha1')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const secret = sha1(Buffer.from(password))
  const mask = sha1(challenge, sha1(secret))
  const expected = Buffer.from(secret.map((byte, index) => byte ^ (mask[index] as number)))
  return timingSafeEqual(expected, proof)
}

/** Collations of UTF-8, the one character set that is spoken here. */
export function isUtf8Charset(id: number): boolean {
  const ranges = [
    [33, 33],
    [45, 46],
    [76, 76],
    [83, 83],
    [192, 247],
    [255, 323],
  ] as const
  return ranges.some(([low, high]) => id >= low && id <= high)
}
