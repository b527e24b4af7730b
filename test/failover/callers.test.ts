import { getEventListeners } from 'node:events'
import type { AuroraPool, StatementOptions } from 'aurora-mysql2'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { type Scenario, useScenarios } from './scenario.js'

const scenarios = useScenarios({ instances: 2 })
const heals: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const heal of heals.splice(0)) await heal()
})

/** Takes the writer away, with nobody promoted; resolves when the pool has noticed. */
async function loseWriter({ pool, cluster }: Scenario): Promise<string> {
  const { id } = cluster.writer
  await cluster.crash(id)
  await eventually('the writer is looked for', () => pool.aurora.stats().isFailingOver)
  return id
}

/** Writes one row by the pool, with these options. */
function write({ ledger, pool }: Scenario, kind: string, aurora: StatementOptions = {}) {
  return ledger.keep(kind, (unit) => {
    const { sql, values } = ledger.insert(unit)
    return pool.promise().query({ sql, values: [...values], aurora })
  })
}

const isWaiting = (pool: AuroraPool, count: number) => () => pool.aurora.stats().waiting === count

describe('a queue that is full', () => {
  it('refuses the newcomer at once; those in it run when there is a writer again', async () => {
    const room = 5
    const scenario = await scenarios.open({ workers: false, aurora: { maxWaiting: room } })
    const { pool, cluster, ledger } = scenario
    const id = await loseWriter(scenario)
    const first = Array.from({ length: room }, () => write(scenario, 'first'))
    await eventually('the queue is full', isWaiting(pool, room))
    const refused = await Promise.all(Array.from({ length: 20 }, () => write(scenario, 'late')))
    for (const each of refused) {
      expect(each).toMatchObject({ ending: 'not-run', error: { code: 'ERR_AURORA_QUEUE_FULL' } })
    }
    expect(pool.aurora.stats().waiting).toBe(room)
    await cluster.restart(id)
    expect(await Promise.all(first)).toEqual(Array(room).fill('acknowledged'))
    const rows = await cluster.query(`SELECT unit FROM ${ledger.table}`)
    expect(rows).toHaveLength(room)
    await scenario.end()
  })

  it('lets reads pass', async () => {
    const scenario = await scenarios.open({ workers: false, aurora: { maxWaiting: 0 } })
    await loseWriter(scenario)
    expect(await write(scenario, 'late')).toMatchObject({ ending: 'not-run' })
    await scenario.pool.promise().query('SELECT id FROM app.number')
    await scenario.end()
  })
})

describe('a wait that its caller ends', () => {
  /** Ways to make a statement for the writer wait; each gives back how to let it go on. */
  const OBSTACLES: {
    readonly [name: string]: (scenario: Scenario) => Promise<() => Promise<void>>
  } = {
    'for a writer': async (scenario) => {
      const id = await loseWriter(scenario)
      return () => scenario.cluster.restart(id)
    },
    'for a connection that others use': async ({ pool }) => {
      const session = await pool.promise().getConnection()
      await session.beginTransaction()
      return async () => session.release()
    },
    'for a connection to a writer that takes no more': async ({ cluster }) => {
      await eventually(
        'only the monitor is left',
        () => cluster.writer.counters.connectionsOpen < 2,
      )
      const heal = await cluster.inject({ type: 'overload', maxConnections: 0 })
      return heal
    },
    'for a connection to a writer that says nothing': async ({ cluster }) => {
      const { id } = cluster.writer
      await cluster.hang(id)
      return () => cluster.restart(id)
    },
  }

  describe.each(Object.entries(OBSTACLES))('%s', (_, obstruct) => {
    const options = {
      workers: false,
      connectionLimit: 1,
      aurora: { overloadWaitMs: 20_000, checkIdleAfterMs: 600_000 },
    } as const

    it('by waitMs', async () => {
      const scenario = await scenarios.open(options)
      const clear = await obstruct(scenario)
      heals.push(clear)
      const failure = await write(scenario, 'late', { waitMs: 100 })
      expect(failure).toMatchObject({ ending: 'not-run' })
      await afterwards(scenario, clear)
    })

    it('by a signal', async () => {
      const scenario = await scenarios.open(options)
      const clear = await obstruct(scenario)
      heals.push(clear)
      const { signal, abort } = controller()
      const waiting = write(scenario, 'late', { signal })
      await eventually('it waits', () => scenario.pool.aurora.stats().active === 1)
      const reason = new Error('the request was closed')
      abort(reason)
      expect(await waiting).toMatchObject({
        ending: 'not-run',
        error: { code: 'ERR_AURORA_ABORTED', cause: reason },
      })
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
      await afterwards(scenario, clear)
    })

    it('by nobody: its signal is forgotten when it has run', async () => {
      const scenario = await scenarios.open(options)
      const clear = await obstruct(scenario)
      heals.push(clear)
      const { signal } = controller()
      const waiting = write(scenario, 'next', { signal })
      await eventually('it waits', () => scenario.pool.aurora.stats().active === 1)
      await clear()
      expect(await waiting).toBe('acknowledged')
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
      await scenario.end()
    })

    it('by a signal given before', async () => {
      const scenario = await scenarios.open(options)
      const clear = await obstruct(scenario)
      heals.push(clear)
      const failure = await write(scenario, 'late', { signal: AbortSignal.abort() })
      expect(failure).toMatchObject({ ending: 'not-run', error: { code: 'ERR_AURORA_ABORTED' } })
      await afterwards(scenario, clear)
    })
  })

  /** Nothing is left of it, nothing runs when it could, and the pool serves. */
  async function afterwards(scenario: Scenario, clear: () => Promise<void>): Promise<void> {
    await eventually('it is gone', () => scenario.pool.aurora.stats().active === 0)
    await clear()
    expect(await write(scenario, 'next')).toBe('acknowledged')
    const rows = await scenario.cluster.query(`SELECT unit FROM ${scenario.ledger.table}`)
    expect(rows.map(({ unit }) => String(unit).split('-')[0])).toEqual(['next'])
    await scenario.end()
  }

  function controller() {
    const own = new AbortController()
    return { signal: own.signal, abort: (reason: Error) => own.abort(reason) }
  }
})

describe('a transaction that its caller gives up', () => {
  it.each(['waitMs', 'signal'] as const)('by %s, while it waits for a writer', async (by) => {
    const scenario = await scenarios.open({ workers: false })
    const { pool, cluster, ledger } = scenario
    const id = await loseWriter(scenario)
    let runs = 0
    const { signal } = by === 'signal' ? { signal: AbortSignal.timeout(80) } : {}
    const ending = await ledger.keep('transaction', (unit) =>
      pool.transaction(
        async (tx) => {
          runs++
          const { sql, values } = ledger.insert(unit)
          await tx.query(sql, [...values])
        },
        signal === undefined ? { waitMs: 80 } : { signal },
      ),
    )
    const code = by === 'signal' ? 'ERR_AURORA_ABORTED' : 'ERR_AURORA_NO_WRITER'
    expect(ending).toMatchObject({ error: { code } })
    await cluster.restart(id)
    expect(await write(scenario, 'next')).toBe('acknowledged')
    expect(runs).toBe(0)
    if (signal !== undefined) expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await scenario.end()
    expect(await ledger.audit(cluster)).toMatchObject({ lost: [], doubled: [], denied: [] })
  })
})

describe('a pool that ends in the middle of a failover', () => {
  it.each(['end', 'drain'] as const)(
    'by %s(): whoever waits hears of it, and nothing is done afterwards',
    async (how) => {
      const scenario = await scenarios.open()
      const { pool, cluster, ledger } = scenario
      const id = await loseWriter(scenario)
      await eventually('somebody waits', () => pool.aurora.stats().waiting > 0)
      const timeoutMs = 200
      const ended = how === 'end' ? pool.promise().end() : pool.aurora.drain({ timeoutMs })
      await ended
      expect(pool.aurora.stats()).toMatchObject({ active: 0, waiting: 0, isFailingOver: false })
      await scenario.load.stop()
      const before = await rowsOf(scenario)
      const accepted = cluster.instances.map(({ counters }) => counters.connectionsAccepted)
      await cluster.restart(id)
      // Longer than any interval or back-off of the driver.
      await pause(1_200)
      expect(await rowsOf(scenario)).toBe(before)
      expect(cluster.instances.map(({ counters }) => counters.connectionsAccepted)).toEqual(
        accepted,
      )
      expect(cluster.instances.map(({ counters }) => counters.connectionsOpen)).toEqual([0, 0])
      expect(await ledger.audit(cluster)).toMatchObject({
        lost: [],
        doubled: [],
        halves: [],
        denied: [],
      })
    },
  )

  async function rowsOf({ cluster, ledger }: Scenario): Promise<number> {
    const [row] = await cluster.query(`SELECT COUNT(*) AS units FROM ${ledger.table}`)
    return Number(row?.units)
  }
})
