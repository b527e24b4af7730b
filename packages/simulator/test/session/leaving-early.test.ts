import { createConnection } from 'mysql2'
import { describe, expect, it } from 'vitest'
import type { ClusterInstance } from '../../src/index.js'
import { openCluster, storages } from '../open-cluster.js'

const clients = 200

describe.each(storages)('on %s', (storage) => {
  it('a client that leaves at any point of its login is told as closed if it was told as opened', async () => {
    const cluster = await openCluster({ storage, instances: 2 })
    const reader = cluster.readers[0] as ClusterInstance
    for (let left = 0; left < clients; left += 1) {
      const connection = createConnection({ ...cluster.plainConnection, host: reader.endpoint })
      connection.on('error', () => undefined)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      connection.destroy()
    }
    const told = (type: 'connection-opened' | 'connection-closed') =>
      cluster.log
        .filter((event) => event.type === type)
        .map((event) => 'threadId' in event && event.threadId)
        .toSorted()
    await expect.poll(() => reader.counters.connectionsOpen).toBe(0)
    await expect.poll(() => told('connection-closed')).toEqual(told('connection-opened'))
  })
})
