import { capability } from '../protocol/capabilities.js'
import { type Greeting, rewriteGreeting } from '../protocol/greeting.js'
import {
  isTlsRequest,
  readHandshakeResponse,
  rewriteHandshakeResponse,
} from '../protocol/handshake-response.js'
import type { Piece } from '../protocol/packet-splitter.js'
import type { ConnectionPurpose, SessionHost } from './session-host.js'

/** The connect attribute with which a driver marks the connections of its monitor. */
const purposeAttribute = 'aurora_mysql2_role'

/** What the client's answer to the greeting tells. */
export interface LoginFacts {
  /** The account that the storage was asked to log in; the instance may have changed its role since. */
  readonly account: string
  readonly purpose: ConnectionPurpose
  readonly hasCompression: boolean
  readonly deprecateEof: boolean
}

/** The user that the storage gets to see in a user's place, just now: readers' sessions have fewer rights. */
export function storageAccount(user: string, { role, storage }: SessionHost): string {
  const { user: writerUser, readerUser } = storage.accounts
  return role === 'reader' && user === writerUser ? readerUser : user
}

/**
 * The first packets of a session, up to the server's OK: the greeting and the client's answer are
 * changed on the way, the proofs of the password pass as they are.
 */
export class Login {
  readonly #host: SessionHost
  #greeting: Greeting | undefined
  #facts: LoginFacts | undefined
  /** TLS costs the client one packet more, which the storage never sees. */
  #sequenceShift = 0

  constructor(host: SessionHost) {
    this.#host = host
  }

  /** The storage's number for the session; 0 before its greeting. */
  get threadId(): number {
    return this.#greeting?.threadId ?? 0
  }

  /** Undefined until the client has answered the greeting. */
  get facts(): LoginFacts | undefined {
    return this.#facts
  }

  /** A packet from the storage as the client gets it. */
  forClient(piece: Piece): Buffer {
    const frame = this.#renumber(piece, this.#sequenceShift)
    // An error may stand in the greeting's place.
    if (!this.#greeting && frame[4] === 10) {
      this.#greeting = rewriteGreeting(frame, { hasTls: this.#host.tls !== undefined })
    }
    return frame
  }

  /** A packet from the client as the storage gets it; `tls-request`: the client goes on in TLS. */
  forStorage(piece: Piece): Buffer | 'tls-request' {
    const frame = this.#renumber(piece, -this.#sequenceShift)
    if (this.#facts) return frame
    if (this.#host.tls && this.#sequenceShift === 0 && isTlsRequest(frame)) {
      this.#sequenceShift = 1
      return 'tls-request'
    }
    return this.#answer(frame)
  }

  #answer(frame: Buffer): Buffer {
    const response = readHandshakeResponse(frame)
    const common = response.capabilities & (this.#greeting?.capabilities ?? 0)
    const account = storageAccount(response.user, this.#host)
    const isMonitor = response.attributes.get(purposeAttribute) === 'monitor'
    this.#facts = {
      account,
      purpose: isMonitor ? 'monitor' : 'application',
      hasCompression: (common & capability.compress) !== 0,
      deprecateEof: (common & capability.deprecateEof) !== 0,
    }
    return rewriteHandshakeResponse(frame, {
      user: account,
      capabilities: common & ~capability.tls & ~capability.compress,
      sequence: frame[3] ?? 1,
    })
  }

  /** A copy, numbered as its receiver expects. */
  #renumber(piece: Piece, shift: number): Buffer {
    const copy = Buffer.from(piece.buffer.subarray(piece.start, piece.end))
    if (piece.kind !== 'rest') copy[3] = ((copy[3] ?? 0) + shift) & 0xff
    return copy
  }
}
