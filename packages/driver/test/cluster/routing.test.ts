import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, failureOf, type Simulation, simulate, whereIs } from '../simulation.js'

let simulation: Simulation
let cluster: Cluster

beforeAll(async () => {
  simulation = await simulate()
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
  await cluster.query('CREATE VIEW app.notes AS SELECT * FROM app.note')
  await cluster.query(
    'CREATE FUNCTION app.noted() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO app.note (text) VALUES (1); RETURN 1; END',
  )
})

beforeEach(() => cluster.query('DELETE FROM app.note'))

afterEach(() => simulation.closePools())

const WRITER = 'instance-1'
const write = "INSERT INTO note (text) VALUES ('x')"
const READ = 'SELECT COUNT(*) AS notes FROM note'

/** Statements that reached the writer, and those that reached readers. */
async function spread(work: () => Promise<unknown>): Promise<{ writer: number; readers: number }> {
  const before = simulation.counts()
  await work()
  let writer = 0
  let readers = 0
  for (const [id, { statements, topologyQuestions }] of Object.entries(
    simulation.countsSince(before),
  )) {
    if (id === WRITER) writer += statements - topologyQuestions
    else readers += statements - topologyQuestions
  }
  return { writer, readers }
}

/** Its questions are counted like statements: here it asks none. */
const quiet = { refreshIntervalMs: 600_000, consistency: 'eventual' } as const

describe('by its text', () => {
  it.each([
    'SELECT 1',
    READ,
    '  ( SELECT 1 ) UNION ALL ( SELECT 2 )',
    'WITH w AS (SELECT 1 AS a) SELECT * FROM w',
    '-- why\nSELECT COUNT(*) FROM notes',
    'EXPLAIN SELECT 1',
    "SELECT 'INSERT INTO note; FOR UPDATE' AS text",
  ])('goes to a reader: %s', async (sql) => {
    const pool = await simulation.readyPool({ aurora: quiet })
    expect(await spread(() => pool.query(sql))).toEqual({ writer: 0, readers: 1 })
    expect(await spread(() => pool.execute(sql))).toEqual({ writer: 0, readers: 1 })
  })

  it.each([
    write,
    'SELECT * FROM note FOR UPDATE',
    'SELECT * FROM note LOCK IN SHARE MODE',
    'SELECT * FROM (SELECT * FROM note FOR UPDATE) AS locked',
    'SELECT noted()',
    'SHOW TABLES',
    'SELECT COUNT(*) FROM information_schema.tables',
    '/*! INSERT INTO note (text) VALUES (1) */',
    'SELECT 1 INTO @x',
    'DO 1',
  ])('goes to the writer: %s', async (sql) => {
    const pool = await simulation.readyPool({ aurora: quiet })
    expect(await spread(() => pool.query(sql))).toEqual({ writer: 1, readers: 0 })
  })

  it('spreads reads over all readers', async () => {
    const pool = await simulation.readyPool({ aurora: quiet })
    const before = simulation.counts()
    await Promise.all(Array.from({ length: 60 }, () => pool.query('SELECT 1')))
    const counts = simulation.countsSince(before)
    expect(counts[WRITER]?.reads).toBe(0)
    for (const id of ['instance-2', 'instance-3']) expect(counts[id]?.reads).toBeGreaterThan(10)
  })

  it('sends them where answers have been quicker, and tries the other again', async () => {
    const pool = await simulation.readyPool({
      aurora: { ...quiet, balance: 'fastest' },
    })
    const shareOf = async (id: string) => {
      const before = simulation.counts()
      for (let turn = 0; turn < 20; turn++) await pool.query('SELECT 1')
      return simulation.countsSince(before)[id]?.reads ?? 0
    }
    const heal = await cluster.inject({ type: 'slow', instance: 'instance-2', delayMs: 60 })
    // One answer that was late for other reasons counts for a while.
    await eventually('it is spared', async () => (await shareOf('instance-2')) <= 4)
    await heal()
    await eventually('it serves again', async () => (await shareOf('instance-2')) > 4)
  })

  it.each(['round-robin', 'random'] as const)('spreads them by %s', async (balance) => {
    const pool = await simulation.readyPool({ aurora: { ...quiet, balance } })
    const seen = new Map<string, number>()
    for (let turn = 0; turn < 40; turn++) {
      const id = await whereIs(pool, { role: 'reader' })
      seen.set(id, (seen.get(id) ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).toEqual(['instance-2', 'instance-3'])
    if (balance === 'round-robin') expect([...seen.values()]).toEqual([20, 20])
  })

  it('is learnt from a reader that refuses: a view over a writing function goes to the writer', async () => {
    const pool = await simulation.readyPool({ aurora: quiet })
    await cluster.query('CREATE OR REPLACE VIEW app.sly AS SELECT app.noted() AS n')
    const sql = 'SELECT n FROM sly'
    await pool.query(sql)
    expect(await spread(() => pool.query(sql))).toEqual({ writer: 1, readers: 0 })
    const [row] = await cluster.query('SELECT COUNT(*) AS notes FROM app.note')
    expect(row?.notes).toBe(2)
    expect(pool.aurora.stats().failovers).toBe(0)
  })
})

async function count(pool: { query: AuroraPool['query'] }): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>(READ)
  return Number(rows[0]?.notes)
}

describe('what was written is read', () => {
  async function lagging(options: object = {}) {
    const heals = await Promise.all(
      ['instance-2', 'instance-3'].map((instance) =>
        cluster.inject({ type: 'lag', instance, lagMs: 700 }),
      ),
    )
    const pool = await simulation.readyPool({ aurora: options })
    const heal = () => Promise.all(heals.map((each) => each()))
    return { pool, heal }
  }

  it('by default: outside any context every write of the pool is seen', async () => {
    const { pool, heal } = await lagging()
    for (let turn = 1; turn <= 5; turn++) {
      await pool.query(write)
      expect(await count(pool)).toBe(turn)
    }
    expect(pool.aurora.stats().heldReads.consistency).toBeGreaterThan(0)
    await heal()
  })

  it('then readers serve again, as soon as one is known to have it', async () => {
    const { pool, heal } = await lagging()
    await pool.query(write)
    await heal()
    await eventually('a reader serves', async () => {
      const { readers } = await spread(() => count(pool))
      return readers > 0
    })
    expect(await count(pool)).toBe(1)
  })

  it('within session(fn): its own writes and those of nobody in particular', async () => {
    const { pool, heal } = await lagging()
    await pool.aurora.session(async () => {
      await pool.query(write)
      expect(await count(pool)).toBe(1)
    })
    await pool.query(write)
    await pool.aurora.session(async () => expect(await count(pool)).toBe(2))
    await heal()
  })

  it("another session's write holds up no read of this one", async () => {
    const { pool, heal } = await lagging()
    await pool.aurora.session(() => pool.query(write))
    const { writer } = await spread(() => pool.aurora.session(() => pool.query('SELECT 1')))
    expect(writer).toBe(0)
    await heal()
  })

  it('each incoming HTTP request is a session of its own', async () => {
    const { pool, heal } = await lagging()
    await pool.query('SELECT 1')
    const server = createServer((request, response) => {
      const work =
        request.url === '/write'
          ? pool.query(write).then(() => count(pool))
          : pool.query('SELECT 1').then(() => -1)
      work.then(
        (notes) => response.end(String(notes)),
        (error) => response.writeHead(500).end(String(error)),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ask = (path: string) =>
      new Promise<string>((resolve, reject) => {
        get({ port, path, agent: false }, (response) => {
          let body = ''
          response.on('data', (chunk) => {
            body += chunk
          })
          response.on('end', () => resolve(body))
        }).on('error', reject)
      })
    expect(await ask('/write')).toBe('1')
    const { writer } = await spread(() => ask('/read'))
    expect(writer).toBe(0)
    await new Promise((resolve) => server.close(resolve))
    await heal()
  })

  it("with 'pool': every read follows every write of this process", async () => {
    const { pool, heal } = await lagging({ consistency: 'pool' })
    await pool.aurora.session(() => pool.query(write))
    expect(await pool.aurora.session(() => count(pool))).toBe(1)
    await heal()
  })

  it("with 'eventual': readers serve what they have", async () => {
    const { pool, heal } = await lagging({ consistency: 'eventual' })
    await pool.query(write)
    expect(await spread(() => count(pool))).toMatchObject({ writer: 0 })
    await heal()
  })

  it("with 'writer': readers serve nothing", async () => {
    const pool = await simulation.readyPool({ aurora: { ...quiet, consistency: 'writer' } })
    expect(await spread(() => count(pool))).toEqual({ writer: 1, readers: 0 })
  })

  it('also when it was written in a transaction, by a procedure, or with an outcome that is not known', async () => {
    const { pool, heal } = await lagging()
    const session = await pool.getConnection()
    await session.beginTransaction()
    await session.query(write)
    await session.commit()
    session.release()
    expect(await count(pool)).toBe(1)
    await pool.query('DO noted()')
    expect(await count(pool)).toBe(2)
    await heal()
  })
})

describe('lag', () => {
  it('beyond maxLagMs keeps a reader out', async () => {
    const heal = await cluster.inject({ type: 'lag', instance: 'instance-2', lagMs: 5_000 })
    const pool = await simulation.readyPool({
      aurora: { consistency: 'eventual', maxLagMs: 1_000 },
    })
    await eventually('the lag is known', () =>
      (pool.aurora.topology?.readers ?? []).some(({ lagMs }) => (lagMs ?? 0) >= 5_000),
    )
    const seen = new Set<string>()
    for (let turn = 0; turn < 20; turn++) seen.add(await whereIs(pool, { role: 'reader' }))
    // On a busy machine what is known of lags grows old, and then the writer serves for a moment.
    await eventually('the other serves', async () => {
      seen.add(await whereIs(pool, { role: 'reader' }))
      return seen.has('instance-3')
    })
    expect(seen).not.toContain('instance-2')
    await heal()
  })

  it('may be bounded per statement, and then the writer serves', async () => {
    const pool = await simulation.readyPool({ aurora: { consistency: 'eventual' } })
    const { writer } = await spread(() => pool.query({ sql: 'SELECT 1', aurora: { maxLagMs: 0 } }))
    expect(writer).toBeGreaterThanOrEqual(1)
  })
})

describe('a role that was asked for', () => {
  it('reader: a write is refused by the reader, and nothing fails over', async () => {
    const pool = await simulation.readyPool({ aurora: quiet })
    const error = await failureOf(pool.query({ sql: write, aurora: { role: 'reader' } }))
    expect(error.errno).toBe(1290)
    expect(pool.aurora.stats().failovers).toBe(0)
  })
})
