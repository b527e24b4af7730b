import type { AuroraOptions } from 'aurora-mysql2'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { Ledger } from './ledger.js'
import { lookupWith } from './readers-forwarder.js'
import { makeWriter, NOTHING_WRONG, Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 3, tls: true })
const heals: (() => Promise<void>)[] = []

/** Handshakes with one instance in a second that are no loop. */
const BEARABLE_PER_SECOND = 4

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
  await makeWriter(scenarios.cluster, 'instance-1')
})

/** A pool that verifies who it speaks to, under load. */
async function open(aurora: AuroraOptions = {}, workers?: false): Promise<Scenario> {
  const { simulation, cluster } = scenarios
  const ssl = { ca: String(cluster.ca), verifyIdentity: true }
  const mysql = { ssl, multipleStatements: false }
  const ledger = await Ledger.open(cluster, `certified_${++count}`)
  const scenario = new Scenario(simulation, ledger, { mysql, aurora })
  await scenario.pool.aurora.ready()
  if (workers !== false) {
    scenario.load.start()
    await scenario.load.serve(2)
  }
  return scenario
}
let count = 0

/** A look-up by which the name of one instance leads to another. */
function misled(of: string, to: string) {
  const { cluster } = scenarios
  return lookupWith(
    cluster,
    new Map([[cluster.instance(of).endpoint, cluster.instance(to).address]]),
  )
}

describe('with verified identity', () => {
  it.each(['crash', 'hang', 'planned'] as const)(
    'a failover (%s) goes by cached addresses, with DNS away',
    async (how) => {
      const scenario = await open()
      const { cluster, load } = scenario
      heals.push(await cluster.inject({ type: 'dns-down' }))
      await cluster.failover({ how, to: 'instance-2', promoteMs: 250, detectMs: 75, returnMs: 250 })
      // A promotion that comes before anybody missed the writer opens no episode.
      await scenario.hears('writerPromoted')
      await load.serve(3)
      expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
    },
  )

  it('every connection is encrypted, the monitor too', async () => {
    const scenario = await open()
    const { pool } = scenario
    const [rows] = await pool
      .promise()
      .query('/* aurora:writer */ SELECT COUNT(*) AS n FROM app.number WHERE id > 0')
    expect(rows).toHaveLength(1)
    const sockets: boolean[] = []
    pool.on('connection', (connection) => {
      const { stream } = connection as unknown as { stream: { encrypted?: boolean } }
      sockets.push(stream.encrypted === true)
    })
    for (const { id } of scenario.cluster.instances)
      await scenario.cluster.inject({ type: 'reset', instance: id })
    await eventually('connections were opened anew', () => sockets.length > 2)
    expect(sockets).not.toContain(false)
    await scenario.end()
  })
})

describe('a certificate for another name', () => {
  it('on a reader: nothing is read there, no read fails, and it is not tried in a loop', async () => {
    const lookup = misled('instance-2', 'instance-3')
    const scenario = await open({ lookup, consistency: 'eventual' }, false)
    const { cluster, pool } = scenario
    const startedMs = performance.now()
    const before = cluster.instance('instance-3').counters.connectionsAccepted
    for (let turn = 0; turn < 200; turn++) {
      await pool.promise().query('SELECT COUNT(*) AS n FROM app.number')
    }
    const seconds = Math.max(1, (performance.now() - startedMs) / 1_000)
    const accepted = cluster.instance('instance-3').counters.connectionsAccepted - before
    expect(accepted / seconds).toBeLessThanOrEqual(BEARABLE_PER_SECOND)
    const reachable = pool.aurora.stats().instances.filter(({ isReachable }) => isReachable)
    expect(reachable.map(({ id }) => id)).not.toContain('instance-2')
    await scenario.end()
  })

  it('on the new writer: nothing is written there, whoever waits hears of it, and it is not tried in a loop', async () => {
    const { cluster } = scenarios
    const lookup = misled('instance-2', 'instance-3')
    const scenario = await open({ lookup, failoverTimeoutMs: 2_000 }, false)
    const { pool, ledger } = scenario
    const write = () =>
      ledger.keep('query', (unit) => {
        const { sql, values } = ledger.insert(unit)
        return pool.promise().query(sql, [...values])
      })
    expect(await write()).toBe('acknowledged')
    const startedMs = performance.now()
    const before = cluster.instance('instance-3').counters.connectionsAccepted
    const writes = cluster.instance('instance-2').counters.writes
    await cluster.failover({ to: 'instance-2', promoteMs: 100, detectMs: 50, returnMs: 100 })
    const failure = await write()
    expect(failure).toMatchObject({ ending: 'not-run' })
    const { error } = failure as { readonly error: Error & { code?: string; cause?: unknown } }
    expect(said(error)).toContain('HANDSHAKE_SSL_ERROR')
    expect(cluster.instance('instance-2').counters.writes).toBe(writes)
    const accepted = cluster.instance('instance-3').counters.connectionsAccepted - before
    const seconds = Math.max(2, (performance.now() - startedMs) / 1_000)
    expect(accepted / seconds).toBeLessThanOrEqual(BEARABLE_PER_SECOND)
    await scenario.end()
  })

  /** The codes of an error and of its causes. */
  function said(error: { code?: string; cause?: unknown }): readonly unknown[] {
    const cause = error.cause as { code?: string; cause?: unknown } | undefined
    return [error.code, ...(cause === undefined ? [] : said(cause))]
  }
})
