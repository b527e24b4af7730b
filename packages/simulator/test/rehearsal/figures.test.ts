import { describe, expect, it } from 'vitest'
import { clusterFigures, loadFigures, totalsOf } from '../../src/rehearsal/figures.js'
import { connectionSeries, instanceSeries, requestSeries } from '../../src/rehearsal/series.js'
import type {
  ClusterRecord,
  InstanceSample,
  LoadRecord,
  RequestRecord,
} from '../../src/rehearsal.js'

const zero: InstanceSample = {
  id: '',
  connections: 0,
  statements: 0,
  reads: 0,
  writes: 0,
  errors: 0,
  statementsCut: 0,
}

function clusterRecord(
  samples: readonly (readonly [number, ...(Partial<InstanceSample> & { id: string })[]])[],
  promotedAtMs: readonly number[] = [],
): ClusterRecord {
  return {
    storage: 'embedded',
    durationMs: 4000,
    samples: samples.map(([atMs, ...instances]) => ({
      atMs,
      instances: instances.map((each) => ({ ...zero, ...each })),
    })),
    log: promotedAtMs.map((atMs) => ({ type: 'promoted', atMs, instance: 'b', from: 'a' })),
    present: [],
  }
}

const quiet = clusterRecord([[0, { id: 'a' }]], [1000])

function request(kind: RequestRecord['kind'], endedMs: number, error?: string): RequestRecord {
  return { kind, startedMs: endedMs - 10, endedMs, ...(error === undefined ? {} : { error }) }
}

function load(...requests: RequestRecord[]): LoadRecord {
  return { name: 'load', requests }
}

describe('what a load comes down to', () => {
  it('counts a stall from the last answer to the next, errors notwithstanding', () => {
    const figures = loadFigures(
      load(
        request('read', 900),
        request('write', 1000),
        request('read', 1200, 'ECONNRESET'),
        request('write', 1500, 'ECONNREFUSED'),
        request('read', 2600),
        request('write', 3500),
        request('read', 3600),
      ),
      quiet,
    )
    expect(figures).toMatchObject({
      answered: 5,
      failed: 2,
      failedReads: 1,
      longestReadStallMs: 1700,
      longestWriteStallMs: 2500,
      longestStallMs: 1600,
      firstWriteMs: [2500],
    })
  })

  it('lets a load that never came back stall until the end', () => {
    const figures = loadFigures(load(request('write', 1000), request('read', 500)), quiet)
    expect(figures.longestWriteStallMs).toBe(3000)
    expect(figures.longestReadStallMs).toBe(3500)
    expect(figures.firstWriteMs).toEqual([undefined])
  })

  it('knows nothing of answers that came after the end', () => {
    const { answered, longestStallMs } = loadFigures(
      load(request('read', 2000), request('read', 4001)),
      quiet,
    )
    expect([answered, longestStallMs]).toEqual([1, 2000])
  })

  it('takes the longest request whether it was answered or not', () => {
    const { longestRequestMs } = loadFigures(
      load(
        { kind: 'read', startedMs: 100, endedMs: 300 },
        { kind: 'write', startedMs: 100, endedMs: 900, error: 'ETIMEDOUT' },
      ),
      quiet,
    )
    expect(longestRequestMs).toBe(800)
  })

  it('lists the errors by code, the most frequent first', () => {
    const codes = ['ECONNRESET', 'ECONNREFUSED', 'ECONNREFUSED']
    const { errors } = loadFigures(load(...codes.map((code) => request('read', 1, code))), quiet)
    expect(errors).toEqual([
      { code: 'ECONNREFUSED', count: 2 },
      { code: 'ECONNRESET', count: 1 },
    ])
  })

  it('has a first write for each promotion', () => {
    const twice = clusterRecord([[0, { id: 'a' }]], [1000, 2000])
    const { firstWriteMs } = loadFigures(
      load(request('write', 900), request('write', 1100), request('write', 2040)),
      twice,
    )
    expect(firstWriteMs).toEqual([100, 40])
  })
})

describe('what a cluster comes down to', () => {
  const record = clusterRecord(
    [
      [0, { id: 'a', statements: 10, reads: 6, writes: 3 }, { id: 'b', reads: 1, statements: 1 }],
      [
        1000,
        { id: 'a', statements: 20, reads: 11, writes: 8 },
        { id: 'b', reads: 1, statements: 1 },
      ],
      [
        2500,
        { id: 'a', statements: 20, reads: 11, writes: 8 },
        { id: 'b', reads: 4, statements: 6, errors: 2 },
      ],
      [
        3000,
        { id: 'b', reads: 5, writes: 2, statements: 9, errors: 2 },
        { id: 'c', reads: 2, statements: 2 },
      ],
    ],
    [1500],
  )

  it('counts what happened during the recording, also on instances that came or went', () => {
    const counted = totalsOf(record).map(({ id, statements, reads }) => [id, statements, reads])
    expect(counted).toEqual([
      ['a', 10, 5],
      ['b', 8, 4],
      ['c', 2, 2],
    ])
  })

  it('keeps answers apart from errors, and sees stalls between the samples that count more', () => {
    expect(clusterFigures(record)).toEqual({
      answered: 18,
      failed: 2,
      longestStallMs: 1500,
      longestReadStallMs: 1500,
      longestWriteStallMs: 2000,
      firstWriteMs: [1500],
    })
  })
})

describe('lines over time', () => {
  it('are rates a second, of whole steps', () => {
    const [answered, failed] = requestSeries(
      load(
        request('read', 10),
        request('read', 240),
        request('write', 260, 'ECONNRESET'),
        request('read', 1010),
      ),
      1010,
    )
    expect(answered?.values).toEqual([8, 0, 0, 0])
    expect(failed?.values).toEqual([0, 4, 0, 0])
  })

  it('give each instance its own line, in the order of their numbers', () => {
    const record = clusterRecord([
      [0, { id: 'instance-10', connections: 1 }, { id: 'instance-2', connections: 5 }],
      [300, { id: 'instance-10', connections: 2, statements: 5 }, { id: 'instance-2' }],
    ])
    expect(
      connectionSeries(record).map(({ name, values }) => [name, values[0], values[1]]),
    ).toEqual([
      ['instance-2', 5, 0],
      ['instance-10', 1, 2],
    ])
    expect(instanceSeries(record)[1]?.values[1]).toBe(20)
  })
})
