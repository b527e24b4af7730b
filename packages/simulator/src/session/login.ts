import { capability } from '../protocol/capabilities.js'
import { type Greeting, rewriteGreeting } from '../protocol/greeting.js'
import {
  isTlsRequest,
  readHandshakeResponse,
  rewriteHandshakeResponse,
} from '../protocol/handshake-response.js'
import type { Piece } from '../protocol/packet-splitter.js'
import type { StorageAccounts } from '../storage/storage.js'
import type { ConnectionPurpose, Role } from './session-host.js'

/** The connect attribute with which a driver marks the connections of its monitor. */
const purposeAttribute = 'aurora_mysql2_role'

/** What became known during the login. */
export interface LoginFacts {
  readonly user: string
  readonly purpose: ConnectionPurpose
  readonly hasCompression: boolean
  readonly deprecateEof: boolean
}

/** The user that the storage gets to see: readers' sessions have fewer rights. */
export function storageUser(user: string, role: Role, accounts: StorageAccounts): string {
  return role === 'reader' && user === accounts.user ? accounts.readerUser : user
}

/**
 * The first packets of a session, up to the server's OK: the greeting and the client's answer are
 * changed on the way, the proofs of the password pass as they are.
 */
export class Login {
  #greeting: Greeting | undefined
  /** TLS costs the client one packet more, which the storage never sees. */
  #sequenceShift = 0
  #hasAnswered = false

  get threadId(): number {
    return this.#greeting?.threadId ?? 0
  }

  /** Whether the client's answer has been passed on (later packets are the exchange of proofs). */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  get hasGreeted(): boolean {
    return this.#greeting !== undefined
  }

  /** The greeting (or an error in its place) as the client gets it. */
  greet(frame: Buffer, hasTls: boolean): Buffer {
    if (frame[4] === 10) this.#greeting = rewriteGreeting(frame, { hasTls })
    return frame
  }

  isTlsRequest(frame: Buffer): boolean {
    if (this.#sequenceShift > 0 || !isTlsRequest(frame)) return false
    this.#sequenceShift = 1
    return true
  }

  /** The client's answer as the storage gets it, and what it tells. */
  answer(
    frame: Buffer,
    role: Role,
    accounts: StorageAccounts,
  ): { frame: Buffer; facts: LoginFacts } {
    this.#hasAnswered = true
    const response = readHandshakeResponse(frame)
    const common = response.capabilities & (this.#greeting?.capabilities ?? 0)
    const rewritten = rewriteHandshakeResponse(frame, {
      user: storageUser(response.user, role, accounts),
      capabilities: common & ~capability.tls & ~capability.compress,
      sequence: (frame[3] ?? 1) - this.#sequenceShift,
    })
    const isMonitor = response.attributes.get(purposeAttribute) === 'monitor'
    const facts: LoginFacts = {
      user: response.user,
      purpose: isMonitor ? 'monitor' : 'application',
      hasCompression: (common & capability.compress) !== 0,
      deprecateEof: (common & capability.deprecateEof) !== 0,
    }
    return { frame: rewritten, facts }
  }

  /** Numbers a packet of the exchange as its receiver expects. */
  renumber(piece: Piece, to: 'client' | 'storage'): Buffer {
    const bytes = piece.buffer.subarray(piece.start, piece.end)
    if (this.#sequenceShift === 0 || piece.kind === 'rest') return bytes
    const copy = Buffer.from(bytes)
    const shift = to === 'client' ? this.#sequenceShift : -this.#sequenceShift
    copy[3] = ((copy[3] ?? 0) + shift) & 0xff
    return copy
  }
}
