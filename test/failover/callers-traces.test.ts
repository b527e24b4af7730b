import { channel } from 'node:diagnostics_channel'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AuroraEventName } from 'aurora-mysql2'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { AT_SCALE, NOTHING_WRONG, useScenarios } from './scenario.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const scenarios = useScenarios({ instances: 3, timings: { dnsMs: 50 } })

afterEach(async () => {
  const { cluster } = scenarios
  await eventually('all are up', () => cluster.instances.every(({ state }) => state === 'up'))
})

const soon = { promoteMs: 100, detectMs: 30, returnMs: 50 } as const

describe('a pool that is ended by a listener of its own', () => {
  const EVENTS: readonly AuroraEventName[] = [
    'failoverStarted',
    'instanceFenced',
    'instanceAsked',
    'statementWaiting',
    'statementRetried',
    'topologyChanged',
    'writerPromoted',
    'failoverCompleted',
  ]

  it.each(EVENTS)('in the middle of %s: everything ends', async (name) => {
    const scenario = await scenarios.open()
    const { pool, cluster, load, ledger } = scenario
    let isHeard = false
    const ended = new Promise<void>((resolve) => {
      pool.aurora.once(name, () => {
        isHeard = true
        pool.end(() => resolve())
      })
    })
    // Not every failover has every event: whether a statement has to run again is a matter of luck.
    while (!isHeard) {
      await cluster.failover(soon)
      await eventually('all are up', () => cluster.instances.every(({ state }) => state === 'up'))
    }
    await ended
    await load.stop()
    expect(pool.aurora.stats()).toMatchObject({ active: 0, waiting: 0, isFailingOver: false })
    expect(await ledger.audit(cluster)).toMatchObject({
      lost: [],
      doubled: [],
      halves: [],
      denied: [],
    })
  })
})

describe('a pool that has ended in the middle of a failover', () => {
  it.each(['crash', 'hang', 'planned'] as const)('(%s) is held by nothing', async (how) => {
    const { cluster } = scenarios
    const { connection } = cluster
    /** Nothing of the pool is on the stack when this has returned. */
    const useOne = async () => {
      const pool = createAuroraPool({
        ...connection,
        aurora: { ...connection.aurora, ...AT_SCALE },
      })
      await pool.aurora.ready()
      const { signal } = new AbortController()
      const promoted = cluster.failover({ ...soon, how })
      await pause(60)
      const work = Promise.allSettled([
        pool.query('SELECT COUNT(*) FROM app.number'),
        pool.query({ sql: 'DELETE FROM app.number WHERE id < 0', aurora: { signal } }),
        pool.aurora.session(() => pool.execute('DELETE FROM app.number WHERE id < ?', [0])),
      ])
      await pool.end()
      await work
      await promoted
      return new WeakRef(pool)
    }
    const pool = await useOne()
    await eventually('it is collected', async () => {
      await pause(50)
      collectGarbage()
      return pool.deref() === undefined
    })
    expect(channel('http.server.request.start').hasSubscribers).toBe(false)
  })
})

describe('a clock that jumps', () => {
  it.each([24, -24])('by %d hours, in calm and in a failover, is not noticed', async (hours) => {
    const scenario = await scenarios.open()
    const { cluster, load } = scenario
    const now = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + hours * 3_600_000)
    try {
      await load.serve(3)
      expect(scenario.events('failoverStarted')).toEqual([])
      await cluster.failover(soon)
      await scenario.hears('failoverCompleted')
      clock.mockRestore()
      await load.serve(3)
    } finally {
      clock.mockRestore()
    }
    expect(await scenario.verdict()).toEqual(NOTHING_WRONG)
  })
})
