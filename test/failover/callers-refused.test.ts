import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { Forwarder, lookupWith } from './readers-forwarder.js'
import { useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 2 })
let network: Forwarder | undefined

afterEach(() => network?.close())

describe('a write that the former writer has refused', () => {
  it.each([1, 3])('runs on the new one, though %d connects to that fail', async (count) => {
    const { cluster } = scenarios
    const next = String(cluster.readers[0]?.id)
    network = await Forwarder.open(cluster.instance(next))
    const names = new Map([[cluster.instance(next).endpoint, network.address]])
    const scenario = await scenarios.open({
      workers: false,
      // No connection to the reader is open when it is promoted.
      aurora: { consistency: 'writer', lookup: lookupWith(cluster, names) },
    })
    const { pool, ledger } = scenario
    const write = () =>
      ledger.keep('query', (unit) => {
        const { sql, values } = ledger.insert(unit)
        return pool.promise().query(sql, [...values])
      })
    expect(await write()).toBe('acknowledged')
    // After the monitor has its connection, and before the statement opens its own.
    pool.aurora.once('writerPromoted', () => network?.resetNext(count))
    await cluster.demote({ to: next })
    const endings = await Promise.all([write(), write()])
    expect(endings).toEqual(['acknowledged', 'acknowledged'])
    await eventually('it is known', () => pool.aurora.topology?.writer?.id === next)
    await scenario.end()
    expect(await ledger.audit(cluster)).toMatchObject({ lost: [], doubled: [], denied: [] })
  })
})
