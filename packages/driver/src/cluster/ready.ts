import { AuroraError } from '../contract/errors.js'
import type { Members } from './members.js'
import { GIVEN } from './monitor.js'
import type { ClusterState } from './state.js'

/**
 * Waits for what makes a pool ready, for so long.
 *
 * @throws {AuroraError} `ERR_AURORA_NO_WRITER` when the time is over; its cause is who refused us last, if anybody did
 */
export function readyWithin(
  limitMs: number,
  settled: Promise<void>,
  lastRefusal: () => { readonly error: unknown } | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const refusal = lastRefusal()
      const message = `No instance confirmed itself as the writer within ${limitMs} ms (aurora.failoverTimeoutMs)`
      const cause = refusal === undefined ? {} : { cause: refusal.error }
      reject(new AuroraError('ERR_AURORA_NO_WRITER', message, cause))
    }, limitMs).unref()
    settled.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Who is asked for the topology now: the writer, else an instance that can be reached, else the endpoint given. */
export function bestAsked({ topology }: ClusterState, members: Members): string {
  const reachable = topology?.instances.find(({ id }) => members.get(id)?.isReachable)
  return topology?.writer?.id ?? reachable?.id ?? GIVEN
}
