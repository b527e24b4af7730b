import type { AuroraPool } from 'aurora-mysql2'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { Forwarder, lookupWith } from './readers-forwarder.js'
import { Traffic } from './readers-traffic.js'
import { NOTHING_WRONG, type Scenario, useScenarios } from './scenario.js'

/** The product's own intervals, unscaled: what is promised in seconds is promised with these. */
const AS_INSTALLED = {
  refreshIntervalMs: 2_000,
  suspectAfterMs: 500,
  questionTimeoutMs: 300,
  condemnAfterMs: 4_000,
} as const
const GONE_WITHIN_MS = 1_000
const BACK_WITHIN_MS = 3_000

/** Workers that read, one statement each at a time. */
const BEGUN_AT_MOST = 8

const scenarios = useScenarios({ instances: 4, timings: { dnsMs: 100 } })
const struck = 'instance-2'
const watches: Traffic[] = []

afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
})

async function open(aurora = {}): Promise<{ scenario: Scenario; traffic: Traffic }> {
  const scenario = await scenarios.open({ aurora: { ...AS_INSTALLED, ...aurora } })
  const traffic = new Traffic(scenario.pool, struck)
  watches.push(traffic)
  await traffic.firstAfter(performance.now())
  return { scenario, traffic }
}

const isReachable = (pool: AuroraPool, id: string) =>
  pool.aurora.stats().instances.some((each) => each.id === id && each.isReachable)

/** No read failed, and no write was disturbed. */
async function nobodyNoticed(scenario: Scenario): Promise<void> {
  expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  expect(scenario.ledger.failures).toEqual([])
  expect(scenario.events('failoverStarted')).toEqual([])
}

/** From the end of that time on nothing begins there. */
async function expectGone(traffic: Traffic, faultMs: number): Promise<void> {
  await traffic.until(faultMs, GONE_WITHIN_MS)
  await traffic.until(performance.now(), 250)
  expect(traffic.lastAfter(faultMs)).toBeLessThanOrEqual(GONE_WITHIN_MS)
}

describe('a reader', () => {
  it.each(['crash', 'hang'] as const)(
    'that is struck by a %s: no error, its traffic goes elsewhere, and comes back with it',
    async (fault) => {
      const { scenario, traffic } = await open()
      const { cluster, load, pool } = scenario
      const faultMs = performance.now()
      await cluster[fault](struck)
      await eventually('it is passed over', () => !isReachable(pool, struck))
      await traffic.until(faultMs, GONE_WITHIN_MS)
      const { retried } = pool.aurora.stats()
      await load.serve(20)
      expect(traffic.lastAfter(faultMs)).toBeLessThanOrEqual(GONE_WITHIN_MS)
      // Nobody tries it and is sent elsewhere, either; what had begun there may still end.
      expect(pool.aurora.stats().retried - retried).toBeLessThanOrEqual(BEGUN_AT_MOST)
      await cluster.restart(struck)
      expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
      await nobodyNoticed(scenario)
    },
  )

  it('that stops speaking for a while and goes on as if nothing had been', async () => {
    const { scenario, traffic } = await open()
    const { cluster, pool, load } = scenario
    await cluster.hang(struck, { returnAfterMs: 1_500 })
    await eventually('it is passed over', () => !isReachable(pool, struck))
    await load.serve(10)
    await eventually('it speaks again', () => cluster.instance(struck).state === 'up')
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
  })

  it('that takes no new connections, while those that are open live', async () => {
    const { scenario, traffic } = await open()
    const { cluster, load } = scenario
    const faultMs = performance.now()
    const heal = await cluster.inject({ type: 'refuse', instance: struck })
    await cluster.inject({ type: 'reset', instance: struck })
    await expectGone(traffic, faultMs)
    await load.serve(10)
    await heal()
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
  })

  it('that lags more than allowed is passed over, until it has caught up', async () => {
    const { scenario, traffic } = await open({ maxLagMs: 1_000 })
    const { cluster, load } = scenario
    const faultMs = performance.now()
    const heal = await cluster.inject({ type: 'lag', instance: struck, lagMs: 30_000 })
    await eventually('the lag is known', () =>
      scenario.pool.aurora.stats().instances.some(({ id, lagMs }) => {
        return id === struck && (lagMs ?? 0) > 1_000
      }),
    )
    await traffic.until(faultMs, GONE_WITHIN_MS)
    await load.serve(20)
    expect(traffic.lastAfter(faultMs)).toBeLessThanOrEqual(GONE_WITHIN_MS)
    await heal()
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
  })

  it('that is deleted, and made anew under its name at another address', async () => {
    const instance = scenarios.cluster.instance(struck)
    const old = await Forwarder.open(instance)
    const names = new Map([[instance.endpoint, old.address]])
    const { scenario, traffic } = await open({ lookup: lookupWith(scenarios.cluster, names) })
    const { cluster, load, pool } = scenario
    const faultMs = performance.now()
    const heal = await cluster.inject({ type: 'reader-removed', instance: struck })
    old.close()
    await expectGone(traffic, faultMs)
    await eventually('it has left the topology', () => {
      return !pool.aurora.topology?.instances.some(({ id }) => id === struck)
    })
    await load.serve(10)
    names.clear()
    await heal()
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
  })
})

describe('a reader whose name moves', () => {
  // Its host was replaced: the table never shows that, and the old address refuses connections, or swallows them.
  it.each(['refuses', 'says nothing'] as const)(
    'to another address while the old one %s: it serves there',
    async (how) => {
      const instance = scenarios.cluster.instance(struck)
      const old = await Forwarder.open(instance)
      const names = new Map([[instance.endpoint, old.address]])
      const { scenario, traffic } = await open({ lookup: lookupWith(scenarios.cluster, names) })
      const { load, pool } = scenario
      const faultMs = performance.now()
      if (how === 'refuses') old.close()
      else old.fallSilent()
      await expectGone(traffic, faultMs)
      await eventually('it is passed over', () => !isReachable(pool, struck))
      await load.serve(10)
      names.clear()
      const backMs = await traffic.firstAfter(performance.now())
      expect(backMs).toBeLessThanOrEqual(BACK_WITHIN_MS)
      await nobodyNoticed(scenario)
      old.close()
    },
  )

  it('nowhere: it falls silent and leaves the table, and what runs on it runs elsewhere', async () => {
    const instance = scenarios.cluster.instance(struck)
    const network = await Forwarder.open(instance)
    const names = new Map([[instance.endpoint, network.address]])
    const { scenario } = await open({ lookup: lookupWith(scenarios.cluster, names) })
    const { cluster, pool } = scenario
    const reads = Array.from({ length: 12 }, () => {
      return pool.promise().query('SELECT COUNT(*), SLEEP(0.05) FROM app.number WHERE id < 3')
    })
    network.fallSilent()
    // Answers that are under way for longer than a look at the byte counters takes.
    const heal = await cluster.inject({ type: 'slow', delayMs: 150 })
    const back = await cluster.inject({ type: 'reader-removed', instance: struck })
    await Promise.all(reads)
    await heal()
    await back()
    await nobodyNoticed(scenario)
    network.close()
  })
})

describe('a reader that is deleted while it is silent', () => {
  it('and made anew under its name at another address serves there', async () => {
    const instance = scenarios.cluster.instance(struck)
    const old = await Forwarder.open(instance)
    const names = new Map([[instance.endpoint, old.address]])
    const { scenario, traffic } = await open({ lookup: lookupWith(scenarios.cluster, names) })
    const { cluster, load } = scenario
    old.fallSilent()
    const heal = await cluster.inject({ type: 'reader-removed', instance: struck })
    await eventually('what had begun there is over', () => {
      return scenario.pool.aurora.stats().instances.every(({ id }) => id !== struck)
    })
    await load.serve(10)
    names.clear()
    await heal()
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
    old.close()
  })
})

describe('all readers', () => {
  it('that die at once: the writer serves reads until they are back', async () => {
    const { scenario, traffic } = await open()
    const { cluster, load } = scenario
    const ids = cluster.readers.map(({ id }) => id)
    await Promise.all(ids.map((id) => cluster.crash(id)))
    await load.serve(10)
    expect(scenario.pool.aurora.stats().heldReads.noReader).toBeGreaterThan(0)
    for (const id of ids) await cluster.restart(id)
    expect(await traffic.firstAfter(performance.now())).toBeLessThanOrEqual(BACK_WITHIN_MS)
    await nobodyNoticed(scenario)
  })

  it('that restart one after the other, as in an upgrade', async () => {
    const { scenario } = await open()
    const { cluster, load } = scenario
    for (const { id } of cluster.readers) {
      await cluster.restart(id)
      await pause(100)
      await load.serve(3)
    }
    await nobodyNoticed(scenario)
  })
})
