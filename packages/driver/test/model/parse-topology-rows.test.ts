import { describe, expect, it } from 'vitest'
import { parseTopologyRows } from '../../src/model/parse-topology-rows.js'

const row = {
  answered_by: 'db-1',
  read_only: 0,
  server_id: 'db-1',
  session_id: 'MASTER_SESSION_ID',
  age_us: 1500,
  lag_ms: 12.5,
  cpu: 3,
}
const parsed = {
  answeredBy: 'db-1',
  isReadOnly: false,
  rows: [
    { serverId: 'db-1', sessionId: 'MASTER_SESSION_ID', ageMicros: 1500, lagMs: 12.5, cpu: 3 },
  ],
}

describe('parseTopologyRows', () => {
  it('reads numbers as whatever type the options of the connection make of them', () => {
    expect(parseTopologyRows([row])).toEqual(parsed)
    expect(
      parseTopologyRows([
        { ...row, read_only: '0', age_us: '1500', lag_ms: '12.5', cpu: Buffer.from('3') },
      ]),
    ).toEqual(parsed)
    expect(parseTopologyRows([{ ...row, read_only: 0n, age_us: 1500n }])).toEqual(parsed)
    expect(
      parseTopologyRows([
        { ...row, answered_by: Buffer.from('db-1'), server_id: Buffer.from('db-1') },
      ]),
    ).toEqual(parsed)
  })

  it.each([
    [1, true],
    ['1', true],
    ['ON', true],
    ['on', true],
    [true, true],
    [Buffer.from('1'), true],
    [0, false],
    ['OFF', false],
    [false, false],
  ])('reads read_only %j as %s', (read_only, isReadOnly) => {
    expect(parseTopologyRows([{ ...row, read_only }])?.isReadOnly).toBe(isReadOnly)
  })

  it('keeps what is NULL or no number as unknown', () => {
    expect(
      parseTopologyRows([{ ...row, age_us: null, lag_ms: 'soon', cpu: undefined }])?.rows,
    ).toEqual([{ ...parsed.rows[0], ageMicros: undefined, lagMs: undefined, cpu: undefined }])
  })

  it('tells names apart without regard to case', () => {
    expect(parseTopologyRows([{ ...row, answered_by: 'DB-1', server_id: 'Db-1' }])).toEqual(parsed)
  })

  it('knows who answered even when the table shows nothing', () => {
    expect(parseTopologyRows([{ ...row, server_id: null, session_id: null }])).toEqual({
      ...parsed,
      rows: [],
    })
  })

  it.each([
    [[]],
    [[{}]],
    [[{ ...row, answered_by: null }]],
    [[{ ...row, answered_by: '' }]],
    [[{ ...row, read_only: null }]],
    [[{ ...row, read_only: 'perhaps' }]],
  ])('does not understand %j', (rows) => {
    expect(parseTopologyRows(rows)).toBeUndefined()
  })
})
