import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../../src/index.js'
import { lanesOf } from '../../src/page/lanes.js'
import { markedEvents } from '../../src/page/marked-events.js'

const present = [
  { id: 'instance-1', role: 'reader' },
  { id: 'instance-2', role: 'writer' },
] as const

/** The writer dies at 2 s, the reader takes over at 3 s, the old writer is back at 6 s. */
const failover: readonly ClusterEvent[] = [
  { type: 'started', atMs: 0, storage: 'embedded' },
  { type: 'instance-down', atMs: 2000, instance: 'instance-1', how: 'crash' },
  { type: 'writer-lost', atMs: 2300, instance: 'instance-1' },
  { type: 'role-changed', atMs: 3000, instance: 'instance-1', role: 'reader' },
  { type: 'role-changed', atMs: 3000, instance: 'instance-2', role: 'writer' },
  { type: 'promoted', atMs: 3000, instance: 'instance-2', from: 'instance-1' },
  { type: 'instance-up', atMs: 6000, instance: 'instance-1', role: 'reader' },
]

function lanes(log: readonly ClusterEvent[], fromMs: number, toMs: number) {
  const found = lanesOf(log, present, fromMs, toMs)
  return Object.fromEntries(
    found.map(({ id, segments }) => [
      id,
      segments.map((each) => `${each.state} ${each.fromMs}-${each.toMs}`),
    ]),
  )
}

describe('what an instance was at which time', () => {
  it('follows a failover', () => {
    expect(lanes(failover, 0, 8000)).toEqual({
      'instance-1': ['writer 0-2000', 'down 2000-6000', 'reader 6000-8000'],
      'instance-2': ['reader 0-3000', 'writer 3000-8000'],
    })
  })

  it('shows the stretch that was asked for, with what came before it taken into account', () => {
    expect(lanes(failover, 2500, 5000)).toEqual({
      'instance-1': ['down 2500-5000'],
      'instance-2': ['reader 2500-3000', 'writer 3000-5000'],
    })
  })

  it('is what it is now where the log tells of no change', () => {
    expect(lanes([], 1000, 4000)).toEqual({
      'instance-1': ['reader 1000-4000'],
      'instance-2': ['writer 1000-4000'],
    })
  })

  it('tells silence from death, and a restart from both', () => {
    const log: readonly ClusterEvent[] = [
      { type: 'instance-down', atMs: 1000, instance: 'instance-2', how: 'hang' },
      { type: 'instance-up', atMs: 2000, instance: 'instance-2', role: 'writer' },
      { type: 'instance-down', atMs: 3000, instance: 'instance-2', how: 'restart' },
      { type: 'instance-up', atMs: 3000, instance: 'instance-2', role: 'writer' },
    ]
    expect(lanes(log, 0, 4000)['instance-2']).toEqual([
      'writer 0-1000',
      'hung 1000-2000',
      'writer 2000-4000',
    ])
  })

  it('knows instances that came and went', () => {
    const log: readonly ClusterEvent[] = [
      { type: 'instance-added', atMs: 1000, instance: 'instance-10' },
      { type: 'instance-removed', atMs: 3000, instance: 'instance-10' },
      { type: 'instance-removed', atMs: 2000, instance: 'instance-3' },
    ]
    const found = lanes(log, 0, 4000)
    expect(Object.keys(found)).toEqual(['instance-1', 'instance-2', 'instance-3', 'instance-10'])
    expect(found['instance-10']).toEqual(['away 0-1000', 'reader 1000-3000', 'away 3000-4000'])
    expect(found['instance-3']).toEqual(['reader 0-2000', 'away 2000-4000'])
  })
})

describe('the moments worth a mark', () => {
  it('are what broke, what took over and what followed; names only when they lead elsewhere', () => {
    const log: readonly ClusterEvent[] = [
      { type: 'dns-updated', atMs: 0, instance: 'instance-1', readers: [] },
      { type: 'view-refreshed', atMs: 1, instance: 'instance-1', writer: undefined, members: [] },
      { type: 'fault-injected', atMs: 2, instance: 'instance-1', fault: 'crash', id: 'crash-1' },
      { type: 'promoted', atMs: 3, instance: 'instance-2', from: 'instance-1' },
      { type: 'dns-updated', atMs: 4, instance: 'instance-2', readers: [] },
      { type: 'instance-up', atMs: 5, instance: 'instance-1', role: 'reader' },
      { type: 'dns-updated', atMs: 6, instance: 'instance-2', readers: ['instance-1'] },
    ]
    expect(markedEvents(log).map(({ atMs }) => atMs)).toEqual([0, 2, 3, 4, 5])
  })
})
