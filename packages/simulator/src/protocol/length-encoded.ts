/** Bytes that a length-encoded integer takes, judged by its first byte. */
export function lengthEncodedSize(firstByte: number): number {
  if (firstByte < 0xfb) return 1
  if (firstByte === 0xfc) return 3
  if (firstByte === 0xfd) return 4
  if (firstByte === 0xfe) return 9
  return 1
}

/** Reads a length-encoded integer of at most 53 bits. */
export function readLengthEncoded(buffer: Buffer, at: number): { value: number; next: number } {
  const first = buffer[at] ?? 0
  const next = at + lengthEncodedSize(first)
  if (first < 0xfb) return { value: first, next }
  if (first === 0xfc) return { value: buffer.readUInt16LE(at + 1), next }
  if (first === 0xfd) return { value: buffer.readUIntLE(at + 1, 3), next }
  return { value: Number(buffer.readBigUInt64LE(at + 1)), next }
}

/** Writes a length-encoded string. */
export function lengthEncodedString(text: Buffer): Buffer {
  if (text.length < 0xfb) return Buffer.concat([Buffer.of(text.length), text])
  const head = Buffer.alloc(text.length < 0x10000 ? 3 : 4)
  head[0] = text.length < 0x10000 ? 0xfc : 0xfd
  head.writeUIntLE(text.length, 1, head.length - 1)
  return Buffer.concat([head, text])
}

/** Reads a string that ends with a zero byte (or with the buffer). */
export function readZeroTerminated(buffer: Buffer, at: number): { value: Buffer; next: number } {
  const end = buffer.indexOf(0, at)
  return end < 0
    ? { value: buffer.subarray(at), next: buffer.length }
    : { value: buffer.subarray(at, end), next: end + 1 }
}
