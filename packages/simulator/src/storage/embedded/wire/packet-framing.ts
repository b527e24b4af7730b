const HEADER_BYTES = 4
/** A payload this long goes on in the next packet. */
const MAX_PAYLOAD_BYTES = 0xffffff

/** Cuts a stream of bytes into payloads, joining those that span several packets. */
export class PacketSplitter {
  readonly #onPayload: (payload: Buffer, sequence: number) => void
  #chunks: Buffer[] = []
  #size = 0
  #parts: Buffer[] = []

  constructor(onPayload: (payload: Buffer, sequence: number) => void) {
    this.#onPayload = onPayload
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    let needed = HEADER_BYTES
    while (this.#size >= needed) {
      const buffer =
        this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
      const length = buffer.readUIntLE(0, 3)
      this.#chunks = [buffer]
      needed = HEADER_BYTES + length
      if (buffer.length < needed) return
      const payload = buffer.subarray(HEADER_BYTES, needed)
      this.#chunks = buffer.length > needed ? [buffer.subarray(needed)] : []
      this.#size = buffer.length - needed
      needed = HEADER_BYTES
      this.#take(payload, buffer[3] as number, length)
    }
  }

  #take(payload: Buffer, sequence: number, length: number): void {
    if (length === MAX_PAYLOAD_BYTES) {
      this.#parts.push(payload)
      return
    }
    const whole = this.#parts.length > 0 ? Buffer.concat([...this.#parts, payload]) : payload
    this.#parts = []
    this.#onPayload(whole, sequence)
  }
}

/** A payload as one or more packets, the first with the sequence number given. */
export function framePackets(payload: Buffer, sequence: number): readonly Buffer[] {
  const packets: Buffer[] = []
  let at = 0
  let number = sequence
  for (;;) {
    const part = payload.subarray(at, at + MAX_PAYLOAD_BYTES)
    const header = Buffer.allocUnsafe(HEADER_BYTES)
    header.writeUIntLE(part.length, 0, 3)
    header[3] = number++ & 0xff
    packets.push(header, part)
    at += part.length
    // A last part of exactly the greatest length is followed by an empty one.
    if (part.length < MAX_PAYLOAD_BYTES) return packets
  }
}
