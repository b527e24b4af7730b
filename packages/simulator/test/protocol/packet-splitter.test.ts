import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packet } from '../../src/protocol/packet.js'
import { PacketSplitter } from '../../src/protocol/packet-splitter.js'

/** What a splitter hands out of these chunks: the bytes again, and the lengths of the logical packets. */
function split(chunks: readonly Buffer[]) {
  const splitter = new PacketSplitter()
  const bytes: Buffer[] = []
  const packets: number[] = []
  let length = 0
  let beginnings = 0
  for (const chunk of chunks) {
    splitter.push(chunk)
    for (let piece = splitter.next(); piece; piece = splitter.next()) {
      bytes.push(Buffer.from(piece.buffer.subarray(piece.start, piece.end)))
      if (piece.kind !== 'rest' && !piece.isContinuation) beginnings += 1
      length += piece.kind === 'rest' ? 0 : piece.length
      if (!piece.isLast) continue
      packets.push(length)
      length = 0
    }
  }
  return { bytes: Buffer.concat(bytes), packets, beginnings, pending: splitter.pendingBytes }
}

function cut(stream: Buffer, at: readonly number[]): Buffer[] {
  const points = [
    0,
    ...at.map((each) => each % (stream.length + 1)).toSorted((a, b) => a - b),
    stream.length,
  ]
  return points.slice(1).map((end, index) => stream.subarray(points[index], end))
}

describe('a packet stream', () => {
  it('comes out as it went in, packet by packet, however it is cut', () => {
    const lengths = fc.array(
      fc.oneof(fc.nat(300), fc.integer({ min: 65_500, max: 65_600 }), fc.constant(200_000)),
      {
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(), { maxLength: 8 }), (sizes, at) => {
        const stream = Buffer.concat(sizes.map((size, n) => packet(Buffer.alloc(size, n), n)))
        const { bytes, packets, pending } = split(cut(stream, at))
        expect(bytes.equals(stream)).toBe(true)
        expect(packets).toEqual(sizes)
        expect(pending).toBe(0)
      }),
    )
  })

  it.each([
    [0xfffffe, [0xfffffe]],
    [0xffffff, [0xffffff, 0]],
    [0x1000005, [0xffffff, 6]],
    [0x1fffffe, [0xffffff, 0xffffff, 0]],
  ])('joins the frames of a payload of %i bytes', (size, frames) => {
    const stream = Buffer.concat([
      ...frames.map((length, n) => packet(Buffer.alloc(length), n)),
      packet(Buffer.from('next'), 0),
    ])
    const { packets, beginnings } = split(cut(stream, [5, 70_000, 0xffffff + 2]))
    expect(packets).toEqual([size, 4])
    expect(beginnings).toBe(2)
  })
})
