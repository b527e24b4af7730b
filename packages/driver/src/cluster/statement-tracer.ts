import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { StatementTrace } from '../contract/statement-trace.js'
import type { Work } from './work.js'

const STATEMENTS = tracingChannel<unknown, StatementTrace>('aurora-mysql2:statement')
/** Of mysql2's own traces, one for each attempt; it publishes them since 3.20. */
const QUERIES = channel('tracing:mysql2:query:start')
const EXECUTES = channel('tracing:mysql2:execute:start')

/** Whether anybody traces statements, ours or mysql2's. */
export function isTraced(): boolean {
  return STATEMENTS.start.hasSubscribers || QUERIES.hasSubscribers || EXECUTES.hasSubscribers
}

/**
 * Traces one statement from the call to its end, attempts included. Whenever it is begun, that is in its caller's context, so that
 * mysql2's trace of an attempt belongs where the statement does. Made only while somebody traces.
 */
export class StatementTracer {
  readonly #trace: StatementTrace
  /** Runs something in the context of the call, with what subscribers have bound to it. */
  readonly #inContext: <T>(what: () => T) => T

  constructor(method: StatementTrace['method'], intent: StatementTrace['intent']) {
    this.#trace = { method, intent }
    this.#inContext = STATEMENTS.start.runStores(this.#trace, () => AsyncLocalStorage.snapshot())
    STATEMENTS.end.publish(this.#trace)
  }

  /** One attempt begins. */
  begin(attempt: () => void): void {
    this.#inContext(attempt)
  }

  /** It has ended; `error`: it failed. */
  ended(work: Work, error?: unknown): void {
    const trace = this.#trace
    trace.attempts = work.attempts
    trace.waitedMs = Math.round(work.waitedMs + work.queuedMs)
    if (work.pool !== undefined) trace.instance = work.pool.id
    if (error !== undefined) {
      trace.error = error
      STATEMENTS.error.publish(trace)
    }
    this.#inContext(() => {
      STATEMENTS.asyncStart.publish(trace)
      STATEMENTS.asyncEnd.publish(trace)
    })
  }
}
