import type { Duplex } from 'node:stream'
import type { Transport } from '../contract/mysql2.js'

/** Makes a stream that is no socket count what it receives: an instance shows that it lives by its bytes, not by its answers. */
export function countBytes(stream: Duplex): Transport {
  if (isCounted(stream)) return stream
  let bytesRead = 0
  stream.on('data', (chunk: Buffer) => {
    bytesRead += chunk.length
  })
  return Object.defineProperty(stream, 'bytesRead', { get: () => bytesRead }) as Transport
}

function isCounted(stream: Duplex): stream is Transport {
  return 'bytesRead' in stream
}
