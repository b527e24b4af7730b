import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'mysql2'
import { RateLimiterMySQL, RateLimiterRes } from 'rate-limiter-flexible'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  eventually,
  type Simulation,
  scaled,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { Ledger } from '../failover/ledger.js'
import { AT_SCALE } from '../failover/scenario.js'
import { type Access, ourAccess, plainAccess } from './access.js'
import { expectPromisesKept } from './promises-kept.js'
import { shareOnReaders } from './read-share.js'

const READS = 60
const WORKERS = 6
/** So many points are consumed before the failover, and as many after it. */
const POINTS = 60

describe('mysql2', () => {
  const limited = useLimiters(plainAccess)
  worksAsItsManualSays(limited)
})

describe('aurora-mysql2', () => {
  const limited = useLimiters((cluster) => ourAccess(cluster, AT_SCALE))
  worksAsItsManualSays(limited)
  const readsOnReaders = { inRequests: Number.NaN, outside: Number.NaN }
  const shareOfReads = async (within: <T>(work: () => Promise<T>) => Promise<T>) => {
    const limiter = await limited.open({ keyPrefix: 'read', points: 10 })
    await limited.access.request(() => limiter.consume('ada', 3))
    const get = () => within(() => limiter.get('ada'))
    await eventually('it is on the readers', async () => {
      return (await shareOnReaders(limited.simulation, get)) === 1
    })
    return shareOnReaders(limited.simulation, async () => {
      for (let read = 0; read < READS; read += 1) await get()
    })
  }

  test('points are read from readers, each time in a request of its own', async () => {
    readsOnReaders.inRequests = await shareOfReads((work) => limited.access.request(work))
  })

  test('points are read from readers outside of any request', async () => {
    readsOnReaders.outside = await shareOfReads((work) => work())
  })

  // The last: afterwards another instance is the writer.
  test('a failover is a pause', async () => {
    const { cluster } = limited.simulation
    const ledger = await Ledger.open(cluster, 'visit')
    const one = await limited.open({ keyPrefix: 'one', points: 1_000_000 })
    const each = await limited.open({ keyPrefix: 'each', points: 10 })
    const shared = { acknowledged: 0, unknown: 0 }
    const failures: unknown[] = []
    let isStopping = false
    const noteShared = async () => {
      try {
        await limited.access.request(() => one.consume('all'))
        shared.acknowledged += 1
      } catch (error) {
        const { aurora } = error as { readonly aurora?: { readonly outcome?: string } }
        if (aurora?.outcome === 'unknown') shared.unknown += 1
        if (aurora?.outcome === undefined) failures.push(error)
      }
    }
    const work = async () => {
      while (!isStopping) {
        await ledger.keep('consume', ({ id }) => limited.access.request(() => each.consume(id)))
        await noteShared()
        await limited.access
          .request(() => each.get('nobody'))
          .catch((error) => failures.push(error))
        await sleep(5 * Math.random())
      }
    }
    const written = async (count: number) => {
      const goal = ledger.acknowledgedCount + count
      while (ledger.acknowledgedCount < goal) await sleep(2)
    }
    const load = Promise.all(Array.from({ length: WORKERS }, work))
    await written(POINTS)
    await cluster.failover({ how: 'crash', detectMs: scaled(100), promoteMs: scaled(400) })
    await written(POINTS)
    isStopping = true
    await load

    const count = async (table: string) => {
      const rows = await cluster.query(`SELECT \`key\`, points FROM app.${table}`)
      return rows.map(
        ({ key, points }) => [String(key).split(':')[1] ?? '', Number(points)] as const,
      )
    }
    for (const [unit, points] of await count('each')) {
      for (let point = 0; point < points; point += 1) {
        await cluster.query('INSERT INTO app.visit (unit, part) VALUES (?, 0)', [unit])
      }
    }
    expect(failures).toEqual([])
    const [[, points] = ['', 0]] = await count('one')
    expect(points).toBeGreaterThanOrEqual(shared.acknowledged)
    expect(points).toBeLessThanOrEqual(shared.acknowledged + shared.unknown)

    const builder = {
      name: 'rate-limiter-flexible',
      npmPackage: 'rate-limiter-flexible',
      wayIn: '`new RateLimiterMySQL({ storeClient: pool })`',
    }
    const seen = { cluster, ledger, readFailures: failures, readsOnReaders }
    await expectPromisesKept(builder, { ...seen, hasStreams: false })
  })
})

interface Limited {
  readonly simulation: Simulation
  readonly access: Access
  /** A limiter with a table of its own, named after its key prefix. */
  open(options: { readonly keyPrefix: string; readonly points: number }): Promise<RateLimiterMySQL>
}

function useLimiters(reach: (cluster: Simulation['cluster']) => Access): Limited {
  let pool: Pool
  const limited = {
    async open(options) {
      const given = { storeClient: pool, dbName: 'app', duration: 600, ...options }
      return new Promise((resolve, reject) => {
        const limiter: RateLimiterMySQL = new RateLimiterMySQL(given, (error) =>
          error ? reject(error) : resolve(limiter),
        )
      })
    },
  } as { -readonly [Key in keyof Limited]: Limited[Key] }
  beforeAll(async () => {
    limited.simulation = await simulate()
    limited.access = reach(limited.simulation.cluster)
    pool = limited.access.createPool()
  })
  afterAll(() => pool.promise().end())
  return limited
}

function worksAsItsManualSays(limited: Limited): void {
  test('lets through so many at once and no more', async () => {
    const limiter = await limited.open({ keyPrefix: 'at_once', points: 10 })
    const asked = await Promise.allSettled(Array.from({ length: 25 }, () => limiter.consume('ada')))
    const refused = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(refused).toHaveLength(15)
    for (const refusal of refused) {
      expect(refusal).toBeInstanceOf(RateLimiterRes)
      expect(refusal).toMatchObject({ remainingPoints: 0 })
    }
    expect((await limiter.consume('grace')).remainingPoints).toBe(9)
  })

  test('rewards, penalises, blocks and forgets', async () => {
    const limiter = await limited.open({ keyPrefix: 'all_else', points: 10 })
    await limited.access.request(async () => {
      await limiter.consume('ada', 4)
      await limiter.reward('ada', 2)
      await limiter.penalty('ada', 1)
      expect(await limiter.get('ada')).toMatchObject({ consumedPoints: 3, remainingPoints: 7 })
      await limiter.block('ada', 60)
      await expect(limiter.consume('ada')).rejects.toBeInstanceOf(RateLimiterRes)
      expect(await limiter.delete('ada')).toBe(true)
      expect(await limiter.get('ada')).toBeNull()
    })
  })
}
