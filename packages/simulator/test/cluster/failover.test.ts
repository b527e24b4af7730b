import type { RowDataPacket } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import type { ClusterInstance } from '../../src/index.js'
import {
  connectTo,
  errorOf,
  firstRow,
  lossOf,
  openCluster,
  storages,
  within,
} from '../open-cluster.js'

const timings = {
  refreshMs: 20,
  detectMs: 50,
  promoteMs: 200,
  dnsMs: 200,
  staleMs: 150,
  returnMs: 300,
}

describe.each(storages)('on %s', (storage) => {
  describe.each(['crash', 'hang', 'planned'] as const)('a failover by %s', (how) => {
    it('promotes a reader, and everything follows in Aurora’s order', async () => {
      // Nothing follows the promotion before it is called for.
      const later = { dnsMs: 600_000, staleMs: 600_000, returnMs: 600_000 }
      const cluster = await openCluster({ storage, timings })
      await cluster.query('CREATE TABLE t (v INT)')
      const former = cluster.writer
      const bystander = cluster.readers[1] as ClusterInstance
      const onFormer = await connectTo(cluster)
      const onBystander = await connectTo(cluster, bystander)
      const onPromoted = await connectTo(cluster, cluster.readers[0])
      const cut = lossOf(onPromoted)

      const follow = await cluster.inject({ type: 'failover', how, ...later })
      expect(cluster.writer.id).toBe('instance-2')
      expect(await cut).toBe('ECONNRESET')
      // The name still means the old writer; the new one serves under its own.
      const patienceMs = how === 'hang' ? 50 : 5_000
      const answer = await within(errorOf(connectTo(cluster)), patienceMs)
      expect(answer === 'silent').toBe(how === 'hang')
      const writer = await connectTo(cluster, cluster.writer)
      await writer.query('INSERT INTO t VALUES (1)')
      expect(await firstRow(writer, 'SELECT @@innodb_read_only AS r')).toEqual({ r: 0 })
      // The bystander lives, and its copy is behind.
      const sql =
        "SELECT server_id FROM information_schema.replica_host_status WHERE session_id = 'MASTER_SESSION_ID'"
      const [stale] = await onBystander.query(sql)
      expect(stale).toEqual([{ server_id: former.id }])
      await follow()
      const [rows] = await onBystander.query<RowDataPacket[]>(sql)
      expect(rows.map((row) => row.server_id)).toContain('instance-2')
      await (await connectTo(cluster)).query('INSERT INTO t VALUES (2)')
      // The old writer is back as a reader, its old connections are gone.
      expect(former).toMatchObject({ role: 'reader', state: 'up' })
      expect((await errorOf(onFormer.query('INSERT INTO t VALUES (3)'))).message).toMatch(
        /closed state|ECONNRESET/,
      )
      const returned = await connectTo(cluster, former)
      expect((await errorOf(returned.query('INSERT INTO t VALUES (4)'))).errno).toBe(1290)
      expect(await cluster.query('SELECT v FROM t ORDER BY v')).toEqual([{ v: 1 }, { v: 2 }])

      const told = cluster.log.map((event) => event.type)
      const order = ['fault-injected', 'writer-lost', 'promoted', 'dns-updated'] as const
      const places = order.map((type) => told.lastIndexOf(type))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    })
  })

  describe('a failover', () => {
    it('does not let the hung writer commit after the promotion', async () => {
      const cluster = await openCluster({
        storage,
        timings: { ...timings, returnMs: Number.POSITIVE_INFINITY },
      })
      await cluster.query('CREATE TABLE t (id INT PRIMARY KEY, v INT)')
      await cluster.query('INSERT INTO t VALUES (1, 0)')
      const inTransaction = await connectTo(cluster)
      await inTransaction.beginTransaction()
      await inTransaction.query('UPDATE t SET v = 1')
      const failover = cluster.failover({ how: 'hang' })
      const commit = inTransaction.commit()
      commit.catch(() => undefined)
      await failover
      const writer = await connectTo(cluster, cluster.writer)
      await writer.query('UPDATE t SET v = v + 10')
      expect(await firstRow(writer, 'SELECT v FROM t')).toEqual({ v: 10 })
      expect(await within(commit, 100)).toBe('silent')
    })

    it('promotes the reader asked for, else the lowest tier', async () => {
      const instances = [
        { id: 'a' },
        { id: 'b', tier: 5 },
        { id: 'c', tier: 0 },
        { id: 'd', tier: 3 },
      ]
      const cluster = await openCluster({
        storage,
        instances,
        timings: { ...timings, promoteMs: 50 },
      })
      await cluster.failover()
      expect(cluster.writer.id).toBe('c')
      await cluster.failover({ to: 'b' })
      expect(cluster.writer.id).toBe('b')
    })

    it('restarts the writer when there is no reader', async () => {
      const cluster = await openCluster({ storage, instances: 1, timings })
      const loss = lossOf(await connectTo(cluster))
      await cluster.failover()
      expect(await loss).toBe('ECONNRESET')
      expect(cluster.writer).toMatchObject({ id: 'instance-1', role: 'writer', state: 'up' })
      await (await connectTo(cluster)).query('CREATE TABLE t (v INT)')
    })

    it('leaves the promoted reader’s connections alone when told to', async () => {
      const cluster = await openCluster({ storage, timings })
      const open = await connectTo(cluster, cluster.readers[0])
      await cluster.failover({ restartPromoted: false })
      await open.query('CREATE TABLE t (v INT)')
    })

    it.each(['crash', 'hang'] as const)('after a %s only promotes', async (type) => {
      const cluster = await openCluster({ storage, timings })
      const former = cluster.writer
      const open = await connectTo(cluster)
      const loss = lossOf(open)
      const heal = await cluster.inject({ type })
      await cluster.failover({ returnMs: Number.POSITIVE_INFINITY })
      expect(cluster.writer.id).toBe('instance-2')
      expect(cluster.instance('instance-3').state).toBe('up')
      await heal()
      expect(former).toMatchObject({ role: 'reader', state: 'up' })
      // A host that was fenced off has no earlier connections.
      expect(await loss).toBe('ECONNRESET')
      const returned = await connectTo(cluster, former)
      expect((await errorOf(returned.query('CREATE TABLE t (v INT)'))).errno).toBe(1836)
    })

    it('inside another one strikes the next in line, and ends with one writer', async () => {
      const cluster = await openCluster({ storage, timings })
      const first = cluster.failover()
      const second = cluster.failover({ promoteMs: 300 })
      await Promise.all([first, second])
      expect(cluster.writer.id).toBe('instance-3')
      await (await connectTo(cluster, cluster.writer)).query('CREATE TABLE t (v INT)')
      await cluster.until('instance-up')
      await cluster.until('instance-up')
      expect(cluster.instances.map((each) => each.role).toSorted()).toEqual([
        'reader',
        'reader',
        'writer',
      ])
      expect(cluster.instances.map((each) => each.state)).toEqual(['up', 'up', 'up'])
    })

    it('brings the old writer back from itself alone, not from what has struck it since', async () => {
      const cluster = await openCluster({ storage, timings })
      const former = cluster.writer
      const endFirst = await cluster.inject({ type: 'failover', returnMs: 600_000 })
      await cluster.restart(former.id)
      await cluster.inject({ type: 'crash', instance: former.id })
      await endFirst()
      expect(former.state).toBe('down')
    })

    it('with all instances struck ends in service', async () => {
      const cluster = await openCluster({ storage, instances: 2, timings })
      await Promise.all([cluster.failover(), cluster.failover({ promoteMs: 300 })])
      await (await connectTo(cluster, cluster.writer)).query('CREATE TABLE t (v INT)')
      expect(cluster.instances.filter((each) => each.role === 'writer')).toHaveLength(1)
    })

    it('healed early: names and the old writer are back at once', async () => {
      const cluster = await openCluster({
        storage,
        timings: { ...timings, dnsMs: 60_000, returnMs: 60_000 },
      })
      const former = cluster.writer
      const heal = await cluster.inject({ type: 'failover' })
      await heal()
      expect(former).toMatchObject({ role: 'reader', state: 'up' })
      await (await connectTo(cluster)).query('CREATE TABLE t (v INT)')
    })
  })
})

describe('a failover on a server', () => {
  it('neither waits for what the hung writer runs, nor lets it take effect', async () => {
    const cluster = await openCluster({
      timings: { ...timings, returnMs: Number.POSITIVE_INFINITY },
    })
    await cluster.query('CREATE TABLE t (v INT)')
    const onFormer = await connectTo(cluster)
    await cluster.query(
      'CREATE TABLE n AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT * FROM n',
    )
    const sql = 'INSERT INTO t SELECT SLEEP(1) FROM n'
    onFormer.query(sql).catch(() => undefined)
    const isRunning = async () => {
      const threads = await cluster.query('SHOW PROCESSLIST')
      return threads.some(({ Info }) => Info === sql)
    }
    await expect.poll(isRunning).toBe(true)
    await cluster.failover({ how: 'hang' })
    await expect.poll(isRunning).toBe(false)
    expect(await cluster.query('SELECT v FROM t')).toEqual([])
  })
})
