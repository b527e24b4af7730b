import { runAsRequest } from '../cluster/consistency.js'
import { readMark } from '../cluster/mark.js'
import { checkSessionOptions, type SessionOptions } from '../contract/control-options.js'
import { optionError } from '../contract/errors.js'
import { isCommand } from './make-command.js'

/**
 * Runs `work` as one request, on every pool and connection of this library in the process: it sees what it has written, and its reads
 * do not go back in time. Incoming HTTP/1 requests are that by themselves; jobs and queue consumers begin one with this.
 *
 * A query builder that is returned as it is (a thenable that runs when it is awaited) runs within, and `session` returns a promise.
 *
 * @throws AuroraError `ERR_AURORA_OPTION` when `after` is no mark, or an option is unknown
 */
export function session<T>(work: () => T, options?: SessionOptions): T {
  if (typeof work !== 'function') throw optionError('work', 'a function', work)
  const { after } = checkSessionOptions(options)
  return runAsRequest(() => started(work()), after === undefined ? undefined : readMark(after))
}

/** Knex, Objection and Drizzle run nothing before `then` is called, which would be outside. */
function started<T>(result: T): T {
  if (typeof result !== 'object' || result === null || result instanceof Promise) return result
  if (isCommand(result)) return result
  const { then } = result as { readonly then?: unknown }
  if (typeof then !== 'function') return result
  return new Promise((resolve, reject) => then.call(result, resolve, reject)) as T
}
