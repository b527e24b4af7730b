import { createServer } from 'node:net'
import { createConnection, createPool } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { type ClusterOptions, startCluster } from '../../src/index.js'
import { connectTo, errorOf, firstRow, openCluster, storages } from '../open-cluster.js'

describe.each(storages)('startCluster on %s', (storage) => {
  it('serves a pool of plain mysql2 under the cluster’s name', async () => {
    const cluster = await openCluster({ storage })
    expect(cluster.storage).toBe(storage)
    const pool = createPool({ ...cluster.plainConnection, connectionLimit: 3 })
    const rows = await Promise.all([1, 2, 3, 4].map((n) => pool.query('SELECT ? AS n', [n])))
    expect(rows.map(([each]) => each)).toEqual([1, 2, 3, 4].map((n) => [{ n }]))
    await pool.end()
    expect(cluster.lookups.get(cluster.writerEndpoint)).toBe(3)
  })

  it('takes names, users and passwords as told', async () => {
    const options = { user: 'shop', password: 'p"w\'', database: 'orders', clusterName: 'shop' }
    const cluster = await openCluster({ storage, instances: 1, ...options })
    const connection = await connectTo(cluster)
    expect(await firstRow(connection, 'SELECT DATABASE() AS d')).toEqual({ d: 'orders' })
    expect(cluster.connection).toMatchObject({
      user: 'shop',
      password: 'p"w\'',
      database: 'orders',
    })
    expect(cluster.connection.aurora).toEqual({ lookup: cluster.lookup })
  })

  it('runs several at once, which share nothing', async () => {
    const [a, b] = await Promise.all([openCluster({ storage }), openCluster({ storage })])
    expect(a.writerEndpoint).not.toBe(b.writerEndpoint)
    await a.query('CREATE TABLE t (v INT)')
    await b.query('CREATE TABLE t (v INT)')
    await a.close()
    await b.query('INSERT INTO t VALUES (1)')
  })

  it('closes everything, twice if asked, and through `await using` too', async () => {
    const cluster = await openCluster({ storage })
    const { address } = cluster.writer
    await connectTo(cluster)
    await Promise.all([cluster.close(), cluster.close()])
    await cluster[Symbol.asyncDispose]()
    const error = await errorOf(createConnection({ host: address, port: cluster.port }))
    expect(error.code).toBe('ECONNREFUSED')
    expect(cluster.log.at(-1)?.type).toBe('closed')
  })
})

describe('on one address with a port per instance', () => {
  it('shared names have ports of their own, which lead on as the names do', async () => {
    const cluster = await openCluster({
      addresses: 'ports',
      timings: { promoteMs: 50, dnsMs: 100 },
    })
    expect(new Set(cluster.instances.map((each) => each.address))).toEqual(new Set(['127.0.0.1']))
    expect(new Set(cluster.instances.map((each) => each.port)).size).toBe(3)
    const ask = async (host: string, port: number) => {
      const connection = await createConnection({ ...cluster.plainConnection, host, port })
      const { id } = await firstRow(connection, 'SELECT @@aurora_server_id AS id')
      connection.destroy()
      return id
    }
    expect(await ask(cluster.writerEndpoint, cluster.port)).toBe('instance-1')
    const { reader } = cluster.endpointPorts
    const readers = [
      await ask(cluster.readerEndpoint, reader),
      await ask(cluster.readerEndpoint, reader),
    ]
    expect(readers.toSorted()).toEqual(['instance-2', 'instance-3'])
    const target = cluster.connection.aurora.instanceEndpoint?.('instance-3')
    expect(target).toEqual({
      host: cluster.instance('instance-3').endpoint,
      port: cluster.instance('instance-3').port,
    })
    await cluster.failover()
    expect((await errorOf(ask(cluster.writerEndpoint, cluster.port))).code).toMatch(
      /ECONNRESET|PROTOCOL_CONNECTION_LOST/,
    )
    await cluster.until('dns-updated')
    expect(await ask(cluster.writerEndpoint, cluster.port)).toBe(cluster.writer.id)
  })
})

describe('a given port', () => {
  it('is used by all instances', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    const cluster = await openCluster({ storage: 'embedded', port })
    expect(cluster.instances.map((each) => each.port)).toEqual([port, port, port])
  })
})

describe('options that cannot be meant', () => {
  it.each<[ClusterOptions, RegExp]>([
    [{ instances: 0 }, /instances: expected 1 to 16/],
    [{ instances: 17 }, /instances: expected 1 to 16/],
    [{ instances: [{ id: 'a' }, { id: 'a' }] }, /every id/],
    [{ instances: [{ id: 'a.b' }] }, /id: expected a letter/],
    [{ instances: [{ id: "x' OR 1" }] }, /id: expected a letter/],
    [{ clusterName: '1a' }, /clusterName: expected a letter/],
  ])('%o are refused', async (options, message) => {
    await expect(startCluster(options)).rejects.toThrow(message)
  })
})
