import type { AuroraEventMap, AuroraEventName } from 'aurora-mysql2'
import type { AuroraPool } from 'aurora-mysql2/promise'
import type { Cluster } from 'aurora-mysql2-simulator'
import { eventually } from './simulation.js'

/** Every event that a pool has. */
export const EVENTS: readonly AuroraEventName[] = [
  'topologyChanged',
  'discovered',
  'failoverStarted',
  'writerPromoted',
  'failoverCompleted',
  'failoverFailed',
  'instanceSuspected',
  'instanceFenced',
  'instanceReachable',
  'instanceAsked',
  'statementWaiting',
  'statementRetried',
  'transactionRetried',
]

/** Every event of a pool from now on, in order. */
export function listen(
  pool: AuroraPool,
): (readonly [AuroraEventName, AuroraEventMap[AuroraEventName]])[] {
  const heard: (readonly [AuroraEventName, AuroraEventMap[AuroraEventName]])[] = []
  for (const name of EVENTS) pool.aurora.on(name, (payload) => heard.push([name, payload]))
  return heard
}

/** The pool has seen that its idle connections are gone: the next statement is not under way on one of them. */
export function seesLoss(pool: AuroraPool, id: string): Promise<void> {
  return eventually('the loss is seen', () =>
    pool.aurora.stats().instances.every((each) => each.id !== id || each.open === 0),
  )
}

/** How many connections of monitors a cluster's instances have open: none while a pool sleeps. */
export function monitorsOpen(cluster: Cluster): number {
  const monitors = cluster.log.filter((event) => 'purpose' in event && event.purpose === 'monitor')
  const count = (type: string) => monitors.filter((event) => event.type === type).length
  return count('connection-opened') - count('connection-closed')
}
