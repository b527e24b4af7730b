import { runAsRequest } from '../cluster/consistency.js'
import { readMark } from '../cluster/mark.js'
import type { SessionOptions } from './aurora-control.js'

/**
 * Runs `work` as one request, on every pool and connection of this library in the process: it sees what it has written, and its reads
 * do not go back in time. Incoming HTTP/1 requests are that by themselves; jobs and queue consumers begin one with this.
 *
 * @throws AuroraError `ERR_AURORA_OPTION` when `after` is no mark
 */
export function session<T>(work: () => T, { after }: SessionOptions = {}): T {
  return runAsRequest(work, after === undefined ? undefined : readMark(after))
}
