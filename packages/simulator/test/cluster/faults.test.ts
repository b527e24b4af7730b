import { connect } from 'node:net'
import type { Connection } from 'mysql2/promise'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Cluster, ClusterInstance, Fault } from '../../src/index.js'
import {
  connectTo,
  errorOf,
  firstRow,
  lossOf,
  openCluster,
  storages,
  within,
} from '../open-cluster.js'

describe.each(storages)('on %s', (storage) => {
  let cluster: Cluster
  let reader: ClusterInstance

  beforeEach(async () => {
    cluster = await openCluster({ storage, instances: 2, timings: { dnsMs: 50 } })
    reader = cluster.readers[0] as ClusterInstance
  })

  const silenceMs = 150

  interface Sight {
    readonly open: string
    readonly fresh: string
  }

  /** What a client sees of an instance: on a connection from before, and when it connects now. Only silence has a time. */
  async function seen(open: Connection, instance: ClusterInstance, expected: Sight) {
    const query = open.query('SELECT 1').then(
      () => 'answers' as const,
      (error) => `fails: ${error.code}`,
    )
    const fresh = connectTo(cluster, instance).then(
      () => 'answers' as const,
      (error) => `fails: ${error.code}`,
    )
    const look = (what: Promise<string>, sight: string) =>
      sight === 'silent' ? within(what, silenceMs) : what
    return { open: await look(query, expected.open), fresh: await look(fresh, expected.fresh) }
  }

  describe('an outage as clients see it', () => {
    const gone = 'fails: ECONNRESET'
    const cases: readonly [Fault['type'], Fault, Sight][] = [
      ['crash', { type: 'crash' }, { open: gone, fresh: 'fails: ECONNREFUSED' }],
      ['hang', { type: 'hang' }, { open: 'silent', fresh: 'silent' }],
      ['reset', { type: 'reset' }, { open: gone, fresh: 'answers' }],
      ['refuse', { type: 'refuse' }, { open: 'answers', fresh: 'fails: ECONNREFUSED' }],
      ['slow', { type: 'slow', delayMs: 60_000 }, { open: 'silent', fresh: 'silent' }],
      [
        'overload',
        { type: 'overload', maxConnections: 1 },
        { open: 'answers', fresh: 'fails: ER_CON_COUNT_ERROR' },
      ],
    ]
    it.each(cases)('%s', async (_, fault, expected) => {
      const other = await connectTo(cluster, reader)
      const open = await connectTo(cluster)
      // The error comes on the idle connection; the query after it says the same in mysql2's words.
      const loss = lossOf(open)
      const heal = await cluster.inject(fault)
      if (expected.open === gone) {
        expect(await loss).toBe('ECONNRESET')
        const fresh = await connectTo(cluster).then(
          () => 'answers',
          (error) => `fails: ${error.code}`,
        )
        expect(fresh).toBe(expected.fresh)
      } else {
        expect(await seen(open, cluster.writer, expected)).toEqual(expected)
      }
      await other.query('SELECT 1')
      await heal()
      const again = await connectTo(cluster)
      await again.query('SELECT 1')
    })
  })

  describe('crash', () => {
    it('ends what the instance had under way: no write follows its death', async () => {
      await cluster.query('CREATE TABLE t (id INT PRIMARY KEY, v INT)')
      await cluster.query('INSERT INTO t VALUES (1, 0)')
      const blocked = await connectTo(cluster)
      const locker = await connectTo(cluster)
      await locker.beginTransaction()
      await locker.query('UPDATE t SET v = 2')
      const waiting = errorOf(blocked.query('UPDATE t SET v = v + 10'))
      await within(waiting, silenceMs)
      await cluster.crash(cluster.writer.id)
      expect((await waiting).code).toBe('ECONNRESET')
      await new Promise((resolve) => setTimeout(resolve, silenceMs))
      const [row] = await cluster.query('SELECT v FROM t')
      expect(row).toEqual({ v: 0 })
    })

    it('comes back with its role after returnAfterMs', async () => {
      const returned = cluster.until('instance-up')
      await cluster.crash(reader.id, { returnAfterMs: 100 })
      expect(reader.state).toBe('down')
      expect(await returned).toMatchObject({ instance: reader.id, role: 'reader' })
      const connection = await connectTo(cluster, reader)
      expect(await firstRow(connection, 'SELECT @@innodb_read_only AS r')).toEqual({ r: 1 })
    })

    it('is not ended by the return from an earlier one', async () => {
      await cluster.crash(reader.id, { returnAfterMs: 100 })
      await cluster.restart(reader.id)
      await cluster.crash(reader.id)
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(reader.state).toBe('down')
    })
  })

  describe('hang', () => {
    it('answers late when healed, on old and on new connections', async () => {
      const open = await connectTo(cluster)
      const heal = await cluster.inject({ type: 'hang' })
      const late = open.query('SELECT 1 AS one')
      const greeted = connectTo(cluster)
      expect(await within(late, silenceMs)).toBe('silent')
      await heal()
      expect((await late)[0]).toEqual([{ one: 1 }])
      expect(await firstRow(await greeted, 'SELECT 2 AS two')).toEqual({ two: 2 })
    })

    it('accepts connections in the kernel and sends not one byte', async () => {
      await cluster.hang(cluster.writer.id)
      const socket = connect(cluster.writer.port, cluster.writer.address)
      await new Promise((resolve) => socket.once('connect', resolve))
      const heard = new Promise((resolve) => socket.once('data', resolve))
      expect(await within(heard, silenceMs)).toBe('silent')
      socket.destroy()
    })
  })

  describe('slow', () => {
    it('delays every reply', async () => {
      const open = await connectTo(cluster)
      await cluster.inject({ type: 'slow', delayMs: 300 })
      const before = performance.now()
      await open.query('SELECT 1')
      await open.query('SELECT 1')
      expect(performance.now() - before).toBeGreaterThanOrEqual(600 - 2)
    })

    it('delays nothing on other instances', async () => {
      await cluster.inject({ type: 'slow', delayMs: 600_000 })
      await (await connectTo(cluster, reader)).query('SELECT 1')
    })
  })

  describe('restart', () => {
    it('resets connections and serves at once, with the same role', async () => {
      const open = await connectTo(cluster)
      const loss = lossOf(open)
      await cluster.restart(cluster.writer.id)
      expect(await loss).toBe('ECONNRESET')
      await (await connectTo(cluster)).query('CREATE TABLE t (id INT)')
    })
  })

  describe('overload', () => {
    it('speaks error 1040 with the state that clients look for', async () => {
      await cluster.inject({ type: 'overload', maxConnections: 0 })
      const error = await errorOf(connectTo(cluster))
      expect([error.errno, error.message]).toEqual([1040, 'Too many connections'])
      expect(cluster.writer.counters.connectionsRefused).toBe(1)
    })
  })

  describe('every fault', () => {
    it('is logged when injected and once when healed', async () => {
      const heal = await cluster.inject({ type: 'stale-view' })
      await Promise.all([heal(), heal()])
      const types = cluster.log.map((event) => event.type)
      expect(types.filter((type) => type === 'fault-injected')).toHaveLength(1)
      expect(types.filter((type) => type === 'fault-healed')).toHaveLength(1)
    })

    it('names the instances there are when it is given an unknown one', async () => {
      await expect(cluster.inject({ type: 'crash', instance: 'nobody' })).rejects.toThrow(
        /instance-1, instance-2/,
      )
    })
  })
})
