import type { Cluster, ClusterInstance } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { Forwarder, lookupWith } from './readers-forwarder.js'
import { AT_SCALE, NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

const forwarders: Forwarder[] = []

afterEach(() => {
  for (const forwarder of forwarders.splice(0)) forwarder.close()
})

/** A name's address; its connections can be lost without a word. */
async function before(instance: ClusterInstance): Promise<Forwarder> {
  const forwarder = await Forwarder.open(instance)
  forwarders.push(forwarder)
  return forwarder
}

/** Where the names of the writer lead to. */
function namesOf(cluster: Cluster, { address }: Forwarder): Map<string, string> {
  const { writer, writerEndpoint } = cluster
  return new Map([writer.endpoint, writerEndpoint].map((name) => [name, address]))
}

function write({ ledger, pool }: Scenario) {
  return ledger.keep('query', (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
}

const SILENCE_ASKED_MS = 900

/** Nobody writes what can be run again, and nobody reads. */
const UNREPEATABLE = {
  repeated: 0,
  'exactly-once': 0,
  read: 0,
  'read-execute': 0,
  'read-callback': 0,
  'read-session': 0,
  'read-stream': 0,
}

describe('connections to the only instance are lost without a word', () => {
  const scenarios = useScenarios({ instances: 1 })

  it('it speaks on new ones alone: what was under way on the others ends as unknown', async () => {
    const { cluster } = scenarios
    const forwarder = await before(cluster.writer)
    const lookup = lookupWith(cluster, namesOf(cluster, forwarder))
    const scenario = await scenarios.open({
      aurora: { lookup },
      connectionLimit: 4,
      workers: UNREPEATABLE,
    })
    // Whoever has a connection then has one on which a write is lost that nobody can repeat.
    await scenario.load.serve(2)
    forwarder.fallSilent()
    await pause(SILENCE_ASKED_MS)
    forwarder.passAgain()
    const condemned = () =>
      scenario.events('instanceFenced').some(({ payload }) => payload.reason === 'condemned')
    await eventually('those that are lost are cut', condemned)
    await scenario.load.serve(2)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures.length).toBeGreaterThan(0)
  })

  it('it was frozen and speaks on the old ones too: nothing is cut', async () => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ workers: { query: 4, read: 0 } })
    const heal = await cluster.inject({ type: 'hang' })
    await scenario.hears('failoverStarted')
    await heal()
    await scenario.hears('failoverCompleted')
    // As long again as those would have to speak that were lost.
    await pause(2 * AT_SCALE.condemnAfterMs)
    await scenario.load.serve(3)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    expect(scenario.ledger.failures).toEqual([])
    expect(scenario.events('instanceFenced')).toEqual([])
  })

  it('connects under way are made again once it answers', async () => {
    const { cluster } = scenarios
    const forwarder = await before(cluster.writer)
    const lookup = lookupWith(cluster, namesOf(cluster, forwarder))
    const scenario = await scenarios.open({
      aurora: { lookup },
      // Nobody else ends them in the time that the test has.
      mysql: { connectTimeout: 60_000 },
      connectionLimit: 2,
      workers: false,
    })
    forwarder.fallSilent()
    forwarder.resetOpen()
    const writes = [write(scenario), write(scenario), write(scenario)]
    await scenario.hears('failoverStarted')
    forwarder.passAgain()
    expect(await Promise.all(writes)).toEqual(['acknowledged', 'acknowledged', 'acknowledged'])
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })

  it('its name leads elsewhere now, where it answers, while the old address takes connections and says nothing', async () => {
    const { cluster } = scenarios
    const [old, moved] = [await before(cluster.writer), await before(cluster.writer)]
    const names = namesOf(cluster, old)
    const scenario = await scenarios.open({
      // A question may go without an answer for longer than this test has.
      aurora: { lookup: lookupWith(cluster, names), condemnAfterMs: 60_000 },
      workers: false,
    })
    old.fallSilent()
    old.resetOpen()
    const waiting = write(scenario)
    await scenario.hears('failoverStarted')
    for (const [name, address] of namesOf(cluster, moved)) names.set(name, address)
    expect(await waiting).toBe('acknowledged')
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('connects to a reader are never answered', () => {
  const scenarios = useScenarios({ instances: 2 })

  it('they are made again as soon as it has greeted a younger one', async () => {
    const { cluster } = scenarios
    const [reader] = cluster.readers as [ClusterInstance]
    const forwarder = await before(reader)
    const lookup = lookupWith(cluster, new Map([[reader.endpoint, forwarder.address]]))
    const scenario = await scenarios.open({
      aurora: { lookup, condemnAfterMs: 60_000 },
      mysql: { connectTimeout: 60_000 },
      connectionLimit: 2,
      workers: false,
    })
    forwarder.fallSilent()
    const read = () => scenario.pool.promise().query('SELECT COUNT(*) AS n FROM app.number')
    const reads = [read(), read(), read()]
    await eventually('both are under way', () => forwarder.taken >= 2)
    forwarder.passAgain()
    await Promise.all(reads)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
