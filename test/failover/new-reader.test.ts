import { describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 2 })

/** Topology questions that an instance was asked, with the moments of the cluster's own clock. */
function questionsSince({ cluster }: Scenario, sinceMs: number): number {
  return cluster.log.filter(({ type, atMs }) => type === 'topology-asked' && atMs >= sinceMs).length
}

describe('a reader that is added', () => {
  it('serves after the next question for the topology, on the pool that is there', async () => {
    const scenario = await scenarios.open()
    const { cluster, pool, load } = scenario
    const added = await cluster.addReader()
    // Its row is in the writer's copy when that has been refreshed.
    await cluster.until(
      (event) =>
        event.type === 'view-refreshed' &&
        event.instance === cluster.writer.id &&
        event.members.includes(added.id),
    )
    const sinceMs = cluster.nowMs
    let questions: number | undefined
    const note = () => {
      const isKnown = pool.aurora.topology?.instances.some(({ id }) => id === added.id)
      if (isKnown) questions ??= questionsSince(scenario, sinceMs)
    }
    pool.aurora.on('topologyChanged', note)
    note()
    await eventually('it serves', () => added.counters.reads > 0)
    // One question was under way, one has seen it.
    expect(questions).toBeLessThanOrEqual(2)
    await eventually('it has its share', async () => {
      const before = cluster.instances.map(({ counters }) => counters.reads)
      await load.serve(20)
      const [, former, latest] = cluster.instances.map(
        ({ counters }, index) => counters.reads - (before[index] ?? 0),
      )
      return Number(latest) > 0.5 * Number(former)
    })
    expect(pool.aurora.topology?.readers.map(({ id }) => id)).toContain(added.id)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
    await cluster.removeReader(added.id)
  })

  it('before it takes connections is not missed, and is used when it does', async () => {
    const scenario = await scenarios.open()
    const { cluster, load, pool } = scenario
    const added = await cluster.addReader()
    await cluster.crash(added.id)
    await eventually('it is in the topology', () =>
      Boolean(pool.aurora.topology?.instances.some(({ id }) => id === added.id)),
    )
    await load.serve(3)
    await cluster.restart(added.id)
    await eventually('it serves', () => added.counters.reads > 0)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
    await cluster.removeReader(added.id)
  })

  it('and taken away again and again: nobody notices, and nothing is left of those that are gone', async () => {
    const scenario = await scenarios.open()
    const { cluster, load, pool } = scenario
    const gone: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const added = await cluster.addReader({ id: `autoscaled-${turn}` })
      await eventually('it serves', () => added.counters.reads > 0)
      await cluster.removeReader(added.id)
      gone.push(added.id)
      await load.serve(1)
    }
    await eventually('they are forgotten', () =>
      pool.aurora.stats().instances.every(({ id }) => !gone.includes(id)),
    )
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('in the middle of a failover, and promoted in the next one', async () => {
    const scenario = await scenarios.open()
    const { cluster, load } = scenario
    const promoted = cluster.failover({ promoteMs: 300, detectMs: 50, returnMs: 100 })
    const added = await cluster.addReader({ id: 'late' })
    await promoted
    await eventually('it serves', () => added.counters.reads > 0)
    await load.serve(2)
    await cluster.failover({ to: added.id, promoteMs: 200, detectMs: 50, returnMs: 100 })
    await eventually('it writes', () => added.counters.writes > 0)
    await load.serve(2)
    expect(scenario.pool.aurora.topology?.writer?.id).toBe('late')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('the first reader of a cluster that had none', () => {
  it('takes the reads from the writer', async () => {
    const { cluster } = scenarios
    const [only] = cluster.readers
    const ids = cluster.readers.map(({ id }) => id)
    for (const id of ids) await cluster.removeReader(id)
    const scenario = await scenarios.open({
      aurora: { refreshIntervalMs: AT_SCALE.refreshIntervalMs },
    })
    const { writer } = cluster
    const before = writer.counters.reads
    await scenario.load.serve(3)
    expect(writer.counters.reads).toBeGreaterThan(before)
    const added = await cluster.addReader({ id: String(only?.id) })
    await eventually('it serves', () => added.counters.reads > 0)
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })
})
