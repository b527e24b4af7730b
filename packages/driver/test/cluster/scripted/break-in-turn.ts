import fc from 'fast-check'
import type { ScriptedCluster } from './scripted-cluster.js'

export type Fault = 'failover' | 'crash and return' | 'demotion' | 'reader crashes and returns'

/** None, or some, one after the other. */
export const someFaults: fc.Arbitrary<Fault[]> = fc.array(
  fc.constantFrom<Fault[]>(
    'failover',
    'crash and return',
    'demotion',
    'reader crashes and returns',
  ),
  { maxLength: 3 },
)

/** Breaks a cluster in these ways, each step when its turn comes. */
export async function breakInTurn(
  cluster: ScriptedCluster,
  faults: readonly Fault[],
  turn: (name: string) => Promise<void>,
): Promise<void> {
  for (const fault of faults) {
    await turn(fault)
    const former = cluster.writerId
    const reader = cluster.instances.find(({ id }) => id !== former)?.id ?? former
    if (fault === 'demotion') {
      cluster.writerId = reader
      continue
    }
    const away = fault === 'reader crashes and returns' ? reader : former
    cluster.crash(away)
    await turn('the cluster notices')
    if (fault === 'failover') cluster.writerId = reader
    await turn('the instance returns')
    cluster.get(away).isUp = true
  }
}
