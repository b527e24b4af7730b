import { createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 2 })
const heals: (() => Promise<unknown>)[] = []

// A busy machine answers late: the question has its time in full.
const limits = { ...AT_SCALE, questionTimeoutMs: 300 }
const LONG_S = (3 * AT_SCALE.condemnAfterMs) / 1_000
const LONG_READ = `/* aurora:reader */ SELECT SLEEP(${LONG_S})`

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
})

/** What keeps an instance from taking another connection while those that it has are served. */
const refusals: readonly (readonly [string, (id: string) => Promise<void>])[] = [
  [
    'takes no more connections',
    async (instance) => {
      heals.push(await scenarios.cluster.inject({ type: 'overload', instance, maxConnections: 0 }))
    },
  ],
  [
    'lets nobody log in any more',
    async () => {
      const { cluster } = scenarios
      const accounts = await cluster.query("SELECT User FROM mysql.user WHERE User LIKE 'app%'")
      const rotate = async (password: string): Promise<void> => {
        for (const { User } of accounts)
          await cluster.query(`ALTER USER '${User}' IDENTIFIED BY '${password}'`)
      }
      heals.push(() => rotate(cluster.connection.password))
      await rotate('another')
    },
  ],
]

const isRunning = ({ pool }: Scenario) =>
  eventually('it runs', () => pool.aurora.stats().instances.some(({ underWay }) => underWay > 0))

describe('a healthy instance that works on something long', () => {
  it.each(refusals)('and %s is not condemned: a reader', async (_, refuse) => {
    const { cluster } = scenarios
    const scenario = await scenarios.open({ aurora: limits, workers: false })
    await scenario.pool.aurora.ready()
    // Where the pool has no idle connection to ask on.
    const [reader] = cluster.readers
    const reading = scenario.pool.promise().query(LONG_READ)
    await isRunning(scenario)
    await refuse(String(reader?.id))
    await reading
    expect(scenario.events('instanceSuspected')).not.toEqual([])
    expect(scenario.events('instanceReachable')).toEqual([])
    expect(scenario.events('instanceFenced')).toEqual([])
    expect(scenario.events('statementRetried')).toEqual([])
  })

  it.each(refusals)('and %s is not condemned: one endpoint', async (_, refuse) => {
    const { cluster } = scenarios
    const pool = createAuroraPool({
      ...cluster.connection,
      host: cluster.writer.endpoint,
      aurora: { ...cluster.connection.aurora, ...limits },
    })
    try {
      await pool.aurora.ready()
      const heard: string[] = []
      pool.aurora.on('failoverStarted', () => heard.push('failoverStarted'))
      pool.aurora.on('instanceFenced', () => heard.push('instanceFenced'))
      const writing = pool.query(`DO SLEEP(${LONG_S})`)
      await eventually('it runs', () =>
        pool.aurora.stats().instances.some(({ underWay }) => underWay > 0),
      )
      await refuse(cluster.writer.id)
      await writing
      expect(heard).toEqual([])
    } finally {
      await pool.end()
    }
  })
})
