import type { AuroraPool } from 'aurora-mysql2/promise'
import fc from 'fast-check'
import type { PoolConnection } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  eventually,
  nothingIsLeft,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'

const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')
const RUNS = SCALE >= 1 ? 60 : 8
const SESSIONS = 50

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query(
    'CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))',
  )
})

afterEach(() => simulation.closePools())

const READ = 'SELECT COUNT(*) AS notes FROM app.note'
const WRITE = "INSERT INTO app.note (text) VALUES ('x')"

/** What a session may do between its opening and its release. */
const ACTS = {
  read: (session) => session.query(READ),
  execute: (session) => session.execute('SELECT COUNT(*) AS notes FROM app.note WHERE id > ?', [0]),
  write: (session) => session.query(WRITE),
  set: (session) => session.query("SET time_zone = '+02:00'"),
  pin: (session) => session.query('SET @mine = 1'),
  ping: (session) => session.ping(),
  transaction: async (session) => {
    await session.beginTransaction()
    await session.query(WRITE)
    await session.query(READ)
    await session.commit()
  },
  'read-only transaction': async (session) => {
    await session.query('START TRANSACTION READ ONLY')
    await session.query(READ)
    await session.query('COMMIT')
  },
  'open transaction': async (session) => {
    await session.beginTransaction()
    await session.query(READ)
  },
  unawaited: async (session) => {
    void session.query(READ)
    void session.query(WRITE)
  },
  mistake: (session) => session.query('SELEKT').catch(() => {}),
} satisfies Record<string, (session: PoolConnection) => Promise<unknown>>

type Act = keyof typeof ACTS

async function act(pool: AuroraPool, acts: readonly Act[]): Promise<void> {
  const session = await pool.getConnection()
  for (const each of acts) await ACTS[each](session)
  session.release()
}

describe(`${SESSIONS} sessions on one connection per instance`, () => {
  it('all come to their end, whatever they do, and leave nothing', async () => {
    const acts = fc.array(fc.constantFrom(...(Object.keys(ACTS) as Act[])), { maxLength: 6 })
    const sessions = fc.array(acts, { minLength: SESSIONS, maxLength: SESSIONS })
    await fc.assert(
      fc.asyncProperty(sessions, fc.boolean(), async (all, isInContext) => {
        const pool = await simulation.readyPool({ connectionLimit: 1 })
        const run = () => Promise.all(all.map((each) => act(pool, each)))
        await Promise.all([
          isInContext ? pool.aurora.session(run) : run(),
          ...Array.from({ length: 20 }, (_, n) => pool.query(n % 2 ? READ : WRITE)),
        ])
        await eventually('nothing is left', () => nothingIsLeft(pool))
        for (const { open } of pool.aurora.stats().instances) expect(open).toBeLessThanOrEqual(1)
        await simulation.closePools()
      }),
      { numRuns: RUNS, timeout: 30_000 },
    )
  })
})
