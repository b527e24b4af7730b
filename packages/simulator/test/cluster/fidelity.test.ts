import { connect } from 'node:net'
import type { Connection, FieldPacket, RowDataPacket } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import type { ClusterInstance } from '../../src/index.js'
import { connectTo, errorOf, firstRow, openCluster, storages } from '../open-cluster.js'

// What the README's table of fidelity promises and no other file shows.

/** Column types of the protocol. */
const types: Readonly<Record<string, number>> = { dateTime: 12, double: 5, text: 253 }

async function hostStatus(
  connection: Connection,
): Promise<readonly [readonly RowDataPacket[], readonly FieldPacket[]]> {
  return connection.query<RowDataPacket[]>(
    'SELECT * FROM information_schema.replica_host_status ORDER BY SERVER_ID',
  )
}

describe.each(storages)('on %s', (storage) => {
  it('replica_host_status has the six public columns, with their types', async () => {
    const cluster = await openCluster({ storage, instances: 2 })
    const [, fields] = await hostStatus(await connectTo(cluster))
    const shape = fields.map((field) => [field.name, field.columnType] as const)
    expect(shape.slice(0, 5)).toEqual([
      ['SERVER_ID', types.text],
      ['SESSION_ID', types.text],
      ['LAST_UPDATE_TIMESTAMP', types.dateTime],
      ['REPLICA_LAG_IN_MILLISECONDS', types.double],
      ['CPU', types.double],
    ])
    expect(shape.map(([name]) => name)).toEqual([
      ...shape.slice(0, 5).map(([name]) => name),
      'IS_CURRENT',
    ])
    // Microseconds.
    expect(fields[2]?.decimals).toBe(6)
  })

  it('the writer’s row is marked, a reader’s has a UUID that stays', async () => {
    const cluster = await openCluster({ storage, instances: 2 })
    const connection = await connectTo(cluster)
    const [[writer, reader]] = await hostStatus(connection)
    expect(writer?.SESSION_ID).toBe('MASTER_SESSION_ID')
    expect(reader?.SESSION_ID).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    await new Promise((resolve) => setTimeout(resolve, 120))
    const [[, later]] = await hostStatus(connection)
    expect(later?.SESSION_ID).toBe(reader?.SESSION_ID)
  })

  it('the row of an instance that is gone stays, and grows old', async () => {
    const cluster = await openCluster({ storage, instances: 3, timings: { refreshMs: 20 } })
    const connection = await connectTo(cluster)
    await cluster.crash('instance-3')
    const ageSql = `SELECT TIMESTAMPDIFF(MICROSECOND, MIN(LAST_UPDATE_TIMESTAMP), MAX(LAST_UPDATE_TIMESTAMP)) AS behind
      FROM information_schema.replica_host_status`
    await expect
      .poll(async () => Number((await firstRow(connection, ageSql)).behind))
      .toBeGreaterThan(200_000)
    const [rows] = await hostStatus(connection)
    expect(rows.map((row) => row.SERVER_ID)).toEqual(['instance-1', 'instance-2', 'instance-3'])
  })

  it('after a crash of the writer two rows say that they are it, and the newer one is right', async () => {
    const timings = { detectMs: 10, promoteMs: 30, staleMs: 0, dnsMs: 0, returnMs: 60_000 }
    const cluster = await openCluster({ storage, timings: { ...timings, refreshMs: 20 } })
    await cluster.failover({ to: 'instance-2' })
    const connection = await connectTo(cluster, cluster.instance('instance-3'))
    const claimants = async () => {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT SERVER_ID AS id FROM information_schema.replica_host_status
         WHERE SESSION_ID = 'MASTER_SESSION_ID' ORDER BY LAST_UPDATE_TIMESTAMP DESC`,
      )
      return rows.map((row) => row.id)
    }
    await expect.poll(claimants).toEqual(['instance-2', 'instance-1'])
  })

  it('a reader may report no lag at all, and the writer’s lag means nothing', async () => {
    const cluster = await openCluster({ storage, instances: 2, timings: { refreshMs: 10 } })
    const [reader] = cluster.readers
    await cluster.inject({ type: 'lag', lagMs: 0 })
    const connection = await connectTo(cluster)
    const writersLags = new Set<number>()
    await expect
      .poll(async () => {
        const [rows] = await hostStatus(connection)
        writersLags.add(rows[0]?.REPLICA_LAG_IN_MILLISECONDS)
        return rows.find((row) => row.SERVER_ID === reader?.id)?.REPLICA_LAG_IN_MILLISECONDS
      })
      .toBe(0)
    await expect
      .poll(async () => {
        const [rows] = await hostStatus(connection)
        return writersLags.add(rows[0]?.REPLICA_LAG_IN_MILLISECONDS).size
      })
      .toBeGreaterThan(2)
  })

  it('the role is in @@innodb_read_only, which nobody can set, and not in @@read_only', async () => {
    const cluster = await openCluster({ storage, instances: 2 })
    const roles = 'SELECT @@innodb_read_only AS role, @@read_only AS other'
    const onWriter = await connectTo(cluster)
    const onReader = await connectTo(cluster, cluster.readers[0])
    expect(await firstRow(onWriter, roles)).toEqual({ role: 0, other: 0 })
    expect(await firstRow(onReader, roles)).toEqual({ role: 1, other: 0 })
    for (const connection of [onWriter, onReader]) {
      await errorOf(connection.query('SET GLOBAL innodb_read_only = 0'))
    }
    expect(await firstRow(onReader, roles)).toEqual({ role: 1, other: 0 })
  })

  it('tells an application’s own read-only transaction from a reader', async () => {
    const cluster = await openCluster({ storage, instances: 1 })
    await cluster.query('CREATE TABLE t (id INT PRIMARY KEY)')
    const connection = await connectTo(cluster)
    await connection.query('START TRANSACTION READ ONLY')
    expect((await errorOf(connection.query('INSERT INTO t VALUES (1)'))).errno).toBe(1792)
  })

  it('a failover cuts the old writer’s and the promoted reader’s connections, no others', async () => {
    const timings = { detectMs: 10, promoteMs: 30, staleMs: 10, dnsMs: 10, returnMs: 10 }
    const cluster = await openCluster({ storage, timings })
    const open = await Promise.all(cluster.instances.map((each) => connectTo(cluster, each)))
    const over = cluster.until('fault-healed')
    await cluster.failover({ to: 'instance-2' })
    await over
    const living = await Promise.all(
      open.map((each) =>
        each.query('SELECT 1').then(
          () => 'lives',
          () => 'cut',
        ),
      ),
    )
    expect(living).toEqual(['cut', 'cut', 'lives'])
  })

  it('an instance’s certificate is for its own name and the cluster’s, and for no other instance', async () => {
    const cluster = await openCluster({ storage, instances: 2, tls: true })
    const [reader] = cluster.readers as [ClusterInstance]
    const { writer, port } = cluster
    const asked = async (host: string) => {
      const connection = await connectTo(cluster, writer, {
        host,
        ssl: { ca: cluster.ca as string, verifyIdentity: true },
        stream: () => connect(port, writer.address),
      })
      return firstRow(connection, 'SELECT @@aurora_server_id AS id')
    }
    const { writerEndpoint, readerEndpoint, customEndpoint } = cluster
    for (const name of [writer.endpoint, writerEndpoint, readerEndpoint, customEndpoint]) {
      expect(await asked(name)).toEqual({ id: writer.id })
    }
    expect((await errorOf(asked(reader.endpoint))).code).toBe('HANDSHAKE_SSL_ERROR')
  })
})
