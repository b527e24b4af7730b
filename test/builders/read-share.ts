import { expect } from 'vitest'
import type { Simulation } from '../../packages/driver/test/simulation.js'

/** The share of the reads during `work` that readers served, 0 to 1, by the simulator's counters. No write may reach a reader. */
export async function shareOnReaders(
  simulation: Simulation,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = simulation.counts()
  await work()
  const { writer } = simulation.cluster
  const counts = Object.entries(simulation.countsSince(before))
  const readers = counts.filter(([instance]) => instance !== writer.id)
  expect(readers.map(([, { writes }]) => writes)).toEqual(readers.map(() => 0))
  const readsOf = (some: typeof counts) => some.reduce((sum, [, { reads }]) => sum + reads, 0)
  return readsOf(readers) / readsOf(counts)
}
