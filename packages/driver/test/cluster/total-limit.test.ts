import type { AuroraPool, AuroraPoolOptions } from 'aurora-mysql2/promise'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConnectionCount } from './scripted/count-connections.js'
import { openPool } from './scripted/open-pool.js'
import { done, pass, passUntil, useVirtualTime } from './scripted/pass-time.js'
import { ScriptedCluster } from './scripted/scripted-cluster.js'

/** So many turns of the loop, in which no time passes: for what follows from an event, and not from looking again now and then. */
const TURNS = 300
/** Longer than anybody is patient with connections that may come back, and shorter than all that is done once a second. */
const A_WHILE_MS = 300

let cluster: ScriptedCluster
let connections: ConnectionCount
/** Turns that do not come until they are let through, by the beginning of their name. */
let held: Map<string, (() => void)[]>
let tokens: number

useVirtualTime()

beforeEach(() => {
  held = new Map()
  tokens = 0
  cluster = new ScriptedCluster(3, async (name) => {
    for (const [start, waiting] of held) {
      if (name.startsWith(start)) await new Promise<void>((resolve) => waiting.push(resolve))
    }
  })
  connections = new ConnectionCount(cluster)
})

/** From now on nothing that begins so happens; what is returned lets it happen. */
function stop(start: string): () => void {
  const waiting: (() => void)[] = []
  held.set(start, waiting)
  return () => {
    held.delete(start)
    for (const go of waiting) go()
  }
}

function openOn(totalLimit: number, options: AuroraPoolOptions = {}): AuroraPool {
  return openPool(cluster, {
    connectionLimit: 5,
    ...options,
    ...connections.options,
    aurora: { consistency: 'eventual', totalLimit },
  })
}

/** A pool that knows the cluster and has opened nothing yet. */
async function open(totalLimit: number, options?: AuroraPoolOptions): Promise<AuroraPool> {
  const pool = openOn(totalLimit, options)
  await done(pool.aurora.ready())
  return pool
}

const write = () => `INSERT INTO t VALUES (${++tokens})`
const read = 'SELECT 42 AS answer'

/** What has become of something, as far as it comes without time passing. */
async function atOnce(promise: Promise<unknown>): Promise<'ended' | 'failed' | 'under way'> {
  let outcome: 'ended' | 'failed' | 'under way' = 'under way'
  promise.then(
    () => {
      outcome = 'ended'
    },
    () => {
      outcome = 'failed'
    },
  )
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
  return outcome
}

const statsOf = (pool: AuroraPool, id: string) =>
  pool.aurora.stats().instances.find((each) => each.id === id)

/** A transaction that holds a connection of the writer's, or of a reader's. */
async function hold(pool: AuroraPool, role: 'writer' | 'reader') {
  const session = await done(pool[role].getConnection())
  await done(session.beginTransaction())
  return session
}

/** Lets so many connections of readers lie idle. */
async function leaveIdle(pool: AuroraPool, count: number): Promise<void> {
  const sessions = await Promise.all(Array.from({ length: count }, () => hold(pool, 'reader')))
  for (const session of sessions) {
    await done(session.rollback())
    session.release()
  }
}

describe('whoever waits because of totalLimit is served at once, without time passing, when', () => {
  it('a session on another instance ends', async () => {
    const pool = await open(1)
    const session = await hold(pool, 'reader')
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    await session.rollback()
    session.release()
    expect(await atOnce(waiting)).toBe('ended')
    expect(connections.most).toBe(1)
  })

  it('a session on another instance is destroyed', async () => {
    const pool = await open(1)
    const session = await hold(pool, 'reader')
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    session.destroy()
    expect(await atOnce(waiting)).toBe('ended')
  })

  it('another instance crashes', async () => {
    const pool = await open(2)
    const sessions = [await hold(pool, 'reader'), await hold(pool, 'reader')]
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    for (const id of ['i2', 'i3']) cluster.crash(id)
    expect(await atOnce(waiting)).toBe('ended')
    for (const session of sessions) session.release()
  })

  it('a connect to another instance fails', async () => {
    const pool = await open(2)
    const session = await hold(pool, 'writer')
    const fail = stop('connect to ')
    const reading = pool.query(read).catch(() => {})
    await passUntil('one is being opened', () =>
      pool.aurora
        .stats()
        .instances.some(({ role, connecting }) => role === 'reader' && connecting > 0),
    )
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    for (const id of ['i2', 'i3']) cluster.crash(id)
    fail()
    expect(await atOnce(waiting)).toBe('ended')
    await done(reading)
    session.release()
    expect(connections.most).toBe(2)
  })

  it('the one for whom a connection was about to be opened has given up', async () => {
    const pool = await open(1)
    const abort = new AbortController()
    const reading = pool.query({ sql: read, aurora: { signal: abort.signal } }).catch(() => {})
    const waiting = pool.query(write())
    abort.abort()
    expect(await atOnce(Promise.all([reading, waiting]))).toBe('ended')
    expect(connections.opened).toBe(1)
  })

  it('the one for whom a connection was being opened has given up', async () => {
    const pool = await open(1)
    const connect = stop('connect to ')
    const abort = new AbortController()
    const reading = pool.query({ sql: read, aurora: { signal: abort.signal } }).catch(() => {})
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    abort.abort()
    connect()
    expect(await atOnce(Promise.all([reading, waiting]))).toBe('ended')
    expect(connections.opened).toBe(2)
  })

  it('the writer is fenced, and another promoted', async () => {
    const pool = await open(2)
    const sessions = [await hold(pool, 'writer'), await hold(pool, 'reader')]
    cluster.crash('i1')
    const waiting = pool.query(write())
    cluster.writerId = 'i3'
    await done(waiting)
    expect(cluster.written.get(`INSERT INTO t VALUES (${tokens})`)).toBe(1)
    for (const session of sessions) session.release()
    expect(connections.most).toBe(2)
  })

  it('a connection that was opened by the name of the cluster comes back', async () => {
    const pool = openOn(1)
    const session = await done(pool.getConnection())
    await done(session.beginTransaction())
    await done(pool.aurora.ready())
    const waiting = pool.reader.query(read)
    expect(await atOnce(waiting)).toBe('under way')
    await session.rollback()
    session.release()
    expect(await atOnce(waiting)).toBe('ended')
    expect(connections.most).toBe(1)
  })
})

describe('an instance that is asked for much', () => {
  it('gets what lies idle elsewhere', async () => {
    const pool = await open(4)
    await leaveIdle(pool, 3)
    const sessions = [await hold(pool, 'writer'), await hold(pool, 'writer')]
    expect(statsOf(pool, 'i1')?.open).toBe(2)
    expect(connections.most).toBe(4)
    for (const session of sessions) session.release()
  })

  it('gets what lies idle on one that says nothing any more, and does not wait for its goodbye', async () => {
    const pool = await open(2)
    await leaveIdle(pool, 2)
    for (const id of ['i2', 'i3']) cluster.forgetConnections(id)
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    await pass(A_WHILE_MS)
    expect(await atOnce(waiting)).toBe('ended')
  })

  it('gets what others used a moment ago only when its own connections have not come back for a while', async () => {
    const pool = await open(2)
    const own = await hold(pool, 'writer')
    await leaveIdle(pool, 1)
    const waiting = pool.query(write())
    expect(await atOnce(waiting)).toBe('under way')
    await pass(A_WHILE_MS)
    expect(await atOnce(waiting)).toBe('ended')
    expect(connections.opened).toBe(3)
    own.release()
  })

  it('gets it at once where nobody may wait', async () => {
    const pool = await open(2, { waitForConnections: false })
    const own = await hold(pool, 'writer')
    await leaveIdle(pool, 1)
    expect(await atOnce(pool.query(write()))).toBe('ended')
    own.release()
  })

  it('has one connection closed for each that it opens', async () => {
    const pool = await open(4)
    await leaveIdle(pool, 4)
    expect(connections.opened).toBe(4)
    const connect = stop('connect to i1')
    const writes = [pool.query(write()), pool.query(write())]
    await pass(5_000)
    const readers = ['i2', 'i3'].map((id) => statsOf(pool, id)?.open ?? 0)
    expect(readers.reduce((sum, count) => sum + count, 0)).toBe(2)
    connect()
    await done(Promise.all(writes))
    expect(connections.opened).toBe(6)
    expect(connections.most).toBe(4)
  })
})
