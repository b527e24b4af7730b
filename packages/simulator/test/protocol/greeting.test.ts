import { describe, expect, it } from 'vitest'
import { capability, hiddenCapabilities } from '../../src/protocol/capabilities.js'
import { rewriteGreeting } from '../../src/protocol/greeting.js'
import { packet } from '../../src/protocol/packet.js'

/** A greeting with every capability set and MariaDB's own ones in the reserved bytes. */
function greeting(capabilities = 0xffffffff): Buffer {
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(capabilities >>> 0)
  const threadId = Buffer.from([0x39, 0x30, 0, 0])
  const reserved = Buffer.concat([Buffer.alloc(6), Buffer.from([0x1d, 0, 0, 0])])
  return packet(
    Buffer.concat([
      Buffer.of(10),
      Buffer.from('8.0.39\0'),
      threadId,
      Buffer.from('12345678\0'),
      flags.subarray(0, 2),
      Buffer.of(45, 2, 0),
      flags.subarray(2),
      Buffer.of(21),
      reserved,
      Buffer.from('123456789012\0mysql_native_password\0'),
    ]),
    0,
  )
}

describe('a greeting', () => {
  it('announces nothing that would change the framing, and nothing of MariaDB’s own', () => {
    const frame = greeting()
    const { threadId, capabilities } = rewriteGreeting(frame, { hasTls: false })
    expect(threadId).toBe(12345)
    expect(capabilities & hiddenCapabilities).toBe(0)
    expect(capabilities & capability.tls).toBe(0)
    const expected = greeting(capabilities)
    const reservedAt = expected.indexOf('123456789012\0') - 10
    expected.fill(0, reservedAt, reservedAt + 10)
    expect(frame).toEqual(expected)
  })

  it('offers compression always and TLS where there is a certificate', () => {
    const { capabilities } = rewriteGreeting(greeting(0), { hasTls: true })
    expect(capabilities & capability.compress).not.toBe(0)
    expect(capabilities & capability.tls).not.toBe(0)
  })
})
