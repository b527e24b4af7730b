import { describe, expect, it } from 'vitest'
import { serverStatus } from '../../src/protocol/capabilities.js'
import type { ReplyShape } from '../../src/protocol/commands.js'
import { errorPayload, packet } from '../../src/protocol/packet.js'
import { PacketSplitter } from '../../src/protocol/packet-splitter.js'
import { ReplyTracker } from '../../src/protocol/reply-tracker.js'

const { autocommit, inTransaction, moreResults } = serverStatus
const cursorExists = 0x40

const status = (flags: number) => [flags & 0xff, flags >> 8]
const ok = (flags: number, affected: number[] = [0]) => [
  0x00,
  ...affected,
  0,
  ...status(flags),
  0,
  0,
]
const eof = (flags: number) => [0xfe, 0, 0, ...status(flags)]
/** What stands in an EOF packet's place when both sides have deprecated it. */
const okAsEof = (flags: number) => [0xfe, 0, 0, ...status(flags), 0, 0]
const error = [...errorPayload({ errno: 1317, sqlState: '70100', message: 'interrupted' })]
const column = [3, 0x64, 0x65, 0x66, 0]
const row = [1, 0x31]
const file = [0xfb, 0x78]
const prepared = (columns: number, parameters: number) => [
  0,
  1,
  0,
  0,
  0,
  columns,
  0,
  parameters,
  0,
  0,
  0,
  0,
]

type Case = [
  name: string,
  shape: ReplyShape,
  deprecateEof: boolean,
  packets: number[][],
  flags: number,
]

const cases: Case[] = [
  ['OK', 'single', true, [ok(autocommit)], autocommit],
  ['OK with many rows changed', 'results', true, [ok(autocommit, [0xfd, 1, 1, 1])], autocommit],
  ['an EOF packet for an answer', 'single', false, [eof(autocommit)], autocommit],
  ['an error', 'results', true, [error], 0],
  ['rows', 'results', false, [[1], column, eof(1), row, row, eof(inTransaction)], inTransaction],
  ['rows without EOF', 'results', true, [[1], column, row, okAsEof(inTransaction)], inTransaction],
  ['no rows without EOF', 'results', true, [[2], column, column, okAsEof(autocommit)], autocommit],
  [
    'a row that begins like an EOF packet',
    'results',
    false,
    [[1], column, eof(0), [0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9], eof(2)],
    2,
  ],
  [
    'an error among the rows',
    'results',
    false,
    [[1], column, eof(autocommit), row, error],
    autocommit,
  ],
  [
    'several results',
    'results',
    false,
    [[1], column, eof(moreResults), row, eof(moreResults), ok(moreResults), ok(2)],
    2,
  ],
  [
    'several results without EOF',
    'results',
    true,
    [ok(moreResults), [1], column, row, okAsEof(moreResults), ok(2)],
    2,
  ],
  ['an error after a result', 'results', false, [ok(moreResults), error], moreResults],
  ['a local file', 'results', true, [file, ok(autocommit)], autocommit],
  ['an opened cursor', 'results', false, [[1], column, eof(cursorExists)], cursorExists],
  [
    'an opened cursor without EOF',
    'results',
    true,
    [[1], column, okAsEof(cursorExists)],
    cursorExists,
  ],
  ['fetched rows', 'rows', false, [row, row, eof(cursorExists)], cursorExists],
  [
    'a prepared statement',
    'prepared',
    false,
    [prepared(1, 2), column, column, eof(2), column, eof(2)],
    2,
  ],
  ['a prepared statement without EOF', 'prepared', true, [prepared(1, 1), column, column], 0],
  ['a prepared statement without columns', 'prepared', false, [prepared(0, 1), column, eof(2)], 2],
  ['a prepared statement without anything', 'prepared', false, [prepared(0, 0)], 0],
  ['a list of columns', 'columns', false, [column, column, eof(autocommit)], autocommit],
  ['a line of text', 'text', true, [[0x55, 0x70, 0x74]], 0],
  [
    'an exchange of proofs',
    'authentication',
    true,
    [[0xfe, 0x61], [0x01, 0x03], ok(autocommit)],
    autocommit,
  ],
]

describe('a reply is complete with its last packet, and not before', () => {
  it.each(cases)('%s', (_, shape, deprecateEof, packets, flags) => {
    const tracker = new ReplyTracker()
    tracker.deprecateEof = deprecateEof
    tracker.status = 0
    tracker.begin(shape)
    const splitter = new PacketSplitter()
    for (const payload of packets) {
      expect(tracker.isComplete).toBe(false)
      splitter.push(packet(Buffer.from(payload), 1))
      const piece = splitter.next()
      if (piece) tracker.feed(piece)
    }
    expect(tracker.isComplete).toBe(true)
    expect(tracker.status).toBe(flags)
  })

  it('a command without a reply is complete at once', () => {
    const tracker = new ReplyTracker()
    tracker.begin('none')
    expect(tracker.isComplete).toBe(true)
  })
})
