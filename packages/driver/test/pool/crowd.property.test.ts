import type { AuroraPool } from 'aurora-mysql2/promise'
import fc from 'fast-check'
import type { PoolConnection } from 'mysql2/promise'
import { describe, expect, it, vi } from 'vitest'
import { openPool } from '../cluster/scripted/open-pool.js'
import { passUntil, useVirtualTime } from '../cluster/scripted/pass-time.js'
import { ScriptedCluster } from '../cluster/scripted/scripted-cluster.js'
import { nothingIsLeft } from '../simulation.js'

const RUNS = 25
const SESSIONS = 50

type Act = 'read' | 'write' | 'set' | 'transaction' | 'unawaited' | 'mistimed release'

const acts = fc.array(
  fc.constantFrom<Act[]>('read', 'write', 'set', 'transaction', 'unawaited', 'mistimed release'),
  { minLength: 1, maxLength: 4 },
)

/** Sessions of one pool with one connection per instance; which packet is next is the scheduler's to say. */
class Crowd {
  readonly cluster: ScriptedCluster
  readonly pool: AuroraPool
  /** What the table must hold in the end. */
  readonly acknowledged: string[] = []
  ended = 0
  readonly #scheduler: fc.Scheduler
  #tokens = 0

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler
    this.cluster = new ScriptedCluster(3, async (name) => {
      await scheduler.schedule(Promise.resolve(), name)
    })
    this.pool = openPool(this.cluster, { connectionLimit: 1 })
  }

  playUntil(what: string, isOver: () => boolean): Promise<void> {
    return passUntil(what, isOver, this.#scheduler)
  }

  /** One session, from its opening to its release. */
  async act(all: readonly Act[]): Promise<void> {
    const session = await this.pool.getConnection()
    for (const each of all) await this.#do(session, each)
    session.release()
    this.ended++
  }

  async #do(session: PoolConnection, act: Act): Promise<void> {
    switch (act) {
      case 'read':
        return void (await session.query('SELECT 42 AS answer'))
      case 'write':
        return this.#write(session)
      case 'set':
        return void (await session.query("SET time_zone = '+01:00'"))
      case 'transaction':
        await session.beginTransaction()
        await Promise.all([this.#write(session), session.query('SELECT 42 AS answer')])
        return session.commit()
      case 'unawaited':
        void session.query('SELECT 42 AS answer')
        void this.#write(session)
        return
      case 'mistimed release':
        void this.#write(session)
        return session.release()
    }
  }

  async #write(session: PoolConnection): Promise<void> {
    const token = `INSERT INTO t VALUES (${++this.#tokens})`
    this.acknowledged.push(token)
    await session.query(token)
  }
}

useVirtualTime()

describe(`${SESSIONS} sessions on one connection per instance`, () => {
  it('all come to their end, whichever packet overtakes which', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(acts, { minLength: SESSIONS, maxLength: SESSIONS }),
        async (scheduler, sessions) => {
          vi.clearAllTimers()
          const crowd = new Crowd(scheduler)
          const { pool, cluster } = crowd
          let isReady = false
          void pool.aurora.ready().then(() => {
            isReady = true
          })
          await crowd.playUntil('the cluster is known', () => isReady)
          const failures: unknown[] = []
          for (const all of sessions) void crowd.act(all).catch((error) => failures.push(error))
          await crowd.playUntil(
            'every session ends',
            () => crowd.ended + failures.length === SESSIONS,
          )
          expect(failures).toEqual([])
          await crowd.playUntil('nothing is left', () => nothingIsLeft(pool))
          for (const { open } of pool.aurora.stats().instances) expect(open).toBeLessThanOrEqual(1)
          expect([...cluster.written.values()]).toEqual(crowd.acknowledged.map(() => 1))
          let hasEnded = false
          void pool.end().then(() => {
            hasEnded = true
          })
          await crowd.playUntil('the pool has ended', () => hasEnded)
          await crowd.playUntil('every socket is closed', () => cluster.open.size === 0)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
