import type { Cluster } from 'aurora-mysql2-simulator'
import { eventually, type Simulation } from '../../packages/driver/test/simulation.js'

/** Longer than any test lasts. */
const LONG_MS = 600_000

/** From now on readers show data as they are now, and say so; resolves with a function that lets them follow again. */
export async function readersStandStill(cluster: Cluster): Promise<() => Promise<void>> {
  const heals = await Promise.all(
    cluster.readers.map(({ id }) => cluster.inject({ type: 'lag', instance: id, lagMs: LONG_MS })),
  )
  return async () => {
    for (const heal of heals) await heal()
  }
}

/** Reads until no read goes to the writer any more: readers are known to have what was written before. */
export async function answeredByReaders(
  simulation: Simulation,
  read: () => Promise<unknown>,
): Promise<void> {
  await eventually('readers answer', async () => {
    const before = simulation.counts()
    await read()
    return simulation.countsSince(before)[simulation.cluster.writer.id]?.statements === 0
  })
}
