import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/index.js'
import { errorOf, openCluster } from '../open-cluster.js'

function lookUp(cluster: Cluster, name: string, options = {}): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    cluster.lookup(name, options, (error, address) => (error ? reject(error) : resolve(address)))
  })
}

describe('names', () => {
  it('have Aurora’s form and lead where they should', async () => {
    const cluster = await openCluster({ clusterName: 'shop' })
    expect(cluster.writerEndpoint).toMatch(
      /^shop\.cluster-[a-z0-9]+\.eu-west-1\.rds\.amazonaws\.com$/,
    )
    expect(cluster.readerEndpoint).toMatch(/^shop\.cluster-ro-/)
    expect(cluster.customEndpoint).toMatch(/\.cluster-custom-/)
    expect(cluster.writer.endpoint).toMatch(/^instance-1\.[a-z0-9]+\.eu-west-1\./)
    expect(await lookUp(cluster, cluster.writerEndpoint)).toBe(cluster.writer.address)
    expect(await lookUp(cluster, `${cluster.writerEndpoint.toUpperCase()}.`)).toBe(
      cluster.writer.address,
    )
    const all = await lookUp(cluster, cluster.writer.endpoint, { all: true })
    expect(all).toEqual([{ address: cluster.writer.address, family: 4 }])
    expect(cluster.lookups.get(cluster.writerEndpoint)).toBe(2)
  })

  it('rotate over the readers, one choice a look-up', async () => {
    const cluster = await openCluster()
    const found = [0, 1, 2, 3].map(() => lookUp(cluster, cluster.readerEndpoint))
    const counts = new Map<unknown, number>()
    for (const address of await Promise.all(found))
      counts.set(address, (counts.get(address) ?? 0) + 1)
    expect(counts).toEqual(new Map(cluster.readers.map((each) => [each.address, 2])))
  })

  it('mean the writer when there is no reader', async () => {
    const cluster = await openCluster({ instances: 1 })
    expect(await lookUp(cluster, cluster.readerEndpoint)).toBe(cluster.writer.address)
  })

  it('lag behind a promotion, the reader’s name still handing out the new writer', async () => {
    const cluster = await openCluster({ timings: { promoteMs: 50, dnsMs: 150 } })
    const former = cluster.writer.address
    await cluster.failover()
    expect(await lookUp(cluster, cluster.writerEndpoint)).toBe(former)
    const readers = [
      await lookUp(cluster, cluster.readerEndpoint),
      await lookUp(cluster, cluster.readerEndpoint),
    ]
    expect(readers).toContain(cluster.writer.address)
    await cluster.until('dns-updated')
    expect(await lookUp(cluster, cluster.writerEndpoint)).toBe(cluster.writer.address)
  })

  it('fail as names do', async () => {
    const cluster = await openCluster({ instances: 1 })
    expect((await errorOf(lookUp(cluster, 'nobody.example'))).code).toBe('ENOTFOUND')
    const heal = await cluster.inject({ type: 'dns-down' })
    expect((await errorOf(lookUp(cluster, cluster.writerEndpoint))).code).toBe('EAI_AGAIN')
    await heal()
    await lookUp(cluster, cluster.writerEndpoint)
  })
})
