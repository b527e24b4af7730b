import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import type { RowDataPacket } from 'mysql2'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  eventually,
  failureOf,
  nothingIsLeft,
  pause,
  type Simulation,
  simulate,
  whereIs,
} from '../simulation.js'

const INSTANCES = 3
const write = "INSERT INTO note (text) VALUES ('x')"

let simulation: Simulation
let cluster: Cluster
/** Where the log of the test begins. */
let from: number

beforeAll(async () => {
  simulation = await simulate({ instances: INSTANCES })
  cluster = simulation.cluster
  await cluster.query('CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))')
})

beforeEach(() => {
  from = cluster.log.length
})

afterEach(() => simulation.closePools())

/** A pool that knows the cluster and has opened nothing yet. */
function open(totalLimit: number, options: object = {}, aurora: object = {}): Promise<AuroraPool> {
  return simulation.readyPool({
    connectionLimit: 10,
    ...options,
    aurora: { consistency: 'eventual', totalLimit, ...aurora },
  })
}

interface Login {
  readonly type: 'connection-opened' | 'connection-closed'
  readonly instance: string | undefined
}

/** What the instances saw of the application's connections that were opened since the test began, in order. */
function logins(): Login[] {
  const opened = new Set<string>()
  return cluster.log.slice(from).flatMap((event): Login[] => {
    const { type, instance } = event
    const isLogin = type === 'connection-opened' || type === 'connection-closed'
    if (!isLogin || event.purpose !== 'application') return []
    const connection = `${instance} ${event.threadId}`
    if (type === 'connection-opened') opened.add(connection)
    return opened.has(connection) ? [{ type, instance }] : []
  })
}

const openedCount = () => logins().filter(({ type }) => type === 'connection-opened').length

/** The most that were open to all instances at any time. */
function mostOpen(): number {
  let open = 0
  let most = 0
  for (const { type } of logins()) {
    open += type === 'connection-opened' ? 1 : -1
    most = Math.max(most, open)
  }
  return most
}

const statsOf = (pool: AuroraPool, id: string) =>
  pool.aurora.stats().instances.find((each) => each.id === id)

const placesOf = (pool: AuroraPool) =>
  pool.aurora.stats().instances.reduce((sum, each) => sum + each.open + each.connecting, 0)

const waitersOf = (pool: AuroraPool) =>
  pool.aurora.stats().instances.reduce((sum, each) => sum + each.waiting, 0)

/** A session that holds its connection until it is told to let it go. */
async function hold(from: Pick<AuroraPool, 'getConnection'>) {
  const session = await from.getConnection()
  await session.beginTransaction()
  const where = await whereIs(session)
  const letGo = async () => {
    await session.rollback()
    session.release()
  }
  return { where, letGo }
}

describe('totalLimit', () => {
  it.each([1, 2, 3, 5])(
    'of %i bounds the connections to all instances, and everything ends',
    async (limit) => {
      const pool = await open(limit, { connectionLimit: 4 })
      let most = 0
      const watch = () => {
        most = Math.max(most, placesOf(pool))
      }
      const requests = [
        () => pool.query('SELECT 1'),
        () => pool.query(write),
        () => pool.transaction(async (transaction) => transaction.query(write)),
        async () => {
          const session = await pool.getConnection()
          await session.query('SELECT 1')
          await session.query(write)
          watch()
          await session.query('SELECT 1')
          session.release()
        },
      ]
      await Promise.all(
        Array.from({ length: 120 }, async (_, index) => {
          await requests[index % requests.length]?.()
          watch()
        }),
      )
      expect(most).toBe(limit)
      expect(mostOpen()).toBe(limit)
      await eventually('nothing is left', () => nothingIsLeft(pool))
      expect(placesOf(pool)).toBeLessThanOrEqual(limit)
    },
  )

  it('counts what was opened by the name of the cluster, and what of it joins an instance', async () => {
    const pool = simulation.pool({ aurora: { consistency: 'eventual', totalLimit: 1 } })
    await pool.query(write)
    await pool.aurora.ready()
    await eventually('it belongs to the writer', () => statsOf(pool, 'instance-1')?.idle === 1)
    await pool.query(write)
    expect(openedCount()).toBe(1)
    expect(placesOf(pool)).toBe(1)
  })

  it('does not count a connection for KILL', async () => {
    const pool = await open(1)
    const session = await pool.writer.getConnection()
    const [rows] = await session.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id')
    const sleeping = session.query('SELECT SLEEP(60) AS wasKilled')
    await eventually('it sleeps', () => statsOf(pool, 'instance-1')?.underWay === 1)
    await pool.query(`KILL QUERY ${session.threadId}`)
    await sleeping.catch(() => {})
    expect(rows).toHaveLength(1)
    session.release()
  })
})

describe('at the limit', () => {
  it('the connection that has lain idle longest is closed for an instance that has none', async () => {
    const pool = await open(2)
    const first = await hold(pool.reader)
    const second = await hold(pool.reader)
    expect(first.where).not.toBe(second.where)
    await second.letGo()
    await first.letGo()
    await eventually('both are idle', () => nothingIsLeft(pool))
    await pool.query(write)
    const closed = () => logins().filter(({ type }) => type === 'connection-closed')
    await eventually('one was closed', () => closed().length > 0)
    expect(closed().map(({ instance }) => instance)).toEqual([second.where])
    expect(statsOf(pool, second.where)?.open).toBe(0)
    expect(statsOf(pool, first.where)?.open).toBe(1)
    expect(statsOf(pool, 'instance-1')?.open).toBe(1)
  })

  it('one that is busy is served by its own connections before any is closed for it', async () => {
    const pool = await open(2)
    await Promise.all([pool.query(write), pool.query('SELECT 1')])
    await Promise.all(Array.from({ length: 20 }, () => pool.query(write)))
    expect(openedCount()).toBe(2)
  })

  it('an idle connection goes to whoever would wait for what others hold', async () => {
    const pool = await open(2)
    await pool.query('SELECT 1')
    const held = await hold(pool.writer)
    // The writer's only connection is held, and the other one is a reader's.
    await pool.query(write)
    await held.letGo()
    expect(mostOpen()).toBe(2)
  })

  it('whoever finds nothing idle waits until a connection comes back, wherever', async () => {
    const pool = await open(1)
    const held = await hold(pool.reader)
    let isServed = false
    const waiting = pool.query(write).then(() => {
      isServed = true
    })
    await eventually('it waits', () => waitersOf(pool) === 1)
    await pause(300)
    expect(isServed).toBe(false)
    await held.letGo()
    await waiting
    expect(mostOpen()).toBe(1)
  })

  it('reads go to a reader that has an idle connection', async () => {
    const pool = await open(2)
    await pool.query(write)
    const asReader = { role: 'reader' } as const
    const reader = await whereIs(pool, asReader)
    for (let turn = 0; turn < 20; turn++) expect(await whereIs(pool, asReader)).toBe(reader)
    expect(openedCount()).toBe(2)
  })

  it('a connection is opened for each that was closed for it, and no other is closed', async () => {
    const pool = await open(6)
    const held = await Promise.all(Array.from({ length: 6 }, () => hold(pool.reader)))
    for (const { letGo } of held) await letGo()
    const writes = Array.from({ length: 2 }, () => hold(pool.writer))
    const holding = await Promise.all(writes)
    expect(openedCount()).toBe(8)
    expect(placesOf(pool)).toBe(6)
    for (const { letGo } of holding) await letGo()
  })
})

describe('who waits because of totalLimit', () => {
  it('is refused where nobody may wait, unless an idle connection makes room', async () => {
    const pool = await open(2, { waitForConnections: false })
    const first = await hold(pool.reader)
    const second = await hold(pool.reader)
    const error = await failureOf(pool.query(write))
    expect(error.message).toBe('No connections available.')
    await first.letGo()
    await pool.query(write)
    const held = await hold(pool.writer)
    expect((await failureOf(pool.query(write))).message).toBe('No connections available.')
    await second.letGo()
    await pool.query(write)
    await held.letGo()
  })

  it('is counted by queueLimit', async () => {
    const pool = await open(1, { queueLimit: 2 })
    const held = await hold(pool.reader)
    const waiting = [pool.query(write), pool.query(write)]
    const error = await failureOf(pool.query(write))
    expect(error.message).toBe('Queue limit reached.')
    await held.letGo()
    await Promise.all(waiting)
  })

  it('gives up after waitMs, or when its signal is given', async () => {
    const pool = await open(1)
    const held = await hold(pool.reader)
    const late = await failureOf(pool.query({ sql: write, aurora: { waitMs: 50 } }))
    expect(late.code).toBe('ERR_AURORA_NO_CONNECTION')
    const { signal } = new AbortController()
    const abort = AbortSignal.any([signal, AbortSignal.timeout(50)])
    const aborted = await failureOf(pool.query({ sql: write, aurora: { signal: abort } }))
    expect(aborted.code).toBe('ERR_AURORA_ABORTED')
    await held.letGo()
    await pool.query(write)
  })

  it('gets a connection although those who wait on other instances never end', async () => {
    const pool = await open(2)
    let isOver = false
    const read = async () => {
      while (!isOver) await pool.reader.query('DO SLEEP(0.002)')
    }
    const readers = Array.from({ length: 12 }, read)
    await eventually('reads wait', () => waitersOf(pool) > 4)
    for (let turn = 0; turn < 3; turn++) await pool.query(write)
    expect(waitersOf(pool)).toBeGreaterThan(0)
    isOver = true
    await Promise.all(readers)
    expect(mostOpen()).toBe(2)
  })
})

describe('where everybody waits all the time', () => {
  it('connections come to be shared, and then stay where they are', async () => {
    const pool = await open(6)
    let isOver = false
    const work = async (query: () => Promise<unknown>) => {
      while (!isOver) await query()
    }
    const readers = Array.from({ length: 16 }, () =>
      work(() => pool.reader.query('DO SLEEP(0.002)')),
    )
    await eventually('readers have all of them', () => placesOf(pool) === 6)
    const writers = Array.from({ length: 12 }, () => work(() => pool.query(write)))
    await eventually('the writer has its share', () => statsOf(pool, 'instance-1')?.open === 2)
    const before = openedCount()
    const { statements } = simulation.counts()['instance-1'] ?? { statements: 0 }
    const since = () => (simulation.counts()['instance-1']?.statements ?? 0) - statements
    await eventually('much is written', () => since() > 200)
    const opened = openedCount() - before
    isOver = true
    await Promise.all([...readers, ...writers])
    expect(opened).toBeLessThan(10)
    expect(mostOpen()).toBe(6)
  })
})

describe('minIdle', () => {
  it('stays within totalLimit, and what it keeps is closed for whoever has none', async () => {
    const pool = await open(4, {}, { minIdle: 2 })
    await pool.query('SELECT 1')
    await eventually('all are open', () => placesOf(pool) === 4 && nothingIsLeft(pool))
    // Nobody closes anything to have more at hand.
    const before = openedCount()
    await pause(1_200)
    expect(openedCount()).toBe(before)
    await Promise.all([pool.query(write), pool.writer.query('SELECT 1'), pool.query('SELECT 1')])
    const wanted = ['instance-1', 'instance-2', 'instance-3']
    await Promise.all(wanted.map((id) => pool.query(id === 'instance-1' ? write : 'SELECT 1')))
    expect(mostOpen()).toBe(4)
  })
})
