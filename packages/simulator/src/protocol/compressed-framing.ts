import { deflateSync, inflateSync } from 'node:zlib'

const headerSize = 7
const maxPayload = 0xffffff

/** Shorter payloads travel uncompressed, as servers and clients do it. */
const worthCompressing = 50

/** The zlib framing that lies below the packets once client and server agreed on compression. */
export class CompressedFraming {
  #received: Buffer = Buffer.alloc(0)
  /** Counts on from the client's last frame, which begins again at 0 with each command. */
  #sequence = 0

  encode(chunk: Buffer): Buffer {
    const frames: Buffer[] = []
    for (let at = 0; at < chunk.length; at += maxPayload) {
      const plain = chunk.subarray(at, at + maxPayload)
      const deflated = plain.length < worthCompressing ? plain : deflateSync(plain)
      const isSmaller = deflated.length < plain.length
      const payload = isSmaller ? deflated : plain
      const header = Buffer.alloc(headerSize)
      header.writeUIntLE(payload.length, 0, 3)
      header[3] = this.#sequence & 0xff
      header.writeUIntLE(isSmaller ? plain.length : 0, 4, 3)
      this.#sequence += 1
      frames.push(header, payload)
    }
    return Buffer.concat(frames)
  }

  decode(chunk: Buffer): Buffer {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const plain: Buffer[] = []
    while (this.#received.length >= headerSize) {
      const length = this.#received.readUIntLE(0, 3)
      if (this.#received.length < headerSize + length) break
      const payload = this.#received.subarray(headerSize, headerSize + length)
      this.#sequence = (this.#received[3] ?? 0) + 1
      const uncompressed = this.#received.readUIntLE(4, 3)
      plain.push(uncompressed === 0 ? payload : inflateSync(payload))
      this.#received = this.#received.subarray(headerSize + length)
    }
    return plain.length === 1 ? (plain[0] as Buffer) : Buffer.concat(plain)
  }
}
