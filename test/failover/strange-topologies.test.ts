import type { Cluster, Fault, Lookup } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { Ledger } from './ledger.js'
import { lookupWith } from './readers-forwarder.js'
import { makeWriter, NOTHING_WRONG, Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3 })
const heals: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
  await makeWriter(scenarios.cluster, 'instance-1')
})

/** What the topology can say that is not so, on each instance that it is asked of. */
const STRANGE: { readonly [name: string]: (cluster: Cluster) => readonly Fault[] } = {
  'two writers': () => [{ type: 'two-writers', instance: 'instance-3' }],
  'no writer': () => [{ type: 'no-writer' }],
  'stale views of the readers': ({ readers }) =>
    readers.map(({ id }) => ({ type: 'stale-view', instance: id }) as const),
  'fresh ghosts': () => [
    { type: 'ghost-row', serverId: 'ghost-1' },
    { type: 'ghost-row', serverId: 'ghost-2' },
  ],
  'old ghosts': () => [{ type: 'ghost-row', serverId: 'renamed', ageMs: 90_000 }],
  'an id that is no name': () => [{ type: 'ghost-row', serverId: 'evil.example.com/?x=' }],
  'no rows at all': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'empty-topology', instance: id }) as const),
  'a refusal for lack of privilege': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'deny-topology', instance: id }) as const),
  'another refusal': ({ instances }) =>
    instances.map(({ id }) => ({ type: 'deny-topology', instance: id, errno: 1227 }) as const),
}

async function injectAll(faults: readonly Fault[]): Promise<() => Promise<void>> {
  const { cluster } = scenarios
  const own = await Promise.all(faults.map((fault) => cluster.inject(fault)))
  const heal = async () => {
    for (const each of own) await each()
  }
  heals.push(heal)
  return heal
}

/** Writes that an instance refused, as a reader, from now on. */
function countRefused(cluster: Cluster) {
  const refused = () => cluster.instances.reduce((sum, { counters }) => sum + counters.refused, 0)
  const before = refused()
  return () => refused() - before
}

/** A pool that has asked nothing yet. */
async function openNew(options: ConstructorParameters<typeof Scenario>[2] = {}): Promise<Scenario> {
  const { simulation, cluster } = scenarios
  return new Scenario(simulation, await Ledger.open(cluster, `new_pool_${++count}`), options)
}
let count = 0

function write({ ledger, pool }: Scenario) {
  return ledger.keep('query', (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
}

/** In calm, too, the topology is asked for often, so that all that is strange about it is seen. */
const OFTEN = { refreshIntervalMs: 60 } as const
const SEVERAL_QUESTIONS_MS = 300

describe.each(Object.entries(STRANGE))('a topology that shows %s', (_, faultsOf) => {
  it('in calm: nobody notices, and no write goes to a reader', async () => {
    const scenario = await scenarios.open({ aurora: OFTEN })
    const { cluster, load } = scenario
    const refused = countRefused(cluster)
    await injectAll(faultsOf(cluster))
    await pause(SEVERAL_QUESTIONS_MS)
    await load.serve(3)
    expect(scenario.events('failoverStarted')).toEqual([])
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
    expect(refused()).toBe(0)
  })

  it('from the first query of a pool on: it is served, and is ready', async () => {
    const { cluster } = scenarios
    const refused = countRefused(cluster)
    const heal = await injectAll(faultsOf(cluster))
    const scenario = await openNew()
    scenario.load.start()
    await scenario.load.serve(5)
    expect(refused()).toBe(0)
    await heal()
    await scenario.pool.aurora.ready()
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
  })

  it('during a failover: the new writer is found, at the latest when the topology shows it', async () => {
    const scenario = await scenarios.open({ aurora: OFTEN })
    const { cluster, load } = scenario
    const refused = countRefused(cluster)
    const heal = await injectAll(faultsOf(cluster))
    await pause(SEVERAL_QUESTIONS_MS / 2)
    await cluster.failover({ to: 'instance-2', promoteMs: 150, detectMs: 50, returnMs: 50 })
    await pause(SEVERAL_QUESTIONS_MS / 2)
    await heal()
    await scenario.hears('failoverCompleted')
    await load.serve(3)
    expect(scenario.pool.aurora.topology?.writer?.id).toBe('instance-2')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(refused()).toBe(0)
  })
})

describe('a pool made while the name still leads to the former writer', () => {
  async function afterFailover(): Promise<Cluster> {
    const { cluster } = scenarios
    await cluster.failover({
      to: 'instance-2',
      promoteMs: 50,
      detectMs: 20,
      returnMs: 20,
      dnsMs: 5_000,
    })
    await eventually(
      'the former writer is back',
      () => cluster.instance('instance-1').state === 'up',
    )
    return cluster
  }

  it('writes to the new writer from its first statement on', async () => {
    const cluster = await afterFailover()
    const scenario = await openNew()
    expect(await write(scenario)).toBe('acknowledged')
    expect(await write(scenario)).toBe('acknowledged')
    scenario.load.start()
    await scenario.load.serve(2)
    expect(scenario.pool.aurora.topology?.writer?.id).toBe('instance-2')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
    expect(cluster.writer.id).toBe('instance-2')
  })

  it('and whose copy of the topology is of before, too: it ends one way or the other', async () => {
    const heal = await injectAll([{ type: 'stale-view', instance: 'instance-1' }])
    await afterFailover()
    const scenario = await openNew()
    // It names itself, and says of itself that it is a reader: nobody else is known to have taken over.
    const first = await write(scenario)
    if (first !== 'acknowledged') expect(first).toMatchObject({ error: { errno: 1290 } })
    await heal()
    await scenario.pool.aurora.ready()
    expect(await write(scenario)).toBe('acknowledged')
    await scenario.end()
    expect(await scenario.ledger.audit(scenarios.cluster)).toMatchObject({ lost: [], doubled: [] })
  })
})

describe('a topology that never shows the writer again', () => {
  it('during a failover: the wait ends, with an error that says so unless it was served', async () => {
    const scenario = await scenarios.open({ workers: false, aurora: { failoverTimeoutMs: 800 } })
    const { cluster } = scenario
    expect(await write(scenario)).toBe('acknowledged')
    await injectAll([{ type: 'no-writer' }])
    await cluster.failover({ to: 'instance-2', promoteMs: 50, detectMs: 20, returnMs: 20 })
    // Sent before the loss was heard of, it would be lost with its connection.
    await scenario.hears('failoverStarted')
    const ended = await write(scenario)
    // One that has just been made anew may show no rows at all, and is believed then.
    if (ended !== 'acknowledged') {
      expect(ended).toMatchObject({ ending: 'not-run', error: { code: 'ERR_AURORA_NO_WRITER' } })
    }
    const [rows] = await scenario.pool.promise().query('SELECT COUNT(*) AS n FROM app.number')
    expect(rows).toHaveLength(1)
    await scenario.end()
  })
})

describe('rows of instances whose names lead elsewhere', () => {
  it('a ghost whose name leads nowhere is asked for seldom', async () => {
    const { cluster } = scenarios
    await injectAll([{ type: 'ghost-row', serverId: 'phantom' }])
    const scenario = await scenarios.open({ workers: { read: 4 } })
    const name = cluster.writer.endpoint.replace('instance-1', 'phantom')
    const lookups = () => cluster.lookups.get(name) ?? 0
    await eventually('it was looked for', () => lookups() > 0)
    await pause(2_500)
    // About once a second at first, and then less and less often.
    expect(lookups()).toBeLessThanOrEqual(5)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('a ghost whose name leads to another instance serves nothing', async () => {
    const { cluster } = scenarios
    const ghost = cluster.writer.endpoint.replace('instance-1', 'ghost')
    const lookup = lookupWith(cluster, new Map([[ghost, cluster.writer.address]]))
    await injectAll([{ type: 'ghost-row', serverId: 'ghost' }])
    const scenario = await scenarios.open({ aurora: { lookup } })
    await scenario.load.serve(5)
    await cluster.failover({ to: 'instance-2', promoteMs: 100, detectMs: 50, returnMs: 100 })
    await scenario.hears('failoverCompleted')
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('a reader whose name did not exist until it is promoted is found then', async () => {
    const { cluster } = scenarios
    const name = cluster.instance('instance-2').endpoint
    let [isMissing, askedCount] = [true, 0]
    const lookup: Lookup = (hostname, options, callback) => {
      if (!isMissing || hostname !== name || callback === undefined)
        return cluster.lookup(hostname, options, callback)
      askedCount += 1
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
      setImmediate(() => callback(error, '', 4))
    }
    // Less than the pause that follows the fourth look-up.
    const aurora = { lookup, failoverTimeoutMs: 3_000 }
    const scenario = await scenarios.open({ aurora, workers: { read: 2 } })
    await eventually('it has been asked for', () => askedCount >= 4)
    await cluster.failover({ to: 'instance-2', promoteMs: 100, detectMs: 50, returnMs: 100 })
    isMissing = false
    expect(await write(scenario)).toBe('acknowledged')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
