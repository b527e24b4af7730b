import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster, Fault } from 'aurora-mysql2-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, nothingIsLeft, pause, type Simulation, simulate } from '../simulation.js'

/** How long faults rain, per seed. */
const FIRE_MS = 5_000
const SEEDS = process.env.FIRE_SEED?.split(',').map(Number) ?? [1, 2]

let simulation: Simulation

afterEach(async () => {
  await simulation.closePools()
  await simulation.cluster.close()
})

/** Numbers from 0 up to, not including, 1; the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What the callers were told of each token that they wrote. */
type Told = 'acknowledged' | 'not-applied' | 'unknown'

class Load {
  readonly told = new Map<string, Told>()
  /** The work that wrote a token and how it failed, for whoever has to find out. */
  readonly why = new Map<string, string>()
  readonly readErrors: unknown[] = []
  readonly oddErrors: unknown[] = []
  reads = 0
  isOver = false
  #count = 0
  readonly #pool: AuroraPool
  readonly #random: () => number

  constructor(pool: AuroraPool, random: () => number) {
    this.#pool = pool
    this.#random = random
  }

  async run(): Promise<void> {
    await Promise.all([
      ...Array.from({ length: 4 }, () => this.#again(() => this.#write())),
      ...Array.from({ length: 2 }, () => this.#again(() => this.#transaction())),
      ...Array.from({ length: 6 }, () => this.#again(() => this.#read())),
      ...Array.from({ length: 2 }, () => this.#again(() => this.#session())),
    ])
  }

  async #again(work: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      await work()
      await pause(this.#random() * 4)
    }
  }

  #token(): string {
    return `t${++this.#count}`
  }

  #hear(tokens: readonly string[], error?: unknown): void {
    let told: Told = 'acknowledged'
    if (error !== undefined) {
      const { aurora } = error as { aurora?: { outcome?: string } }
      told = aurora?.outcome === 'unknown' ? 'unknown' : 'not-applied'
    }
    for (const token of tokens) {
      this.told.set(token, told)
      if (error !== undefined) this.why.set(token, describeError(error))
    }
  }

  async #write(): Promise<void> {
    const token = this.#token()
    const execute = this.#random() < 0.5
    const sql = 'INSERT INTO ledger (token) VALUES (?)'
    await (execute ? this.#pool.execute(sql, [token]) : this.#pool.query(sql, [token])).then(
      () => this.#hear([token]),
      (error: unknown) => this.#hear([token], error),
    )
  }

  async #transaction(): Promise<void> {
    const tokens = [this.#token(), this.#token()]
    const session = await this.#pool.getConnection().catch(() => undefined)
    if (session === undefined) return
    try {
      await session.beginTransaction()
      for (const token of tokens)
        await session.query('INSERT INTO ledger (token) VALUES (?)', [token])
      await session.commit()
      this.#hear(tokens)
    } catch (error) {
      this.#hear(tokens, error)
      await session.rollback().catch(() => {})
    } finally {
      session.release()
    }
  }

  async #read(): Promise<void> {
    try {
      const [rows] = await this.#pool.query('SELECT COUNT(*) AS tokens FROM ledger')
      if (!Array.isArray(rows) || rows.length !== 1) this.oddErrors.push(rows)
      this.reads++
    } catch (error) {
      this.readErrors.push(error)
    }
  }

  /** Sets something, reads, writes, and now and then walks away without a word. */
  async #session(): Promise<void> {
    const session = await this.#pool.getConnection().catch(() => undefined)
    if (session === undefined) return
    const token = this.#token()
    try {
      await session.query("SET time_zone = '+02:00'")
      const [rows] = await session.query('SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP()) AS zone')
      const zone = (rows as { zone: string }[])[0]?.zone
      if (zone !== '02:00:00') this.oddErrors.push(`a session lost what it had set: ${zone}`)
      await session.query('INSERT INTO ledger (token) VALUES (?)', [token]).then(
        () => this.#hear([token]),
        (error: unknown) => this.#hear([token], error),
      )
    } catch {
      // A read of a session may end with its connection.
    } finally {
      if (this.#random() < 0.2) session.destroy()
      else session.release()
    }
  }
}

function describeError(error: unknown): string {
  const { message, code, aurora, sql } = error as Error & Record<string, unknown>
  return JSON.stringify({ message, code, aurora, sql, stack: (error as Error).stack })
}

/** One fault after another, healed after a while, until the time is over. */
async function fire(cluster: Cluster, random: () => number): Promise<string[]> {
  const told: string[] = []
  const untilMs = performance.now() + FIRE_MS
  while (performance.now() < untilMs) {
    const fault = nextFault(cluster, random)
    told.push(JSON.stringify(fault))
    const healing = cluster.inject(fault)
    await pause(50 + random() * 400)
    const heal = await healing
    if (fault.type !== 'demote-in-place') await heal()
    await pause(random() * 200)
  }
  for (const { id, state } of cluster.instances)
    if (state === 'down' || state === 'hung') await cluster.restart(id)
  return told
}

function nextFault(cluster: Cluster, random: () => number): Fault {
  const any = () => String(cluster.instances[Math.floor(random() * cluster.instances.length)]?.id)
  const reader = () =>
    String(cluster.readers[Math.floor(random() * cluster.readers.length)]?.id ?? any())
  const quick = { detectMs: 50, promoteMs: 150, dnsMs: 400, staleMs: 60, returnMs: 150 }
  const faults: readonly (() => Fault)[] = [
    () => ({ type: 'failover', how: 'crash', ...quick }),
    () => ({ type: 'failover', how: 'hang', ...quick }),
    () => ({ type: 'failover', how: 'planned', ...quick }),
    () => ({ type: 'demote-in-place' }),
    () => ({ type: 'zero-downtime-restart', instance: any() }),
    () => ({ type: 'crash', instance: reader() }),
    () => ({ type: 'hang', instance: reader() }),
    () => ({ type: 'crash' }),
    () => ({ type: 'reset', instance: any() }),
    () => ({ type: 'refuse', instance: any() }),
    () => ({ type: 'slow', instance: any(), delayMs: 30 }),
    () => ({ type: 'overload', instance: any(), maxConnections: 2 }),
    () => ({ type: 'stale-view', instance: any() }),
    () => ({ type: 'two-writers' }),
    () => ({ type: 'no-writer' }),
    () => ({ type: 'ghost-row' }),
    () => ({ type: 'deny-topology', instance: any() }),
    () => ({ type: 'empty-topology', instance: any() }),
    () => ({ type: 'dns-down' }),
    () => ({ type: 'reader-added' }),
  ]
  return (faults[Math.floor(random() * faults.length)] as () => Fault)()
}

describe.each(SEEDS)('random faults under a mixed load, seed %i', (seed) => {
  it('lose nothing, double nothing, and every statement ends', async () => {
    simulation = await simulate()
    const { cluster } = simulation
    await cluster.query('CREATE TABLE app.ledger (token VARCHAR(20), KEY (token))')
    const rejections: unknown[] = []
    const hear = (error: unknown) => rejections.push(error)
    process.on('unhandledRejection', hear)
    const pool = await simulation.readyPool({
      connectionLimit: 6,
      aurora: { consistency: 'eventual', overloadWaitMs: 1_000 },
    })
    const sockets: { readonly destroyed: boolean }[] = []
    pool.on('connection', (connection) => {
      sockets.push((connection as unknown as { stream: { destroyed: boolean } }).stream)
    })
    const load = new Load(pool, randomFrom(seed + 1_000))
    const running = load.run()
    const faults = await fire(cluster, randomFrom(seed))
    await pool.query('INSERT INTO ledger (token) VALUES (?)', ['last'])
    load.isOver = true
    const ended = await Promise.race([
      running.then(() => 'ended'),
      pause(25_000).then(() => 'hangs'),
    ])
    expect(ended, faults.join('\n')).toBe('ended')

    const rows = await cluster.query(
      'SELECT token, COUNT(*) AS times FROM app.ledger GROUP BY token',
    )
    const times = new Map(rows.map(({ token, times: count }) => [String(token), Number(count)]))
    const wrong: string[] = []
    for (const [token, told] of load.told) {
      const count = times.get(token) ?? 0
      if (count > 1) wrong.push(`${token} (${told}) is there ${count} times`)
      if (told === 'acknowledged' && count === 0)
        wrong.push(`${token} was acknowledged and is lost`)
      if (told === 'not-applied' && count > 0)
        wrong.push(`${token} was said to have failed and is there: ${load.why.get(token)}`)
    }
    expect(wrong, faults.join('\n')).toEqual([])
    expect(load.oddErrors, faults.join('\n')).toEqual([])
    expect(rejections).toEqual([])
    await eventually('nothing is left', () => nothingIsLeft(pool))
    expect(load.reads).toBeGreaterThan(100)
    await pool.end()
    await eventually('all sockets are closed', () => sockets.every(({ destroyed }) => destroyed))
    process.off('unhandledRejection', hear)
  })
})
