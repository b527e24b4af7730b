/** Builds the payload of one packet. */
export class PayloadWriter {
  #buffer: Buffer
  #length = 0

  constructor(sizeHint = 256) {
    this.#buffer = Buffer.allocUnsafe(sizeHint)
  }

  #reserve(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    return at
  }

  uint8(value: number): this {
    const at = this.#reserve(1)
    this.#buffer[at] = value
    return this
  }

  uint16(value: number): this {
    const at = this.#reserve(2)
    this.#buffer.writeUInt16LE(value, at)
    return this
  }

  uint32(value: number): this {
    const at = this.#reserve(4)
    this.#buffer.writeUInt32LE(value >>> 0, at)
    return this
  }

  int64(value: bigint): this {
    const at = this.#reserve(8)
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at)
    return this
  }

  float(value: number): this {
    const at = this.#reserve(4)
    this.#buffer.writeFloatLE(value, at)
    return this
  }

  double(value: number): this {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleLE(value, at)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length)
    this.#buffer.set(value, at)
    return this
  }

  zeros(count: number): this {
    const at = this.#reserve(count)
    this.#buffer.fill(0, at, at + count)
    return this
  }

  nulTerminated(value: string): this {
    return this.bytes(Buffer.from(value)).uint8(0)
  }

  /** An integer with its length; negative ones go as MySQL sends them, unsigned. */
  lengthInteger(value: number | bigint): this {
    if (value < 0) return this.uint8(0xfe).int64(BigInt(value))
    if (value < 251) return this.uint8(Number(value))
    if (value < 65536) return this.uint8(0xfc).uint16(Number(value))
    if (value < 16777216)
      return this.uint8(0xfd)
        .uint16(Number(value) & 0xffff)
        .uint8(Number(value) >> 16)
    return this.uint8(0xfe).int64(BigInt(value))
  }

  lengthBytes(value: Uint8Array): this {
    return this.lengthInteger(value.length).bytes(value)
  }

  lengthString(value: string): this {
    const size = Buffer.byteLength(value)
    this.lengthInteger(size)
    const at = this.#reserve(size)
    this.#buffer.write(value, at)
    return this
  }

  /** Sets a byte that is there already, such as in a bitmap of NULLs. */
  setBit(byteAt: number, bit: number): void {
    this.#buffer[byteAt] = (this.#buffer[byteAt] as number) | (1 << bit)
  }

  get length(): number {
    return this.#length
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
