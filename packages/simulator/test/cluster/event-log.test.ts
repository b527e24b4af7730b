import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connectTo, errorOf, openCluster } from '../open-cluster.js'

describe('the log', () => {
  it('tells what happened, in order, on one clock', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 2 })
    const connection = await connectTo(cluster, cluster.readers[0])
    await errorOf(connection.query('CREATE TABLE t (v INT)'))
    await connection.end()
    await cluster.until('connection-closed')
    const [opened, refused, closed] = cluster.log.slice(-3)
    const about = { instance: 'instance-2', threadId: connection.threadId }
    expect(opened).toMatchObject({ type: 'connection-opened', purpose: 'application', ...about })
    expect(refused).toMatchObject({ type: 'statement-refused', errno: 1836, ...about })
    expect(closed).toMatchObject({ type: 'connection-closed', ...about })
    const times = cluster.log.map((event) => event.atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(cluster.nowMs).toBeGreaterThanOrEqual(times.at(-1) as number)
  })

  it('is handed to listeners until they stop', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    const heard: string[] = []
    const off = cluster.on((event) => heard.push(event.type))
    const heal = await cluster.inject({ type: 'dns-down' })
    off()
    await heal()
    expect(heard).toEqual(['fault-injected'])
  })

  it('until() takes a type or a predicate, sees only what comes, and gives up with a reason', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    await expect(cluster.until('started', { timeoutMs: 30 })).rejects.toThrow(
      /'started'.*timeoutMs \(30\)/,
    )
    const wanted = cluster.until((event) => event.type === 'fault-healed')
    const heal = await cluster.inject({ type: 'dns-down' })
    await heal()
    expect(await wanted).toMatchObject({ type: 'fault-healed', fault: 'dns-down' })
  })

  it('tells who still waits that the cluster was closed', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    const waiting = cluster.until('promoted')
    const failover = cluster.failover({ promoteMs: 60_000 })
    await cluster.close()
    await expect(waiting).rejects.toThrow(/'promoted' before the cluster was closed/)
    await failover
  })

  it('says nothing of sockets that never logged in', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    const socket = connect(cluster.port, cluster.writer.address)
    await once(socket, 'data')
    socket.destroy()
    await connectTo(cluster)
    const types = cluster.log.map((event) => event.type)
    expect(types).not.toContain('connection-closed')
    expect(cluster.writer.counters).toMatchObject({ connectionsAccepted: 2, connectionsOpen: 1 })
  })

  it('holds neither SQL nor passwords', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    const connection = await connectTo(cluster)
    await connection.query("SELECT 'hunter2' AS secret")
    await errorOf(connectTo(cluster, undefined, { password: 'wrong-password' }))
    const told = JSON.stringify(cluster.log)
    for (const secret of ['hunter2', 'SELECT', 'app-password', 'wrong-password']) {
      expect(told).not.toContain(secret)
    }
  })
})
