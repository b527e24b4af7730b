import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type Fault, startCluster } from '../../src/index.js'

let cluster: Cluster

beforeAll(async () => {
  const timings = { detectMs: 5, promoteMs: 10, dnsMs: 10, staleMs: 5, returnMs: 10 }
  cluster = await startCluster({ storage: 'embedded', instances: 3, timings })
})

afterEach(async () => {
  for (const { id } of cluster.faults.toReversed()) await cluster.heal(id)
})

afterAll(() => cluster.close())

const inForce = () => cluster.faults.map((each) => each.type)

describe('the faults in force', () => {
  it('are listed with what they strike, oldest first, until they are healed', async () => {
    const heal = await cluster.inject({ type: 'slow', delayMs: 5 })
    await cluster.inject({ type: 'lag', lagMs: 100, instance: 'instance-3' })
    await cluster.inject({ type: 'dns-down' })
    expect(cluster.faults).toMatchObject([
      { id: heal.id, type: 'slow', instance: cluster.writer.id, fault: { delayMs: 5 } },
      { type: 'lag', instance: 'instance-3' },
      { type: 'dns-down' },
    ])
    expect(cluster.faults[2]).not.toHaveProperty('instance')
    await heal()
    expect(inForce()).toEqual(['lag', 'dns-down'])
  })

  it('of one kind lie over each other: the rest holds, whichever is healed', async () => {
    const isUp = () =>
      new Promise((resolve) =>
        cluster.lookup(cluster.writerEndpoint, {}, (error) => resolve(!error)),
      )
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const heals = [
        await cluster.inject({ type: 'dns-down' }),
        await cluster.inject({ type: 'dns-down' }),
      ]
      await heals[order[0]]?.()
      expect(await isUp()).toBe(false)
      await heals[order[1]]?.()
      expect(await isUp()).toBe(true)
    }
    const [reader] = cluster.readers
    const reported = () => {
      const row = cluster.writer.hostStatus.find((each) => each.serverId === reader?.id)
      return Math.floor((row?.lagMs ?? 0) / 1000)
    }
    const first = await cluster.inject({ type: 'lag', lagMs: 1000 })
    const second = await cluster.inject({ type: 'lag', lagMs: 5000 })
    await expect.poll(reported).toBeGreaterThanOrEqual(5)
    await first()
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(reported()).toBeGreaterThanOrEqual(5)
    await second()
    await expect.poll(reported).toBe(0)
  })

  it('leave the list by themselves when their time is over', async () => {
    const faults: readonly Fault[] = [
      { type: 'crash', instance: 'instance-3', returnAfterMs: 20 },
      { type: 'hang', instance: 'instance-3', returnAfterMs: 20 },
      { type: 'stale-view', forMs: 20 },
      { type: 'failover' },
    ]
    for (const fault of faults) {
      const over = cluster.until('fault-healed')
      const { id } = await cluster.inject(fault)
      expect(await over).toMatchObject({ id, fault: fault.type })
      expect(inForce()).toEqual([])
    }
  })

  it('leave it when something else brings the instance back', async () => {
    await cluster.inject({ type: 'crash', instance: 'instance-3' })
    await cluster.restart('instance-3')
    expect(inForce()).toEqual([])
  })

  it('healed when they are over undo nothing that came later', async () => {
    const heal = await cluster.inject({ type: 'crash', instance: 'instance-3' })
    await heal()
    await cluster.inject({ type: 'crash', instance: 'instance-3' })
    await heal()
    expect(cluster.instance('instance-3').state).toBe('down')
    expect(await cluster.heal(heal.id)).toBe(false)
  })

  it('of a moment, and those that could not be injected, are never listed', async () => {
    await cluster.inject({ type: 'reset' })
    await cluster.inject({ type: 'zero-downtime-restart' })
    await expect(cluster.inject({ type: 'crash', instance: 'nobody' })).rejects.toThrow(/expected/)
    await expect(cluster.inject({ type: 'reader-added', id: 'instance-1' })).rejects.toThrow(
      /taken/,
    )
    expect(inForce()).toEqual([])
  })

  it('go with the instance that they strike', async () => {
    const added = await cluster.addReader()
    await cluster.inject({ type: 'slow', delayMs: 5, instance: added.id })
    await cluster.removeReader(added.id)
    expect(inForce()).toEqual([])
  })

  it('that add or remove a reader are over when somebody else takes that back', async () => {
    const heal = await cluster.inject({ type: 'reader-added', id: 'late' })
    await cluster.removeReader('late')
    expect(inForce()).toEqual([])
    const before = cluster.instances.map((each) => each.id)
    await heal()
    expect(cluster.instances.map((each) => each.id)).toEqual(before)

    await cluster.addReader({ id: 'late' })
    await cluster.inject({ type: 'reader-removed', instance: 'late' })
    await cluster.addReader({ id: 'late' })
    expect(inForce()).toEqual([])
    await cluster.removeReader('late')
  })

  it('a silence over a crash does not bring the instance back when it is healed', async () => {
    const crash = await cluster.inject({ type: 'crash', instance: 'instance-3' })
    const silence = await cluster.inject({ type: 'hang', instance: 'instance-3' })
    await silence()
    expect([cluster.instance('instance-3').state, inForce()]).toEqual(['down', ['crash']])
    await crash()
    expect(cluster.instance('instance-3').state).toBe('up')
  })

  it('a crash over a silence is what counts', async () => {
    const silence = await cluster.inject({ type: 'hang', instance: 'instance-3' })
    const crash = await cluster.inject({ type: 'crash', instance: 'instance-3' })
    await silence()
    expect([cluster.instance('instance-3').state, inForce()]).toEqual(['down', ['crash']])
    await crash()
    expect(cluster.instance('instance-3').state).toBe('up')
  })

  it('a failover is listed before its reader is promoted, and can be healed then', async () => {
    const promoted = cluster.failover({ promoteMs: 100, returnMs: Number.POSITIVE_INFINITY })
    await expect.poll(inForce).toEqual(['failover'])
    const [fault] = cluster.faults
    await cluster.heal(fault?.id ?? '')
    await promoted
    expect(cluster.instances.map((each) => each.state)).toEqual(['up', 'up', 'up'])
    expect(inForce()).toEqual([])
  })
})
