import { connect } from 'node:net'
import type { Connection } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import type { ClusterInstance } from '../../src/index.js'
import { connectTo, openCluster, storages } from '../open-cluster.js'

const swaps = 12

describe.each(storages)('on %s', (storage) => {
  it('a session logged in, or changing its user, while roles change has the rights of the role it ends up with', async () => {
    const cluster = await openCluster({ storage, instances: 2, timings: { dnsMs: 0 } })
    await cluster.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)')
    const sessions: { readonly instance: ClusterInstance; readonly connection: Connection }[] = []
    let isSwapping = true
    const logIn = async (instance: ClusterInstance) => {
      const veteran = await connectTo(cluster, instance)
      sessions.push({ instance, connection: veteran })
      while (isSwapping) {
        const login = connectTo(cluster, instance)
        await veteran.changeUser({ user: 'app', password: 'app-password', database: 'app' })
        sessions.push({ instance, connection: await login })
      }
    }
    const logins = cluster.instances.map(logIn)
    for (let swap = 0; swap < swaps; swap += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5 + 10 * Math.random()))
      await cluster.demote()
    }
    isSwapping = false
    await Promise.all(logins)
    expect(sessions.length).toBeGreaterThan(10)
    for (const { instance, connection } of sessions) {
      const outcome = await connection.query('INSERT INTO t () VALUES ()').then(
        () => 'done',
        (error) => error.errno,
      )
      expect([instance.role, outcome]).toEqual([
        instance.role,
        instance.role === 'writer' ? 'done' : 1290,
      ])
    }
  })

  it('a client that connects and never logs in holds up no change of roles', async () => {
    const cluster = await openCluster({ storage, instances: 2 })
    const { writer } = cluster
    const socket = connect(writer.port, writer.address)
    await new Promise((resolve) => socket.once('data', resolve))
    await cluster.demote()
    expect(writer.role).toBe('reader')
    const heal = await cluster.inject({ type: 'lag', instance: writer.id, lagMs: 10 })
    await heal()
    socket.destroy()
  })
})
