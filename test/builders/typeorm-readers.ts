import type { Cluster } from 'aurora-mysql2-simulator'
import { onTestFinished } from 'vitest'
import { eventually, type Simulation } from '../../packages/driver/test/simulation.js'

/** As long as a test may last; readers that lag by minutes are no longer among the instances. */
const LONG_MS = 60_000

/**
 * Until the test is over, readers show data as they are now, and say so. A connection opened later shows them as they are then: the
 * simulator cannot go back.
 */
export async function readersStandStill(cluster: Cluster): Promise<void> {
  for (const { id } of cluster.readers) {
    onTestFinished(await cluster.inject({ type: 'lag', instance: id, lagMs: LONG_MS }))
  }
}

/** Who answered this, alone on the cluster. */
export async function answeredBy(
  simulation: Simulation,
  read: () => Promise<unknown>,
): Promise<'writer' | 'readers'> {
  const before = simulation.counts()
  await read()
  const { [simulation.cluster.writer.id]: onWriter } = simulation.countsSince(before)
  return onWriter?.statements === onWriter?.topologyQuestions ? 'readers' : 'writer'
}

/** Reads until readers answer: they are known to have what was written before. */
export async function untilReadersAnswer(
  simulation: Simulation,
  read: () => Promise<unknown>,
): Promise<void> {
  const answer = async () => (await answeredBy(simulation, read)) === 'readers'
  await eventually('readers answer', answer)
}
