import { describe, expect, it } from 'vitest'
import { applyReport, isNewer } from '../../src/model/apply-report.js'
import { compareTopologies } from '../../src/model/compare-topologies.js'
import { instanceEndpointFromSuffix } from '../../src/model/endpoint.js'
import type { Instance, Role, Topology, TopologyReport } from '../../src/model/topology.js'
import { readSpecs } from '../read-spec.js'

/** A row: id, role, age in ms as the server gives it, lag in ms. */
type SpecRow = readonly [string, Role, number | null, number | null]

interface Phase {
  readonly report: Omit<TopologyReport, 'rows'> & { readonly rows: readonly SpecRow[] }
  /** Only what is named is checked. Instances are named by their ids; null stands for none. */
  readonly expect: {
    readonly writer?: string | null
    readonly readers?: readonly string[]
    readonly instances?: readonly string[]
    readonly roles?: Readonly<Record<string, Role>>
    readonly endpoints?: Readonly<Record<string, string>>
    readonly lag?: Readonly<Record<string, number | null>>
    readonly visible?: Readonly<Record<string, number | null>>
    readonly claimed?: string | null
    readonly refused?: readonly string[]
    /** The very topology of before. */
    readonly unchanged?: true
    readonly change?: ChangeSpec | null
  }
}

interface ChangeSpec {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly promoted: string | null
  readonly demoted: string | null
  readonly moved: readonly string[]
}

const instanceEndpoint = instanceEndpointFromSuffix('.abc.eu-west-1.rds.amazonaws.com', 3306)

function reportOf({ report }: Phase): TopologyReport {
  return {
    ...report,
    rows: report.rows.map(([serverId, role, ageMs, lagMs]) => ({
      serverId,
      sessionId: role === 'writer' ? 'MASTER_SESSION_ID' : 'fb1c6f6e-3a3c-4a0e-8d4e-1f5d1b1c0001',
      ageMicros: ageMs === null ? undefined : ageMs * 1000,
      lagMs: lagMs ?? undefined,
      cpu: 12.5,
    })),
  }
}

const idsOf = (instances: readonly Instance[]): string[] => instances.map(({ id }) => id)

/** What came out, in the words of the data files. */
function describeOutcome(previous: Topology | undefined, phase: Phase) {
  const update = applyReport(previous, reportOf(phase), instanceEndpoint)
  const { topology } = update
  const change = compareTopologies(previous, topology)
  const byId = <T>(pick: (instance: Instance) => T) =>
    Object.fromEntries(topology.instances.map((instance) => [instance.id, pick(instance)]))
  return {
    topology,
    outcome: {
      writer: topology.writer?.id ?? null,
      readers: idsOf(topology.readers),
      instances: idsOf(topology.instances),
      roles: byId(({ role }) => role),
      endpoints: byId(({ endpoint }) => `${endpoint.host}:${endpoint.port}`),
      lag: byId(({ lagMs }) => lagMs ?? null),
      visible: byId(({ visibleUpToMs }) => visibleUpToMs ?? null),
      claimed: update.claimedWriterId ?? null,
      refused: [...update.refusedIds],
      unchanged: topology === previous,
      change: change
        ? {
            added: idsOf(change.added),
            removed: idsOf(change.removed),
            promoted: change.promoted?.id ?? null,
            demoted: change.demoted?.id ?? null,
            moved: idsOf(change.moved),
          }
        : null,
    },
  }
}

describe.each(readSpecs<{ about: string; phases: Phase[] }>('topology'))('$name', ({ spec }) => {
  it(`${spec.about}`, () => {
    let previous: Topology | undefined
    for (const [index, phase] of spec.phases.entries()) {
      const { topology, outcome } = describeOutcome(previous, phase)
      const { change, ...rest } = phase.expect
      expect(outcome, `phase ${index}`).toMatchObject(rest)
      if (change !== undefined) {
        expect(outcome.change, `change of phase ${index}`).toEqual(change)
      }
      expect(topology.version - (previous?.version ?? 0)).toBe(topology === previous ? 0 : 1)
      previous = topology
    }
  })
})

describe('a topology', () => {
  const report: TopologyReport = reportOf({
    report: {
      askedAtMs: 5,
      answeredBy: 'a',
      isReadOnly: false,
      rows: [
        ['a', 'writer', 0, 0],
        ['b', 'reader', 0, 1],
      ],
    },
    expect: {},
  })

  it('is frozen throughout', () => {
    const { topology } = applyReport(undefined, report, instanceEndpoint)
    for (const value of [topology, topology.instances, topology.readers, ...topology.instances]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
    expect(topology.instances.every(({ endpoint }) => Object.isFrozen(endpoint))).toBe(true)
  })

  it('tells that an instance listens elsewhere now', () => {
    const { topology: before } = applyReport(undefined, report, instanceEndpoint)
    const elsewhere = instanceEndpointFromSuffix('.xyz.eu-west-1.rds.amazonaws.com', 3306)
    const { topology: after } = applyReport(before, report, elsewhere)
    expect(compareTopologies(before, after)).toMatchObject({
      added: [],
      removed: [],
      moved: [{ id: 'a' }, { id: 'b' }],
    })
  })

  it('accepts reports that are not older than itself', () => {
    const { topology } = applyReport(undefined, report, instanceEndpoint)
    expect(isNewer(undefined, report)).toBe(true)
    expect([4, 5, 6].map((askedAtMs) => isNewer(topology, { ...report, askedAtMs }))).toEqual([
      false,
      true,
      true,
    ])
  })
})
