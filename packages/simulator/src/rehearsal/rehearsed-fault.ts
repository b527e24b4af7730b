import type { Fault } from '../cluster/fault.js'
import { checkFault } from '../faults/check-fault.js'

/** The ways to lose a writer by one word. */
const failoverWays: readonly string[] = ['crash', 'hang', 'planned']

/**
 * The fault that a word and its fields mean. `crash`, `hang` and `planned` without an instance are what Aurora makes of
 * them: a failover, in which the writer goes that way and a reader takes over.
 */
export function rehearsedFault(
  type: string,
  fields: Readonly<Record<string, unknown>> = {},
  instances?: readonly string[],
): Fault {
  const isFailover = failoverWays.includes(type) && fields.instance === undefined
  return checkFault(
    isFailover ? { type: 'failover', how: type, ...fields } : { type, ...fields },
    instances,
  )
}
