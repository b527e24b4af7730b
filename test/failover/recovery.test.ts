import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { type Cluster, type ClusterEvent, startCluster } from 'aurora-mysql2-simulator'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Lateness } from './lateness.js'
import { createTable, Load } from './load.mjs'

const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')
const WRITERS = 8
const READERS = 16
const URGENT_INTERVAL_MS = 100 * SCALE
/** Questions that wait for twice as long each time, from the third on, are further apart than that. */
const LONGEST_GAP_MS = 3 * URGENT_INTERVAL_MS

/** What driver and simulator said, in one order and on one clock. */
type Entry =
  | {
      readonly from: 'simulator'
      readonly atMs: number
      readonly event: ClusterEvent
      readonly instanceLookups: number
    }
  | {
      readonly from: 'driver'
      readonly atMs: number
      readonly name: string
      readonly instance?: string
      readonly outcome?: string
      readonly tookMs?: number
      readonly waiting: number
      readonly woken?: number
      /** Statements that have a connection, or are next in line for one. */
      readonly begun: number
      readonly instanceLookups: number
    }

describe('the writer crashes under load, a reader is promoted', () => {
  let cluster: Cluster
  let pool: AuroraPool
  let load: Load
  const entries: Entry[] = []
  const lateness = new Lateness()
  const writer = 'instance-1'
  const promoted = 'instance-2'

  /** Sent to the writer, and not answered yet. */
  const writesUnderWay = () =>
    pool.aurora.stats().instances.find(({ id }) => id === writer)?.underWay ?? 0
  const instanceLookups = () =>
    cluster.instances.reduce((sum, { endpoint }) => sum + (cluster.lookups.get(endpoint) ?? 0), 0)

  beforeAll(async () => {
    cluster = await startCluster({
      instances: 3,
      storage: 'mysqld',
      timings: {
        detectMs: 300 * SCALE,
        promoteMs: 1000 * SCALE,
        dnsMs: 4000 * SCALE,
        returnMs: 3000 * SCALE,
      },
    })
    await createTable(cluster, 'recovery')
    pool = createAuroraPool({
      ...cluster.connection,
      connectionLimit: 32,
      aurora: { ...cluster.connection.aurora, urgentIntervalMs: URGENT_INTERVAL_MS },
    })
    load = new Load({
      pool,
      table: 'recovery',
      inRequest: (work) => pool.aurora.session(work),
    })
    await pool.aurora.ready()
    record()
    load.start({ writers: WRITERS, readers: READERS })
    await pause(1000 * SCALE)
    // Replies that come late: the crash finds writes that have taken effect and are not acknowledged.
    const heal = await cluster.inject({ type: 'slow', instance: writer, delayMs: 400 * SCALE })
    await pause(300 * SCALE)
    await vi.waitFor(() => expect(writesUnderWay()).toBeGreaterThan(0), { interval: 1 })
    const completed = new Promise((resolve) => pool.aurora.once('failoverCompleted', resolve))
    await cluster.failover()
    await completed
    await heal()
    // Beyond the return of the old writer and the change of the name, neither of which may disturb anything.
    await pause(5000 * SCALE)
    await load.stop()
  })

  afterAll(async () => {
    lateness.stop()
    await pool.end()
    await cluster.close()
  })

  function record(): void {
    const common = () => {
      const stats = pool.aurora.stats()
      const begun = stats.instances.map(({ open, idle, waiting }) => open - idle + waiting)
      return {
        atMs: performance.now(),
        instanceLookups: instanceLookups(),
        waiting: stats.waiting,
        begun: begun.reduce((sum, each) => sum + each, 0),
      }
    }
    const { aurora } = pool
    aurora.on('failoverStarted', () => {
      entries.push({ from: 'driver', name: 'failoverStarted', ...common() })
    })
    aurora.on('instanceAsked', ({ instance, outcome, tookMs }) => {
      entries.push({
        from: 'driver',
        name: 'instanceAsked',
        instance,
        outcome,
        tookMs,
        ...common(),
      })
    })
    aurora.on('writerPromoted', ({ writer: instance }) => {
      entries.push({ from: 'driver', name: 'writerPromoted', instance, ...common() })
    })
    aurora.on('failoverCompleted', ({ writer: instance, woken }) => {
      entries.push({ from: 'driver', name: 'failoverCompleted', instance, woken, ...common() })
    })
    cluster.on((event) => {
      const atMs = performance.now()
      entries.push({ from: 'simulator', atMs, event, instanceLookups: instanceLookups() })
    })
  }

  const indexOf = (fits: (entry: Entry) => boolean): number => {
    const index = entries.findIndex(fits)
    if (index < 0) throw new Error('There is no such entry in the log')
    return index
  }
  const isDriver = (name: string) => (entry: Entry) =>
    entry.from === 'driver' && entry.name === name
  const isSimulator = (type: ClusterEvent['type']) => (entry: Entry) =>
    entry.from === 'simulator' && entry.event.type === type

  it('moves to the promoted instance in one episode', () => {
    expect(entries.filter(isDriver('failoverStarted'))).toHaveLength(1)
    const completed = entries.filter(isDriver('failoverCompleted'))
    expect(completed).toMatchObject([{ instance: promoted }])
    expect(cluster.writer.id).toBe(promoted)
  })

  it('fails no read', () => {
    expect(load.failures.filter(({ kind }) => kind === 'read')).toEqual([])
    expect(load.counts.read).toBeGreaterThan(READERS)
  })

  it('fails at most the writes that were under way, each marked as unknown', () => {
    const { atMs } = entries[indexOf(isDriver('failoverStarted'))] as Entry
    const failed = load.failures.filter(({ kind }) => kind === 'write')
    expect(failed).not.toEqual([])
    const workers = failed.map(({ worker }) => worker)
    expect(new Set(workers).size).toBe(workers.length)
    for (const { error, calledAtMs } of failed) {
      expect(error.aurora).toMatchObject({ outcome: 'unknown', instance: writer })
      expect(calledAtMs).toBeLessThanOrEqual(atMs)
    }
  })

  it('loses no acknowledged write and runs none twice', async () => {
    expect(await load.audit(cluster)).toEqual({ lost: [], doubled: [] })
    expect(load.acknowledged.size).toBeGreaterThan(WRITERS)
  })

  it('looks up no name of an instance', () => {
    const before = entries[indexOf(isSimulator('instance-down'))] as Entry
    const after = entries[indexOf(isDriver('failoverCompleted'))] as Entry
    expect(after.instanceLookups).toBe(before.instanceLookups)
  })

  it('believes the first answer that the promoted instance gives after its promotion', () => {
    const promotion = indexOf(isSimulator('promoted'))
    const belief = indexOf(isDriver('writerPromoted'))
    const isAskedOfPromoted = (entry: Entry) =>
      entry.from === 'simulator' &&
      entry.event.type === 'topology-asked' &&
      entry.event.instance === promoted
    const between = entries.slice(promotion, belief)
    expect(between.filter(isAskedOfPromoted)).toHaveLength(1)
    const answers = between
      .slice(between.findIndex(isAskedOfPromoted))
      .filter((entry) => entry.from === 'driver' && entry.name === 'instanceAsked')
      .filter((entry) => 'instance' in entry && entry.instance === promoted)
    // The answer itself is told of before what follows from it.
    expect(answers.length).toBeGreaterThan(0)
    for (const answer of answers) expect(answer).toMatchObject({ outcome: 'writer' })
  })

  it('goes on asking the promoted instance, and not less and less often', () => {
    const started = entries[indexOf(isDriver('failoverStarted'))] as Entry
    const questions = entries
      .slice(indexOf(isDriver('failoverStarted')), indexOf(isDriver('failoverCompleted')))
      .filter(
        (entry): entry is Entry & { from: 'driver'; tookMs: number } =>
          entry.from === 'driver' && entry.name === 'instanceAsked' && entry.instance === promoted,
      )
    expect(questions).not.toEqual([])
    for (const [index, { atMs, tookMs }] of questions.entries()) {
      const previous = questions[index - 1] ?? started
      const gapMs = atMs - tookMs - previous.atMs
      const lateMs = lateness.between(previous.atMs, atMs - tookMs)
      expect(gapMs - lateMs).toBeLessThanOrEqual(LONGEST_GAP_MS)
    }
  })

  it('starts whatever waits in the very turn in which the failover is completed', () => {
    const belief = entries[indexOf(isDriver('writerPromoted'))] as Entry & { from: 'driver' }
    const completion = entries[indexOf(isDriver('failoverCompleted'))] as Entry & { from: 'driver' }
    expect(belief.waiting).toBeGreaterThan(0)
    expect(completion.woken).toBe(belief.waiting)
    expect(completion.waiting).toBe(0)
    expect(completion.begun).toBeGreaterThanOrEqual(belief.waiting)
  })
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
