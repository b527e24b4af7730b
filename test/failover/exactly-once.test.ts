import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { type Cluster, startCluster } from 'aurora-mysql2-simulator'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, pause } from '../../packages/driver/test/simulation.js'
import { type CommitFault, CommitTrap } from './commit-trap.js'
import { IS_FULL_LENGTH } from './scenario.js'

const FAULTS: readonly CommitFault[] = ['before', 'during', 'after', 'left-open', 'late']

/** What happens to the writer as soon as a COMMIT is hit. */
const LOSSES = {
  crash: () => cluster.failover({ how: 'crash' }),
  planned: () => cluster.failover({ how: 'planned' }),
  hang: () => cluster.failover({ how: 'hang' }),
  demotion: () => cluster.demote(),
} as const

type Loss = keyof typeof LOSSES

/** A fault alone, followed by itself, and by the one that ends last. */
const ROWS: readonly (readonly CommitFault[])[] = IS_FULL_LENGTH
  ? FAULTS.flatMap((fault) => [[fault], [fault, fault], [fault, 'late'] as const])
  : [['left-open', 'left-open'], ['during'], ['late', 'late']]

let cluster: Cluster
let pool: AuroraPool
let trap: CommitTrap
/** What becomes of the next COMMITs, in order; then all pass. */
let next: (CommitFault | undefined)[] = []
let choose = (): CommitFault | undefined => next.shift()

beforeAll(async () => {
  cluster = await startCluster({
    instances: 3,
    storage: 'mysqld',
    timings: {
      detectMs: 50,
      promoteMs: 150,
      dnsMs: 400,
      returnMs: 400,
      staleMs: 20,
      refreshMs: 20,
    },
  })
  await cluster.query('CREATE TABLE app.entry (id INT NOT NULL, KEY (id))')
  trap = new CommitTrap(() => choose())
  await trap.open(cluster)
  pool = createAuroraPool({
    ...cluster.connection,
    connectionLimit: 8,
    aurora: {
      ...cluster.connection.aurora,
      instanceEndpoint: trap.endpointOf,
      urgentIntervalMs: 20,
      refreshIntervalMs: 50,
      suspectAfterMs: 100,
      questionTimeoutMs: 60,
    },
  })
  await pool.aurora.ready()
})

afterAll(async () => {
  await pool.end()
  trap.close()
  await cluster.close()
})

beforeEach(async () => {
  next = []
  choose = () => next.shift()
  await cluster.query('DELETE FROM app.entry')
})

async function timesApplied(): Promise<Map<number, number>> {
  const rows = await cluster.query('SELECT id, COUNT(*) AS times FROM app.entry GROUP BY id')
  return new Map(rows.map(({ id, times }) => [Number(id), Number(times)]))
}

describe('without its table', () => {
  it('says how to make it', async () => {
    const failed = pool.transaction(() => {}, { exactlyOnce: true })
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_AURORA_TOKEN_TABLE',
      message: expect.stringContaining('CREATE TABLE aurora_mysql2_token (token BINARY(16)'),
    })
  })
})

describe('a COMMIT whose answer is lost', () => {
  beforeAll(async () => {
    const failed = await pool
      .transaction(() => {}, { exactlyOnce: true })
      .catch((error: Error) => error.message)
    const ddl = String(failed).slice(String(failed).indexOf('CREATE TABLE'))
    await cluster.query(ddl.replace('CREATE TABLE ', 'CREATE TABLE app.'))
  })

  it('surfaces as unknown, once, when nothing else was asked for', async () => {
    next = ['after']
    let runs = 0
    const failed = pool.transaction(async (tx) => {
      runs++
      await tx.query('INSERT INTO entry VALUES (1)')
    })
    await expect(failed).rejects.toMatchObject({ aurora: { outcome: 'unknown' } })
    expect(runs).toBe(1)
    expect(await timesApplied()).toEqual(new Map([[1, 1]]))
  })

  it.each(
    FAULTS.flatMap((first) => [undefined, ...FAULTS].map((second) => [first, second] as const)),
  )('is applied exactly once: %s, then %s', async (...faults) => {
    next = faults.filter((fault) => fault !== undefined)
    let runs = 0
    const value = await pool.transaction(
      async (tx) => {
        runs++
        await tx.query('INSERT INTO entry VALUES (7)')
        return runs
      },
      { exactlyOnce: true },
    )
    expect(await timesApplied()).toEqual(new Map([[7, 1]]))
    // The value belongs to the run that was committed, which is the last one.
    expect(value).toBe(runs)
  })

  it.each(
    (Object.keys(LOSSES) as Loss[]).flatMap((loss) => ROWS.map((row) => [loss, row] as const)),
  )('is applied exactly once: %s and %j', async (loss, faults) => {
    next = [...faults]
    let losing: Promise<unknown> | undefined
    choose = () => {
      const fault = next.shift()
      if (fault !== undefined) losing ??= LOSSES[loss]()
      return fault
    }
    let runs = 0
    const value = await pool.transaction(
      async (tx) => {
        runs++
        await tx.query('INSERT INTO entry VALUES (7)')
        return runs
      },
      { exactlyOnce: true },
    )
    expect(losing).toBeDefined()
    await losing
    expect(value).toBe(runs)
    await eventually('all are back', () => cluster.instances.every(({ state }) => state === 'up'))
    // What comes late has come.
    await pause(50)
    expect(await timesApplied()).toEqual(new Map([[7, 1]]))
  })

  // A thousand transactions take a busy machine more than a minute.
  const long = { timeout: 300_000 }

  it('is applied exactly once, a thousand times, through failovers', long, async () => {
    let seed = 20
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed / 2_147_483_648
    }
    choose = () => (random() < 0.4 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined)
    const count = 1_000
    const workers = 8
    let begun = 0
    let isOver = false
    const failovers = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, 700))
        if (!isOver) await cluster.failover({ how: random() < 0.5 ? 'crash' : 'planned' })
        if (!isOver) await cluster.until('instance-up')
      }
    })()
    const worker = async (): Promise<void> => {
      while (begun < count) {
        const id = begun++
        const returned = await pool.transaction(
          async (tx) => {
            await tx.query('INSERT INTO entry VALUES (?)', [id])
            return id
          },
          { exactlyOnce: true, maxAttempts: 50 },
        )
        expect(returned).toBe(id)
      }
    }
    await Promise.all(Array.from({ length: workers }, worker))
    isOver = true
    const applied = await timesApplied()
    const wrong = Array.from({ length: count }, (_, id) => [id, applied.get(id) ?? 0]).filter(
      ([, times]) => times !== 1,
    )
    expect(wrong).toEqual([])
    for (const fault of FAULTS) expect(trap.hits[fault]).toBeGreaterThan(20)
    await failovers
  })
})
