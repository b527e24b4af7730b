import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type ClusterInstance, startCluster } from '../../src/index.js'
import { connectTo, errorOf, firstRow, lossOf, openCluster, storages } from '../open-cluster.js'

describe.each(storages)('on %s', (storage) => {
  const question =
    'SELECT @@aurora_server_id AS answered_by, @@innodb_read_only AS read_only, h.server_id AS server_id, h.session_id AS session_id, TIMESTAMPDIFF(MICROSECOND, h.last_update_timestamp, NOW(6)) AS age_us, h.replica_lag_in_milliseconds AS lag_ms, h.cpu AS cpu FROM (SELECT 1 AS one) AS one LEFT JOIN information_schema.replica_host_status AS h ON 1 = 1'

  async function ask(connection: Connection): Promise<RowDataPacket[]> {
    const [rows] = await connection.query<RowDataPacket[]>(question)
    return rows
  }

  const writersOf = (rows: readonly RowDataPacket[]) =>
    rows.filter((row) => row.session_id === 'MASTER_SESSION_ID').map((row) => row.server_id)
  const membersOf = (rows: readonly RowDataPacket[]) => rows.map((row) => row.server_id).toSorted()

  async function open(instances = 3): Promise<{ cluster: Cluster; reader: ClusterInstance }> {
    const cluster = await openCluster({ storage, instances, timings: { refreshMs: 20, dnsMs: 50 } })
    return { cluster, reader: cluster.readers[0] as ClusterInstance }
  }

  describe('the driver’s question', () => {
    it('gets every instance, its role, a fresh age and a plausible lag, from any instance', async () => {
      const { cluster, reader } = await open()
      for (const asked of [cluster.writer, reader]) {
        const rows = await ask(await connectTo(cluster, asked))
        expect(membersOf(rows)).toEqual(['instance-1', 'instance-2', 'instance-3'])
        expect(writersOf(rows)).toEqual([cluster.writer.id])
        for (const row of rows) {
          expect(row.answered_by).toBe(asked.id)
          expect(row.read_only).toBe(asked.role === 'reader' ? 1 : 0)
          expect(Number(row.age_us)).toBeGreaterThanOrEqual(0)
          expect(Number(row.age_us)).toBeLessThan(2_000_000)
          if (row.server_id !== cluster.writer.id) expect(row.lag_ms).toBeGreaterThanOrEqual(15)
          expect(row.cpu).toBeGreaterThan(0)
        }
      }
    })

    it('gets moving time stamps', async () => {
      const { cluster } = await open()
      const connection = await connectTo(cluster)
      const sql =
        'SELECT MAX(last_update_timestamp) AS at FROM information_schema.replica_host_status'
      const first = await firstRow(connection, sql)
      await expect.poll(() => firstRow(connection, sql)).not.toEqual(first)
    })

    it('shows the time in the zone asked for', async () => {
      const cluster = await openCluster({ storage, instances: 1, timestampZoneMinutes: 330 })
      const row = await firstRow(
        await connectTo(cluster),
        'SELECT ROUND(TIMESTAMPDIFF(SECOND, NOW(6), last_update_timestamp) / 60) AS minutes FROM information_schema.replica_host_status',
      )
      expect(Number(row.minutes)).toBe(330)
    })

    it('is counted, and logged with who asked', async () => {
      const { cluster } = await open(1)
      const monitor = { connectAttributes: { aurora_mysql2_role: 'monitor' } }
      await ask(await connectTo(cluster, cluster.writer, monitor))
      await ask(await connectTo(cluster))
      const asked = cluster.log.filter((event) => event.type === 'topology-asked')
      expect(asked.map((event) => event.purpose)).toEqual(['monitor', 'application'])
      expect(cluster.writer.counters).toMatchObject({
        topologyQuestions: 2,
        monitorConnections: 1,
        reads: 1,
      })
    })
  })

  describe('a prepared question', () => {
    it('gets the answers of the moment of each execution', async () => {
      const { cluster } = await open()
      const connection = await connectTo(cluster)
      const sql =
        "SELECT @@innodb_read_only AS r, h.server_id AS writer, ? AS given FROM information_schema.replica_host_status h WHERE session_id = 'MASTER_SESSION_ID'"
      const [before] = await connection.execute(sql, ['a'])
      expect(before).toEqual([{ r: 0, writer: 'instance-1', given: 'a' }])
      await cluster.demote()
      let questions = 1
      const again = async () => {
        questions += 1
        return (await connection.execute(sql, ['b']))[0]
      }
      // At first both say that they are the writer.
      await expect.poll(again).toEqual([{ r: 1, writer: 'instance-2', given: 'b' }])
      expect(cluster.instance('instance-1').counters).toMatchObject({
        prepared: 1,
        topologyQuestions: questions,
      })
    })
  })

  describe('column names', () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster({ storage, instances: 1 })
    })
    afterAll(() => cluster.close())

    it.each([
      ['SELECT @@aurora_server_id', '@@aurora_server_id', 'instance-1'],
      ['SELECT @@GLOBAL.innodb_read_only', '@@GLOBAL.innodb_read_only', 0],
      ['SELECT aurora_version()', 'aurora_version()', '3.10.0'],
      ['SELECT CONCAT(@@aurora_server_id, 1)', 'CONCAT(@@aurora_server_id, 1)', 'instance-11'],
      ['SELECT Server_ID FROM information_schema.replica_host_status', 'Server_ID', 'instance-1'],
      [
        'SELECT `SESSION_ID` FROM `information_schema`.`REPLICA_HOST_STATUS`',
        'SESSION_ID',
        'MASTER_SESSION_ID',
      ],
      [
        'SELECT replica_host_status.server_id FROM information_schema.replica_host_status',
        'server_id',
        'instance-1',
      ],
      ["SHOW VARIABLES LIKE 'aurora_version'", 'Value', '3.10.0'],
      ["SHOW GLOBAL VARIABLES LIKE 'aurora_server_id'", 'Value', 'instance-1'],
      ["SHOW SESSION VARIABLES LIKE 'innodb_read_only'", 'Value', 'OFF'],
    ])('%s', async (sql, column, value) => {
      const connection = await connectTo(cluster)
      expect((await firstRow(connection, sql))[column]).toBe(value)
      if (sql.startsWith('SHOW')) return
      const [rows] = await connection.execute<RowDataPacket[]>(sql)
      expect(rows[0]?.[column]).toBe(value)
    })

    it('leaves names in strings and comments alone', async () => {
      const row = await firstRow(
        await connectTo(cluster),
        "SELECT '@@aurora_server_id' AS a /* replica_host_status */, 'it''s aurora_version()' AS b",
      )
      expect(row).toEqual({ a: '@@aurora_server_id', b: "it's aurora_version()" })
    })
  })

  describe('faults of the topology', () => {
    it('stale-view: an instance keeps its old picture until it is healed', async () => {
      const { cluster, reader } = await open()
      const connection = await connectTo(cluster, reader)
      const heal = await cluster.inject({ type: 'stale-view', instance: reader.id })
      const added = await cluster.addReader()
      const writer = await connectTo(cluster)
      await expect.poll(async () => membersOf(await ask(writer))).toContain(added.id)
      expect(membersOf(await ask(connection))).not.toContain(added.id)
      await heal()
      expect(membersOf(await ask(connection))).toContain(added.id)
    })

    it('stale-view: or until the time is over', async () => {
      const { cluster, reader } = await open()
      const sinceMs = cluster.nowMs
      await cluster.inject({ type: 'stale-view', instance: reader.id, forMs: 300 })
      const caughtUp = cluster.until(
        (event) => event.type === 'view-refreshed' && event.instance === reader.id,
      )
      const added = await cluster.addReader()
      const { atMs } = await caughtUp
      expect(atMs - sinceMs).toBeGreaterThanOrEqual(300 - 2)
      expect(membersOf(await ask(await connectTo(cluster, reader)))).toContain(added.id)
    })

    it('two-writers: a second row says so, with the older time stamp', async () => {
      const { cluster } = await open()
      const connection = await connectTo(cluster)
      const heal = await cluster.inject({ type: 'two-writers' })
      const rows = await ask(connection)
      expect(writersOf(rows).toSorted()).toEqual(['instance-1', 'instance-2'])
      const age = (id: string) => Number(rows.find((row) => row.server_id === id)?.age_us)
      expect(age('instance-2')).toBeGreaterThan(age('instance-1'))
      await heal()
      expect(writersOf(await ask(connection))).toEqual(['instance-1'])
    })

    it('two-writers: a false writer that becomes the writer tells its time as it is', async () => {
      const { cluster } = await open()
      await cluster.inject({ type: 'two-writers', instance: 'instance-2' })
      await cluster.inject({ type: 'demote-in-place', to: 'instance-2' })
      const connection = await connectTo(cluster, cluster.instance('instance-2'))
      let rows: readonly RowDataPacket[] = []
      const writers = async () => {
        rows = await ask(connection)
        return writersOf(rows)
      }
      // Until the former writer has reported itself, too.
      await expect.poll(writers).toEqual(['instance-2'])
      const age = Number(rows.find((row) => row.server_id === 'instance-2')?.age_us)
      expect(age).toBeLessThan(1_000_000)
    })

    it('two-writers: ends with its instance, whoever gets the name then', async () => {
      const { cluster } = await open()
      await cluster.inject({ type: 'two-writers', instance: 'instance-2' })
      const bringBack = await cluster.inject({ type: 'reader-removed', instance: 'instance-2' })
      await bringBack()
      const connection = await connectTo(cluster)
      const seen = async () => {
        const rows = await ask(connection)
        return [membersOf(rows), writersOf(rows)]
      }
      const all = cluster.instances.map(({ id }) => id).toSorted()
      await expect.poll(seen).toEqual([all, ['instance-1']])
    })

    it('no-writer: nobody says so', async () => {
      const { cluster } = await open()
      const connection = await connectTo(cluster)
      const heal = await cluster.inject({ type: 'no-writer' })
      expect(writersOf(await ask(connection))).toEqual([])
      await heal()
      expect(writersOf(await ask(connection))).toEqual(['instance-1'])
    })

    it('ghost-row: an instance that does not exist, as old as told', async () => {
      const { cluster } = await open()
      await cluster.inject({ type: 'ghost-row', serverId: 'long-gone', ageMs: 60_000 })
      const ghost = (await ask(await connectTo(cluster))).find(
        (row) => row.server_id === 'long-gone',
      )
      expect(Number(ghost?.age_us)).toBeGreaterThan(59_000_000)
    })

    it.each([1142, 1227] as const)(
      'deny-topology: error %i, and other statements run',
      async (errno) => {
        const { cluster } = await open()
        const connection = await connectTo(cluster)
        const heal = await cluster.inject({ type: 'deny-topology', errno })
        expect((await errorOf(ask(connection))).errno).toBe(errno)
        expect(await firstRow(connection, 'SELECT @@aurora_server_id AS id')).toEqual({
          id: 'instance-1',
        })
        await heal()
        expect(await ask(connection)).toHaveLength(3)
      },
    )

    it('empty-topology: no rows, but still an answer', async () => {
      const { cluster } = await open()
      const connection = await connectTo(cluster)
      await cluster.inject({ type: 'empty-topology' })
      expect(await ask(connection)).toMatchObject([{ answered_by: 'instance-1', server_id: null }])
      const [rows] = await connection.query(
        'SELECT server_id FROM information_schema.replica_host_status',
      )
      expect(rows).toEqual([])
    })
  })

  describe('instances that come and go', () => {
    it('an added reader serves, and appears in the table and in the names', async () => {
      const { cluster } = await open(1)
      const named = cluster.until('dns-updated')
      const heal = await cluster.inject({ type: 'reader-added', id: 'application-autoscaling-1' })
      const added = cluster.instance('application-autoscaling-1')
      expect(
        (await errorOf((await connectTo(cluster, added)).query('CREATE TABLE t (id INT)'))).errno,
      ).toBe(1836)
      const connection = await connectTo(cluster)
      await expect.poll(async () => membersOf(await ask(connection))).toContain(added.id)
      expect(await named).toMatchObject({ readers: [added.id] })
      await heal()
      expect(cluster.readers).toEqual([])
    })

    it('a removed reader is gone from the table and from the names, and its connections end', async () => {
      const { cluster, reader } = await open()
      const lost = lossOf(await connectTo(cluster, reader))
      await cluster.removeReader(reader.id)
      expect(await lost).toBe('ECONNRESET')
      const connection = await connectTo(cluster)
      const members = async () => membersOf(await ask(connection))
      await expect.poll(members).toEqual(['instance-1', 'instance-3'])
      expect((await errorOf(connectTo(cluster, reader))).code).toBe('ENOTFOUND')
    })

    it('readers that are added at once have names of their own', async () => {
      const { cluster } = await open(1)
      const added = await Promise.all([cluster.addReader(), cluster.addReader()])
      expect(added.map(({ id }) => id).toSorted()).toEqual(['instance-2', 'instance-3'])
      for (const each of added) {
        const row = await firstRow(
          await connectTo(cluster, each),
          'SELECT @@aurora_server_id AS id',
        )
        expect(row).toEqual({ id: each.id })
      }
      const twins = [cluster.addReader({ id: 'twin' }), cluster.addReader({ id: 'twin' })]
      const outcomes = await Promise.allSettled(twins)
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect(cluster.instances.map(({ id }) => id)).toHaveLength(4)
    })

    it('of two that are promoted at once one is the writer', async () => {
      const { cluster } = await open()
      await Promise.all([
        cluster.demote({ to: 'instance-2' }),
        cluster.demote({ to: 'instance-3' }),
      ])
      expect(cluster.instances.filter(({ role }) => role === 'writer')).toEqual([cluster.writer])
    })

    it('the writer cannot be removed', async () => {
      const { cluster } = await open()
      await expect(cluster.removeReader(cluster.writer.id)).rejects.toThrow(/writer/)
    })
  })
})
