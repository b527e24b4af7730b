/** Reads the payload of one packet from its start. */
export class PayloadReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#buffer.readUInt16LE(this.#advance(2))
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4))
  }

  int8(): number {
    return this.#buffer.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.#buffer.readInt16LE(this.#advance(2))
  }

  int32(): number {
    return this.#buffer.readInt32LE(this.#advance(4))
  }

  int64(): bigint {
    return this.#buffer.readBigInt64LE(this.#advance(8))
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#advance(8))
  }

  float(): number {
    return this.#buffer.readFloatLE(this.#advance(4))
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#advance(8))
  }

  bytes(count: number): Buffer {
    const at = this.#advance(count)
    if (this.#at > this.#buffer.length) throw new RangeError('a packet ends too early')
    return this.#buffer.subarray(at, this.#at)
  }

  skip(count: number): void {
    this.#at += count
  }

  nulTerminated(): string {
    const end = this.#buffer.indexOf(0, this.#at)
    const text = this.#buffer.toString('utf8', this.#at, end < 0 ? this.#buffer.length : end)
    this.#at = end < 0 ? this.#buffer.length : end + 1
    return text
  }

  lengthInteger(): number {
    const first = this.uint8()
    if (first < 0xfb) return first
    if (first === 0xfc) return this.uint16()
    if (first === 0xfd) return this.uint16() + this.uint8() * 65536
    return Number(this.uint64())
  }

  lengthBytes(): Buffer {
    return this.bytes(this.lengthInteger())
  }

  rest(): Buffer {
    return this.bytes(this.#buffer.length - this.#at)
  }

  #advance(count: number): number {
    const at = this.#at
    this.#at += count
    return at
  }
}
