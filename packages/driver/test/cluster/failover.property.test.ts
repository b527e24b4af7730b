import type { AuroraPool } from 'aurora-mysql2/promise'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { nothingIsLeft } from '../simulation.js'
import { listen } from '../watch-pool.js'
import { breakInTurn, type Fault, someFaults } from './scripted/break-in-turn.js'
import { openPool } from './scripted/open-pool.js'
import { passUntil, useVirtualTime } from './scripted/pass-time.js'
import { ScriptedCluster } from './scripted/scripted-cluster.js'

/** Stories per property. */
const RUNS = 60
/** Beyond every delay of the pool's own: what still has a timer then has forgotten it. */
const LONG_MS = 200_000

type Statement =
  | 'read'
  | 'write'
  | 'impatient write'
  | 'aborted write'
  | 'transaction'
  | 'destroyed'

/** What one caller was told of the tokens that it wrote. */
interface Told {
  readonly tokens: readonly string[]
  readonly outcome: 'acknowledged' | 'unknown' | 'not applied'
}

class Story {
  readonly cluster: ScriptedCluster
  readonly pool: AuroraPool
  hasEnded = false
  readonly told: Told[] = []
  readonly readErrors: unknown[] = []
  readonly #scheduler: fc.Scheduler
  readonly #events: ReturnType<typeof listen>
  #tokenCount = 0
  #underWay = 0

  constructor(scheduler: fc.Scheduler, instanceCount: number) {
    this.#scheduler = scheduler
    this.cluster = new ScriptedCluster(instanceCount, (name) => this.turn(name))
    this.pool = openPool(this.cluster, { connectionLimit: 3 })
    this.#events = listen(this.pool)
  }

  /** Its turn comes when the scheduler says so. */
  async turn(name: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), name)
  }

  /** Plays until `isOver`; a little time passes with each turn, more when nobody waits for one. */
  playUntil(what: string, isOver: () => boolean): Promise<void> {
    return passUntil(what, isOver, this.#scheduler)
  }

  /** Runs all of it, in any order, and ends the pool in the middle when told to. */
  async tell(
    statements: readonly Statement[],
    faults: readonly Fault[],
    ending?: 'is ended meanwhile',
  ): Promise<void> {
    let isReady = false
    void this.pool.aurora.ready().then(() => {
      isReady = true
    })
    await this.playUntil('the cluster is known', () => isReady)
    for (const statement of statements) this.#begin(this.#run(statement))
    this.#begin(breakInTurn(this.cluster, faults, (name) => this.turn(name)))
    if (ending !== undefined) this.#begin(this.turn(ending).then(() => this.end()))
    await this.playUntil('every statement ends', () => this.#underWay === 0)
  }

  /** Does something at a moment of the scheduler's choice, and keeps the story from ending before. */
  #begin(work: Promise<void>): void {
    this.#underWay++
    void work.finally(() => {
      this.#underWay--
    })
  }

  async #run(statement: Statement): Promise<void> {
    await this.turn(statement)
    if (statement === 'read') {
      await this.pool.query('SELECT 42 AS answer').catch((error) => this.readErrors.push(error))
    } else if (statement === 'transaction') await this.#transact()
    else if (statement === 'destroyed') await this.#destroy()
    else await this.#write(statement)
  }

  async #write(statement: Statement): Promise<void> {
    const token = this.#token()
    const abort = new AbortController()
    if (statement === 'aborted write') {
      void this.turn('the signal is given').then(() => abort.abort())
    }
    const aurora = {
      ...(statement === 'impatient write' ? { waitMs: 20 } : {}),
      ...(statement === 'aborted write' ? { signal: abort.signal } : {}),
    }
    await this.pool.query({ sql: token, aurora }).then(
      () => this.#hear([token]),
      (error: unknown) => this.#hear([token], error),
    )
  }

  async #transact(): Promise<void> {
    const tokens = [this.#token(), this.#token()]
    const session = await this.pool.getConnection().catch(() => undefined)
    if (session === undefined) return
    try {
      await session.beginTransaction()
      for (const token of tokens) await session.query(token)
      await session.commit()
      this.#hear(tokens)
    } catch (error) {
      this.#hear(tokens, error)
      await session.rollback().catch(() => {})
    } finally {
      session.release()
    }
  }

  async #destroy(): Promise<void> {
    const token = this.#token()
    const session = await this.pool.getConnection().catch(() => undefined)
    if (session === undefined) return
    const written = session.query(token).then(
      () => this.#hear([token]),
      // It may have been sent before the session was destroyed, which mysql2 does not tell either.
      () => this.told.push({ tokens: [token], outcome: 'unknown' }),
    )
    await this.turn('the session is destroyed')
    session.destroy()
    // mysql2 does not call back what ran on a connection that was destroyed.
    await Promise.race([written, this.turn('nobody waits for it')])
  }

  #token(): string {
    return `INSERT INTO t VALUES (${++this.#tokenCount})`
  }

  #hear(tokens: readonly string[], error?: unknown): void {
    const { aurora } = (error ?? {}) as { aurora?: { outcome?: string } }
    const failed = aurora?.outcome === 'unknown' ? 'unknown' : 'not applied'
    this.told.push({ tokens, outcome: error === undefined ? 'acknowledged' : failed })
  }

  async end(): Promise<void> {
    await this.pool.end()
    this.hasEnded = true
  }

  /** What the table holds is what the callers were told. */
  expectTruth(): void {
    for (const { tokens, outcome } of this.told) {
      const counts = tokens.map((token) => this.cluster.written.get(token) ?? 0)
      const [first = 0] = counts
      expect(counts, 'a transaction is whole').toEqual(counts.map(() => first))
      expect(first, `${tokens} ran at most once`).toBeLessThanOrEqual(1)
      if (outcome === 'acknowledged') expect(first, `${tokens} is there`).toBe(1)
      if (outcome === 'not applied') expect(first, `${tokens} is not there`).toBe(0)
    }
  }

  /** Episodes follow each other: none begins in another, and each one that begins is over in the end. */
  expectOneEpisodeAtATime(): void {
    const episodes = this.#events
      .map(([name]) => name)
      .filter((name) => name === 'failoverStarted' || name === 'failoverCompleted')
    const pairs = episodes.map((_, index) =>
      index % 2 === 0 ? 'failoverStarted' : 'failoverCompleted',
    )
    expect(episodes).toEqual(pairs)
  }
}

useVirtualTime()

const statements = fc.array(
  fc.constantFrom<Statement[]>(
    'read',
    'write',
    'write',
    'impatient write',
    'aborted write',
    'transaction',
    'destroyed',
  ),
  { minLength: 1, maxLength: 12 },
)

/** Nothing of a pool that has ended is left, and nothing of it happens any more. */
async function expectNoTrace(cluster: ScriptedCluster): Promise<void> {
  const before = new Map(cluster.written)
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(vi.getTimerCount()).toBe(0)
  expect(cluster.written).toEqual(before)
  expect(cluster.open.size).toBe(0)
}

const instanceCounts = fc.integer({ min: 1, max: 3 })

describe('a pool whose cluster fails', () => {
  it('tells the truth about every statement, and is whole afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        instanceCounts,
        statements,
        someFaults,
        async (scheduler, instanceCount, running, breaking) => {
          vi.clearAllTimers()
          const story = new Story(scheduler, instanceCount)
          const { pool, cluster } = story
          await story.tell(running, breaking)
          story.expectTruth()
          expect(story.readErrors).toEqual([])
          let last: unknown
          void pool.query('INSERT INTO t VALUES (0)').then((done) => {
            last = done
          })
          await story.playUntil('a write is served again', () => last !== undefined)
          await story.playUntil('nothing is left', () => nothingIsLeft(pool))
          await story.playUntil('no episode is open', () => !pool.aurora.stats().isFailingOver)
          story.expectOneEpisodeAtATime()
          void story.end()
          await story.playUntil('the pool has ended', () => story.hasEnded)
          await story.playUntil('every socket is closed', () => cluster.open.size === 0)
          await expectNoTrace(cluster)
        },
      ),
      { numRuns: RUNS },
    )
  })

  it('ended in the middle of it: every statement ends, and nothing runs afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        instanceCounts,
        statements,
        someFaults,
        async (scheduler, instanceCount, running, breaking) => {
          vi.clearAllTimers()
          const story = new Story(scheduler, instanceCount)
          const { cluster } = story
          await story.tell(running, breaking, 'is ended meanwhile')
          expect(story.hasEnded).toBe(true)
          story.expectTruth()
          await story.playUntil('every socket is closed', () => cluster.open.size === 0)
          await expectNoTrace(cluster)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
