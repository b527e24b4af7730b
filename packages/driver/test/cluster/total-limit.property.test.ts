import type { AuroraPool } from 'aurora-mysql2/promise'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { nothingIsLeft } from '../simulation.js'
import { breakInTurn, type Fault, someFaults } from './scripted/break-in-turn.js'
import { ConnectionCount } from './scripted/count-connections.js'
import { openPool } from './scripted/open-pool.js'
import { passUntil, useVirtualTime } from './scripted/pass-time.js'
import { ScriptedCluster } from './scripted/scripted-cluster.js'

const RUNS = 60
/** Beyond every delay of the pool's own: what still has a timer then has forgotten it. */
const LONG_MS = 200_000

type Act = 'read' | 'write' | 'session' | 'transaction' | 'impatient write' | 'destroyed'

/** A pool with a limit on all its connections, in a cluster that fails; which packet is next is the scheduler's to say. */
class Story {
  readonly cluster: ScriptedCluster
  readonly connections: ConnectionCount
  readonly pool: AuroraPool
  readonly totalLimit: number
  hasEnded = false
  #most = 0
  readonly #scheduler: fc.Scheduler
  #underWay = 0
  #tokens = 0

  constructor(scheduler: fc.Scheduler, instanceCount: number, totalLimit: number, minIdle: number) {
    this.#scheduler = scheduler
    this.totalLimit = totalLimit
    this.cluster = new ScriptedCluster(instanceCount, (name) => this.turn(name))
    this.connections = new ConnectionCount(this.cluster)
    this.pool = openPool(this.cluster, {
      connectionLimit: 3,
      ...this.connections.options,
      aurora: { totalLimit, minIdle },
    })
  }

  /** Its turn comes when the scheduler says so. */
  async turn(name: string): Promise<void> {
    this.#count()
    await this.#scheduler.schedule(Promise.resolve(), name)
    this.#count()
  }

  /** What the pool says of itself, and what its sockets say. */
  expectWithin(): void {
    expect(this.#most).toBeLessThanOrEqual(this.totalLimit)
    expect(this.connections.most).toBeLessThanOrEqual(this.totalLimit)
  }

  #count(): void {
    const { instances } = this.pool.aurora.stats()
    const places = instances.reduce((sum, each) => sum + each.open + each.connecting, 0)
    this.#most = Math.max(this.#most, places)
  }

  playUntil(what: string, isOver: () => boolean): Promise<void> {
    return passUntil(what, isOver, this.#scheduler)
  }

  async tell(acts: readonly Act[], faults: readonly Fault[]): Promise<void> {
    let isReady = false
    void this.pool.aurora.ready().then(() => {
      isReady = true
    })
    // Some find nothing but the name of the cluster.
    const early = Math.floor(acts.length / 4)
    for (const act of acts.slice(0, early)) this.#begin(this.#do(act))
    await this.playUntil('the cluster is known', () => isReady)
    for (const act of acts.slice(early)) this.#begin(this.#do(act))
    this.#begin(breakInTurn(this.cluster, faults, (name) => this.turn(name)))
    await this.playUntil('everything that was issued ends', () => this.#underWay === 0)
  }

  #begin(work: Promise<void>): void {
    this.#underWay++
    // Errors are for other tests: here everything ends.
    void work
      .catch(() => {})
      .finally(() => {
        this.#underWay--
      })
  }

  async #do(act: Act): Promise<void> {
    await this.turn(act)
    if (act === 'read') await this.pool.query('SELECT 42 AS answer')
    else if (act === 'write') await this.pool.query(this.#write())
    else if (act === 'impatient write')
      await this.pool.query({ sql: this.#write(), aurora: { waitMs: 20 } })
    else await this.#useSession(act)
  }

  async #useSession(act: 'session' | 'transaction' | 'destroyed'): Promise<void> {
    const session = await this.pool.getConnection()
    if (act === 'destroyed') {
      void session.query(this.#write()).catch(() => {})
      await this.turn('the session is destroyed')
      return session.destroy()
    }
    try {
      if (act === 'transaction') await session.beginTransaction()
      await session.query('SELECT 42 AS answer')
      await session.query(this.#write())
      await session.query('SELECT 42 AS answer')
      if (act === 'transaction') await session.commit()
    } finally {
      session.release()
    }
  }

  #write(): string {
    return `INSERT INTO t VALUES (${++this.#tokens})`
  }

  end(): void {
    void this.pool.end().then(() => {
      this.hasEnded = true
    })
  }
}

useVirtualTime()

const acts = fc.array(
  fc.constantFrom<Act[]>(
    'read',
    'read',
    'write',
    'write',
    'session',
    'transaction',
    'impatient write',
    'destroyed',
  ),
  { minLength: 1, maxLength: 25 },
)

describe('totalLimit', () => {
  it('is never exceeded, and everything ends, whatever fails and whichever packet overtakes which', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 2 }),
        acts,
        someFaults,
        async (scheduler, instanceCount, totalLimit, minIdle, issued, breaking) => {
          vi.clearAllTimers()
          const story = new Story(scheduler, instanceCount, totalLimit, minIdle)
          const { pool, cluster } = story
          await story.tell(issued, breaking)
          let written: unknown
          void pool.query('INSERT INTO t VALUES (0)').then((done) => {
            written = done
          })
          await story.playUntil('a write is served', () => written !== undefined)
          await story.playUntil('nothing is left', () => nothingIsLeft(pool))
          story.expectWithin()
          story.end()
          await story.playUntil('the pool has ended', () => story.hasEnded)
          await story.playUntil('every socket is closed', () => cluster.open.size === 0)
          await vi.advanceTimersByTimeAsync(LONG_MS)
          expect(vi.getTimerCount()).toBe(0)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
