import { describe, expect, it } from 'vitest'
import { type PlayedStep, playScenario } from '../../src/scenario/play-scenario.js'
import { openCluster } from '../open-cluster.js'

describe('a scenario on a cluster', () => {
  it('injects and heals in time, a long fault delaying no other', async () => {
    const cluster = await openCluster({ storage: 'embedded' })
    const played: PlayedStep[] = []
    const steps = [
      { atMs: 0, fault: { type: 'failover', promoteMs: 400, returnMs: 10, dnsMs: 10 } as const },
      { atMs: 50, fault: { type: 'lag', lagMs: 500 } as const, healAfterMs: 50 },
    ]
    await playScenario(
      { steps },
      {
        inject: (fault) => cluster.inject(fault),
        heal: (id) => cluster.heal(id),
        onStep: (step) => played.push(step),
      },
    )
    const told = played.map((step) => `${step.what} ${step.fault.type}`)
    expect(told).toEqual(['injected lag', 'healed lag', 'injected failover'])
    for (const [index, step] of steps.entries()) {
      const { atMs } = played.find((each) => each.fault === step.fault) as PlayedStep
      expect(atMs, `step ${index}`).toBeGreaterThanOrEqual(step.atMs - 1)
    }
  })

  it('ended early undoes what it would have undone, and injects nothing more', async () => {
    const cluster = await openCluster({ storage: 'embedded' })
    const ending = new AbortController()
    const scenario = {
      steps: [
        { atMs: 0, fault: { type: 'dns-down' } as const, healAfterMs: 1_000_000 },
        { atMs: 1_000_000, fault: { type: 'reset' } as const },
      ],
    }
    await playScenario(scenario, {
      inject: (fault) => cluster.inject(fault),
      heal: (id) => cluster.heal(id),
      onStep: () => ending.abort(),
      signal: ending.signal,
    })
    expect(cluster.faults).toEqual([])
    expect(cluster.log.filter((event) => event.type === 'fault-injected')).toHaveLength(1)
  })

  it('fails with the first fault that could not be injected, what came before undone', async () => {
    const cluster = await openCluster({ storage: 'embedded', instances: 1 })
    const scenario = {
      steps: [
        { atMs: 0, fault: { type: 'slow', delayMs: 1 } as const, healAfterMs: 1_000_000 },
        { atMs: 20, fault: { type: 'crash', instance: 'nobody' } as const },
      ],
    }
    const played = playScenario(scenario, {
      inject: (fault) => cluster.inject(fault),
      heal: (id) => cluster.heal(id),
    })
    await expect(played).rejects.toThrow(/expected one of instance-1/)
    expect(cluster.faults).toEqual([])
  })
})
