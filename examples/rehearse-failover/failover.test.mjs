// A failover as a test of an application: start a cluster, load it, break it, assert.
//
// What to see: startCluster() is up in a fraction of a second and needs nothing installed; each test breaks the cluster
// in another way and waits for events, not for times; what is asserted is what customers were told, compared with what
// is in the table.
//
//   npm test

import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Customers } from './customers.mjs'
import { OrderService } from './order-service.mjs'

/** Everything quicker than in production: a test says what happens in which order, not how long it takes. */
const timings = { detectMs: 100, promoteMs: 300, dnsMs: 1000, returnMs: 500 }

let cluster
let pool
let customers

beforeEach(async () => {
  cluster = await startCluster({ storage: 'embedded', timings })
  pool = createAuroraPool({ ...cluster.connection, connectionLimit: 16 })
  const service = new OrderService(pool)
  await service.createTable()
  await pool.aurora.ready()
  customers = new Customers(service)
  customers.start()
  await customers.morePlaced(20)
})

afterEach(async () => {
  await customers.stop()
  await pool.end()
  await cluster.close()
})

/** How often each order is in the table; asked past every instance. */
async function rowsPerOrder() {
  const rows = await cluster.query('SELECT reference, COUNT(*) AS n FROM orders GROUP BY reference')
  return new Map(rows.map(({ reference, n }) => [reference, Number(n)]))
}

describe('when the writer crashes', () => {
  it('orders go on as soon as a reader is promoted', async () => {
    const old = cluster.writer.id
    const promoted = cluster.until('promoted')
    await cluster.failover({ dnsMs: 600_000 })
    expect((await promoted).from).toBe(old)
    await customers.morePlaced(20)
    // The cluster endpoint still leads to the old writer: nobody has waited for DNS.
    expect(cluster.names.find(({ name }) => name === cluster.writerEndpoint)?.instance).toBe(old)
  })

  it('no page fails, and no order is lost or doubled', async () => {
    await cluster.failover()
    await cluster.until('instance-up')
    await customers.morePlaced(20)
    await customers.stop()

    expect(customers.failedPages).toEqual([])
    // What was under way on the dying writer may have been written or not, and the error says so.
    for (const { error } of customers.failedOrders) expect(error.aurora?.outcome).toBe('unknown')

    const rows = await rowsPerOrder()
    expect(customers.placed.filter((reference) => !rows.has(reference))).toEqual([])
    expect([...rows.values()].filter((count) => count > 1)).toEqual([])
  })
})

describe('when the writer falls silent', () => {
  it('customers wait, and are served by the next one', async () => {
    await cluster.failover({ how: 'hang', returnMs: Number.POSITIVE_INFINITY })
    await customers.morePlaced(20)
    expect(cluster.instances.map(({ state }) => state)).toEqual(['hung', 'up', 'up'])
    expect(customers.failedPages).toEqual([])
  })
})

describe('when a reader dies', () => {
  it('nobody notices', async () => {
    await cluster.crash('instance-3')
    const { pageCount } = customers
    await customers.morePlaced(20)
    expect(customers.pageCount).toBeGreaterThan(pageCount)
    expect(customers.failedPages).toEqual([])
    expect(customers.failedOrders).toEqual([])
  })
})
