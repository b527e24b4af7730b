import { createAuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { makeWriter, NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })
const promoted = 'instance-2'
const heals: (() => Promise<void>)[] = []

/** How many connects in a second a server that says "too many connections" may see of one pool. */
const BEARABLE_PER_SECOND = 60

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
  await makeWriter(scenarios.cluster, 'instance-1')
})

async function full(cluster: Cluster, instance: string, maxConnections: number) {
  const heal = await cluster.inject({ type: 'overload', instance, maxConnections })
  heals.push(heal)
  return heal
}

/** Fails the writer over to one that takes only so many connections; resolves when it is promoted. */
async function failOverToFull(cluster: Cluster, maxConnections: number) {
  const heal = await full(cluster, promoted, maxConnections)
  await cluster.failover({ to: promoted, promoteMs: 200, detectMs: 50, returnMs: 200 })
  return heal
}

const refusals = (cluster: Cluster, id: string) => cluster.instance(id).counters.connectionsRefused

/** Writes that are all waiting for a connection at once. */
function writes({ ledger, pool }: Scenario, count: number, sql?: string) {
  return Array.from({ length: count }, () =>
    ledger.keep('query', (unit) => {
      const insert = ledger.insert(unit)
      return pool.promise().query(sql ?? insert.sql, [...insert.values])
    }),
  )
}

describe('a process that starts', () => {
  it('while hardly any connection can be had is served by those that there are', async () => {
    const { cluster } = scenarios
    await full(cluster, 'instance-1', 3)
    const pool = createAuroraPool({ ...cluster.connection, connectionLimit: 10 })
    try {
      const count = 50
      const all = Array.from({ length: count }, () => pool.query('SELECT 1 + 1 AS two'))
      expect(await Promise.all(all)).toHaveLength(count)
    } finally {
      await pool.end()
    }
  })
})

describe('a new writer that takes too few connections', () => {
  it('serves all the same, by those that it takes', async () => {
    const scenario = await scenarios.open()
    const { cluster, load, pool } = scenario
    await failOverToFull(cluster, 3)
    await scenario.hears('failoverCompleted')
    await load.serve(3)
    expect(pool.aurora.stats().failovers).toBe(1)
    expect(pool.aurora.topology?.writer?.id).toBe(promoted)
    expect(cluster.instance(promoted).counters.connectionsOpen).toBeLessThanOrEqual(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('meets no storm of connects, however many statements wait', async () => {
    const scenario = await scenarios.open({ workers: false, connectionLimit: 100 })
    const { cluster, pool } = scenario
    await Promise.all(writes(scenario, 1))
    await cluster.crash('instance-1')
    await eventually('the writer is looked for', () => pool.aurora.stats().isFailingOver)
    const waiting = writes(scenario, 400)
    await failOverToFull(cluster, 3)
    const before = refusals(cluster, promoted)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['acknowledged']))
    expect(refusals(cluster, promoted) - before).toBeLessThan(BEARABLE_PER_SECOND)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('and has none left but ours: asked on one of those', async () => {
    const scenario = await scenarios.open({ workers: { query: 2, read: 4 } })
    const { cluster, load, pool } = scenario
    await eventually('the reader that is to be the writer has connections', () => {
      const instance = pool.aurora.stats().instances.find(({ id }) => id === promoted)
      return (instance?.open ?? 0) > 0
    })
    await full(cluster, promoted, 1)
    // Roles change under living connections.
    await cluster.demote({ to: promoted })
    await scenario.hears('failoverCompleted')
    await load.serve(2)
    expect(pool.aurora.topology?.writer?.id).toBe(promoted)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('and at first none at all, not even the question who it is: waited for, not condemned', async () => {
    const scenario = await scenarios.open()
    const { cluster, load } = scenario
    const heal = await failOverToFull(cluster, 0)
    await pause(300)
    await heal()
    await scenario.hears('failoverCompleted')
    await load.serve(2)
    const fenced = scenario.events('instanceFenced').map(({ payload }) => payload)
    expect(fenced.filter(({ instance }) => instance === promoted)).toEqual([])
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('for longer than anybody waits: the wait ends, with the first error as its cause', async () => {
    const scenario = await scenarios.open({ workers: false, aurora: { failoverTimeoutMs: 600 } })
    const { cluster } = scenario
    await Promise.all(writes(scenario, 1))
    await failOverToFull(cluster, 0)
    const [failure] = await Promise.all(writes(scenario, 1))
    expect(failure).toMatchObject({ ending: 'not-run', error: { code: 'ERR_AURORA_NO_WRITER' } })
    expect(failure).toHaveProperty('error.cause.code', expect.stringMatching(/^(ECONN|PROTOCOL_)/))
    await scenario.end()
  })
})

describe('in calm', () => {
  it('a writer that is full, while many statements take their time: a bounded pace of connects', async () => {
    const scenario = await scenarios.open({
      workers: false,
      connectionLimit: 100,
      aurora: { overloadWaitMs: 20_000 },
    })
    const { cluster, ledger, pool } = scenario
    const { id, counters } = cluster.writer
    await eventually('only the monitor is there', () => counters.connectionsOpen <= 2)
    await full(cluster, id, 3)
    const before = refusals(cluster, id)
    const startedMs = performance.now()
    const slow = `INSERT INTO ${ledger.table} (unit, part) SELECT ?, ? FROM (SELECT SLEEP(0.02)) AS nap`
    const endings = await Promise.all(writes(scenario, 150, slow))
    expect(new Set(endings)).toEqual(new Set(['acknowledged']))
    const seconds = Math.max(1, (performance.now() - startedMs) / 1000)
    expect((refusals(cluster, id) - before) / seconds).toBeLessThan(BEARABLE_PER_SECOND)
    expect(pool.aurora.stats().failovers).toBe(0)
    await scenario.end()
  })

  it('a reader that is full: reads go elsewhere, without an error, and come back', async () => {
    const scenario = await scenarios.open()
    const { cluster, load, pool } = scenario
    const heal = await full(cluster, 'instance-3', 0)
    await cluster.inject({ type: 'reset', instance: 'instance-3' })
    await load.serve(10)
    await heal()
    const before = cluster.instance('instance-3').counters.reads
    await eventually('it serves', () => cluster.instance('instance-3').counters.reads > before)
    expect(pool.aurora.stats().failovers).toBe(0)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })
})
