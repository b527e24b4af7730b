import { capability, hiddenCapabilities } from './capabilities.js'
import { headerSize } from './packet.js'

/** What the front-end needs to know of a server's greeting. */
export interface Greeting {
  readonly threadId: number
  /** Capabilities as announced to the client. */
  readonly capabilities: number
}

/** What the front-end itself does for the client, whatever the storage can do. */
export interface FrontEndOffers {
  readonly hasTls: boolean
}

/**
 * Changes a greeting (protocol 10) in place into what an instance announces: TLS and compression as the
 * front-end offers them, nothing that would change the framing behind its back.
 * MariaDB's own capabilities lie in the reserved bytes; they are cleared, and the bit that says "I am
 * MySQL" is set, so that clients of both kinds speak plain MySQL.
 */
export function rewriteGreeting(frame: Buffer, offers: FrontEndOffers): Greeting {
  const versionEnd = frame.indexOf(0, headerSize + 1)
  const threadId = frame.readUInt32LE(versionEnd + 1)
  const lowAt = versionEnd + 1 + 4 + 8 + 1
  const highAt = lowAt + 5
  let capabilities = frame.readUInt16LE(lowAt) | (frame.readUInt16LE(highAt) << 16)
  capabilities &= ~hiddenCapabilities & ~capability.tls
  capabilities |= capability.compress | capability.longPassword | capability.connectAttributes
  if (offers.hasTls) capabilities |= capability.tls
  frame.writeUInt16LE(capabilities & 0xffff, lowAt)
  frame.writeUInt16LE((capabilities >>> 16) & 0xffff, highAt)
  frame.fill(0, highAt + 3, highAt + 13)
  return { threadId, capabilities }
}
