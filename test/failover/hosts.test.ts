import type { AuroraOptions } from 'aurora-mysql2'
import { describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { Ledger } from './ledger.js'
import { lookupWith } from './readers-forwarder.js'
import { NOTHING_WRONG, Scenario, useScenarios } from './scenario.js'

const SUFFIX = 'abc123.eu-west-1.rds.amazonaws.com'
/** Asked as a read, though variables belong to the writer. */
const WHERE =
  '/* aurora:reader */ SELECT @@aurora_server_id AS id, @@innodb_read_only AS isReadOnly'

const scenarios = useScenarios({ instances: 3, timings: { dnsMs: 200 } })

/** A pool on another host than the cluster's endpoint, under load unless `workers` says otherwise. */
async function openOn(
  host: string,
  options: {
    readonly aurora?: AuroraOptions
    readonly workers?: false
    readonly isReady?: false
  } = {},
): Promise<Scenario> {
  const { simulation, cluster } = scenarios
  const name = `ledger_on_host_${++count}`
  const mysql = { host, multipleStatements: false }
  const given = { mysql, ...(options.aurora === undefined ? {} : { aurora: options.aurora }) }
  const scenario = new Scenario(simulation, await Ledger.open(cluster, name), given)
  if (options.isReady !== false) await scenario.pool.aurora.ready()
  if (options.workers !== false) {
    scenario.load.start()
    await scenario.load.serve(2)
  }
  return scenario
}
let count = 0

/** A look-up that knows a name which is not of the cluster, and which stands for what another one stands for at that moment. */
function alias(name: string, of: string): NonNullable<AuroraOptions['lookup']> {
  const { lookup } = scenarios.cluster
  return ((hostname: string, options: never, done: never) =>
    lookup(hostname === name ? of : hostname, options, done)) as never
}

async function whereIs({ pool }: Scenario): Promise<{ id: string; isReadOnly: number }> {
  const [rows] = await pool.promise().query(WHERE)
  return (rows as { id: string; isReadOnly: number }[])[0] as { id: string; isReadOnly: number }
}

function write({ ledger, pool }: Scenario, kind = 'query') {
  return ledger.keep(kind, (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query(sql, [...values])
  })
}

describe('one name, behind which instances are not visible', () => {
  const NAMES = {
    'a custom endpoint': `reports.cluster-custom-${SUFFIX}`,
    'a proxy': `front.proxy-${SUFFIX}`,
    'a global endpoint': 'everywhere.global-abc123.global.rds.amazonaws.com',
    'a shard group': `shards.shardgrp-${SUFFIX}`,
    'an own domain': 'db.shop.example',
  } as const

  it.each(Object.entries(NAMES))(
    '%s that moves after the former writer is back as a reader: the pool follows the name',
    async (_, name) => {
      const { cluster } = scenarios
      const scenario = await openOn(name, {
        aurora: { lookup: alias(name, cluster.writerEndpoint) },
      })
      expect(scenario.pool.aurora.stats().mode).toBe('single')
      const former = cluster.writer
      await cluster.failover({ promoteMs: 100, detectMs: 50, returnMs: 50, dnsMs: 300 })
      await eventually('the former writer is back', () => former.state === 'up')
      await scenario.load.serve(2)
      expect(await whereIs(scenario)).toEqual({ id: cluster.writer.id, isReadOnly: 0 })
      expect(scenario.pool.aurora.stats().instances.map(({ id }) => id)).toEqual(['(endpoint)'])
      // One endpoint: reads wait with the writes, and may be cut with them.
      const verdict = await scenario.verdict()
      expect({ ...verdict, failedReads: [] }).toEqual(NOTHING_WRONG)
    },
  )
})

describe('an instance endpoint', () => {
  it('whose instance has become a reader for good: reads go on, a write does not wait for ever', async () => {
    const { cluster } = scenarios
    const scenario = await openOn(cluster.writer.endpoint, {
      aurora: { failoverTimeoutMs: 1_000 },
      workers: false,
    })
    const { id } = cluster.writer
    expect(await write(scenario)).toBe('acknowledged')
    await cluster.failover({ promoteMs: 100, detectMs: 50, returnMs: 50 })
    await eventually('it is back', () => cluster.instance(id).state === 'up')
    expect(await whereIs(scenario)).toEqual({ id, isReadOnly: 1 })
    expect(await write(scenario)).not.toBe('acknowledged')
    const waited = scenario.events('statementWaiting').length
    expect(await whereIs(scenario)).toEqual({ id, isReadOnly: 1 })
    // It did not wait for a writer that this endpoint will not have.
    expect(scenario.events('statementWaiting')).toHaveLength(waited)
    await scenario.end()
    expect(await scenario.ledger.audit(cluster)).toMatchObject({
      denied: [],
      doubled: [],
      lost: [],
    })
  })

  it('of a reader that becomes the writer: it writes from then on', async () => {
    const { cluster } = scenarios
    const [reader] = cluster.readers
    const id = String(reader?.id)
    const scenario = await openOn(String(reader?.endpoint), { workers: false })
    expect(await write(scenario)).toMatchObject({ ending: 'not-run', error: { errno: 1290 } })
    await cluster.failover({ to: id, promoteMs: 50, detectMs: 20 })
    await eventually('it writes', async () => (await write(scenario)) === 'acknowledged')
    expect(await whereIs(scenario)).toEqual({ id, isReadOnly: 0 })
    await scenario.end()
  })
})

describe('a host that does not name a cluster, with a way from ids to endpoints', () => {
  const patternOf = (endpoint: string) => `?.${endpoint.split('.').slice(1).join('.')}`
  const HOSTS: {
    readonly [name: string]: () => { readonly host: string; readonly aurora: AuroraOptions }
  } = {
    'an address, and a pattern': () => {
      const { address, endpoint } = scenarios.cluster.writer
      return { host: address, aurora: { instanceEndpoint: patternOf(endpoint) } }
    },
    'an own domain, and a function': () => {
      const { cluster } = scenarios
      const host = 'db.shop.example'
      const lookup = alias(host, cluster.writerEndpoint)
      const instanceEndpoint = (id: string) => {
        return { host: cluster.instance(id).address, port: cluster.port }
      }
      return { host, aurora: { lookup, instanceEndpoint } }
    },
    'an instance endpoint, and discover': () => {
      return { host: scenarios.cluster.writer.endpoint, aurora: { discover: true } }
    },
  }

  it.each(Object.entries(HOSTS))('%s: a failover like any other', async (_, given) => {
    const { cluster } = scenarios
    const { host, aurora } = given()
    const scenario = await openOn(host, { aurora })
    expect(scenario.pool.aurora.stats().mode).toBe('cluster')
    // The instance that the host leads to is the one that goes, and stays away.
    await cluster.failover({ promoteMs: 200, detectMs: 50, returnMs: 600_000, dnsMs: 600_000 })
    await scenario.hears('failoverCompleted')
    await scenario.load.serve(3)
    expect(scenario.pool.aurora.topology?.writer?.id).toBe(cluster.writer.id)
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})

describe('the reader endpoint', () => {
  it('leads to readers only, before and after a failover, and no write waits for a writer', async () => {
    const { cluster } = scenarios
    const scenario = await openOn(cluster.readerEndpoint, { workers: false })
    const isReadOnly: number[] = []
    const endings: unknown[] = []
    let isOver = false
    const repeat = async (work: () => Promise<void>) => {
      while (!isOver) {
        await work()
        await pause(1)
      }
    }
    const load = Promise.all([
      ...Array.from({ length: 6 }, () =>
        repeat(async () => void isReadOnly.push((await whereIs(scenario)).isReadOnly)),
      ),
      repeat(async () => {
        const ending = await write(scenario)
        endings.push(ending === 'acknowledged' ? ending : ending.error.code)
      }),
    ])
    await eventually('some were answered', () => isReadOnly.length > 20 && endings.length > 3)
    expect(isReadOnly).not.toContain(0)
    expect(new Set(endings)).toEqual(new Set(['ER_OPTION_PREVENTS_STATEMENT']))
    const { id } = cluster.writer
    try {
      await cluster.failover({ promoteMs: 200, detectMs: 50, returnMs: 300 })
      await eventually('the former writer serves, the new one does not', () => {
        const { instances } = scenario.pool.aurora.stats()
        const known = instances.filter((each) => each.id !== '(endpoint)')
        return known.some((each) => each.id === id && each.open > 0) && known.length === 2
      })
    } finally {
      isOver = true
      await load
    }
    // What was sent to the reader in the moment in which it became the writer was cut, or took effect.
    const allowed = ['ER_OPTION_PREVENTS_STATEMENT', 'ECONNRESET', 'acknowledged']
    expect(endings.filter((ending) => !allowed.includes(String(ending)))).toEqual([])
    for (let turn = 0; turn < 20; turn++) expect((await whereIs(scenario)).isReadOnly).toBe(1)
    expect(await write(scenario)).toMatchObject({ error: { errno: 1290 } })
    await scenario.end()
  })
})

describe('a secondary cluster, which has no writer at all', () => {
  async function secondary(run: (scenario: Scenario) => Promise<void>): Promise<void> {
    const { cluster } = scenarios
    // Its primary is elsewhere: out of reach here, and in nobody's table.
    const heals = [await cluster.inject({ type: 'no-writer' })]
    heals.push(await cluster.inject({ type: 'crash' }))
    const names = new Map([[cluster.writerEndpoint, String(cluster.readers[0]?.address)]])
    const lookup = lookupWith(cluster, names)
    try {
      await run(
        await openOn(cluster.writerEndpoint, {
          aurora: { lookup },
          workers: false,
          isReady: false,
        }),
      )
    } finally {
      for (const heal of heals) await heal()
    }
  }

  it('refuses writes at once, with the error of the server', () =>
    secondary(async (scenario) => {
      const failures = [await write(scenario), await write(scenario)]
      await eventually(
        'the cluster is known',
        () => scenario.pool.aurora.stats().mode === 'cluster',
      )
      failures.push(await write(scenario), await write(scenario))
      for (const failure of failures)
        expect(failure).toMatchObject({ ending: 'not-run', error: { errno: 1290 } })
      expect(scenario.pool.aurora.stats().failovers).toBe(0)
      await scenario.end()
    }))

  it('is ready, and can be refreshed', () =>
    secondary(async ({ pool }) => {
      await pool.aurora.ready()
      await pool.aurora.refresh()
      expect(pool.aurora.topology?.writer).toBeUndefined()
      expect(pool.aurora.stats().mode).toBe('cluster')
    }))

  it('serves reads when the instance behind its name dies, though somebody has tried to write', () =>
    secondary(async (scenario) => {
      const { cluster } = scenarios
      await write(scenario)
      await eventually(
        'the cluster is known',
        () => scenario.pool.aurora.stats().mode === 'cluster',
      )
      await write(scenario)
      const [first, second] = cluster.readers.filter(({ state }) => state === 'up')
      await cluster.crash(String(first?.id))
      for (let turn = 0; turn < 10; turn++) {
        expect((await whereIs(scenario)).id).toBe(second?.id)
        await write(scenario)
      }
      await scenario.end()
    }))
})

describe('an instanceEndpoint that throws', () => {
  it('is not waited for: the endpoint given serves alone, and that is said', async () => {
    const { cluster } = scenarios
    const instanceEndpoint = () => {
      throw new Error('there is no such instance')
    }
    const scenario = await openOn(cluster.writerEndpoint, {
      aurora: { instanceEndpoint },
      workers: false,
      isReady: false,
    })
    expect(await write(scenario)).toBe('acknowledged')
    await scenario.pool.aurora.ready()
    expect(scenario.pool.aurora.stats().mode).toBe('single')
    expect(scenario.events('discovered')).toHaveLength(1)
    await scenario.end()
  })
})
