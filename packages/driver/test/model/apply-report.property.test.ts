import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyReport } from '../../src/model/apply-report.js'
import { instanceEndpointFromSuffix } from '../../src/model/endpoint.js'
import type { Topology, TopologyReport } from '../../src/model/topology.js'

const instanceEndpoint = instanceEndpointFromSuffix('.abc.eu-west-1.rds.amazonaws.com', 3306)
const ids = fc.constantFrom('a', 'b', 'c', 'd', 'evil.example.com')

const row = fc.record({
  serverId: ids,
  sessionId: fc.constantFrom('MASTER_SESSION_ID', 'fb1c6f6e', ''),
  ageMicros: fc.option(fc.integer({ min: -2_000_000, max: 400_000_000 }), { nil: undefined }),
  lagMs: fc.option(fc.double({ min: -10, max: 1_000_000, noNaN: true }), { nil: undefined }),
  cpu: fc.constant(undefined),
})
const anyReport: fc.Arbitrary<TopologyReport> = fc.record({
  askedAtMs: fc.integer({ min: 0, max: 60_000 }),
  answeredBy: ids,
  isReadOnly: fc.boolean(),
  rows: fc.array(row, { maxLength: 6 }),
})

const believe = (reports: readonly TopologyReport[]): Topology | undefined =>
  reports.reduce<Topology | undefined>(
    (previous, report) => applyReport(previous, report, instanceEndpoint).topology,
    undefined,
  )
const summary = (topology: Topology | undefined) => ({
  writer: topology?.writer?.id,
  readers: topology?.readers.map(({ id }) => id),
  instances: topology?.instances.map(({ id }) => id),
})

describe('applyReport', () => {
  it('believes the newest answer of a writer, in whatever order answers come', () => {
    const newest: TopologyReport = {
      askedAtMs: 100_000,
      answeredBy: 'b',
      isReadOnly: false,
      rows: [
        { serverId: 'b', sessionId: 'MASTER_SESSION_ID', ageMicros: 0, lagMs: 0, cpu: 1 },
        { serverId: 'e', sessionId: 'x', ageMicros: 100, lagMs: 20, cpu: 1 },
      ],
    }
    const older = fc.array(anyReport, { maxLength: 5 })
    fc.assert(
      fc.property(older, older, (before, after) => {
        expect(summary(believe([...before, newest, ...after]))).toEqual(summary(believe([newest])))
      }),
    )
  })

  it('makes nobody a writer who has not said so itself, and unmakes none on another word', () => {
    fc.assert(
      fc.property(fc.array(anyReport, { minLength: 1, maxLength: 8 }), (reports) => {
        let previous: Topology | undefined
        for (const report of reports) {
          const { topology } = applyReport(previous, report, instanceEndpoint)
          if (topology.writer?.id !== previous?.writer?.id) {
            expect(report.isReadOnly).toBe(topology.writer === undefined)
            expect(report.answeredBy).toBe((topology.writer ?? previous?.writer)?.id)
          }
          previous = topology
        }
      }),
    )
  })

  it('never lists a writer, a stranger or anybody twice among the readers', () => {
    fc.assert(
      fc.property(fc.array(anyReport, { minLength: 1, maxLength: 8 }), (reports) => {
        const topology = believe(reports)
        const instances = topology?.instances.map(({ id }) => id) ?? []
        const readers = topology?.readers.map(({ id }) => id) ?? []
        expect(new Set(instances).size).toBe(instances.length)
        expect(instances).not.toContain('evil.example.com')
        expect(readers).not.toContain(topology?.writer?.id)
        expect(instances).toEqual(expect.arrayContaining(readers))
        expect(topology?.readers.every(({ role }) => role === 'reader')).toBe(true)
        for (const { visibleUpToMs } of topology?.instances ?? []) {
          expect(visibleUpToMs ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(60_000 - 30)
        }
      }),
    )
  })
})
