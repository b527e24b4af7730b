import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import type { Mark } from './mark.js'

/** Node announces each incoming HTTP/1 request here, inside the request's own asynchronous context. */
const REQUEST_CHANNEL = 'http.server.request.start'

/** One request, or one `session(fn)`: what it wrote it must see, and its reads do not go back in time. */
export class Context {
  /** When its last write was acknowledged. */
  lastWriteMs = Number.NEGATIVE_INFINITY
  /** The instance that answered its last read, and when: what was seen there must be seen by the next. */
  servedBy: string | undefined
  seenMs = Number.NEGATIVE_INFINITY

  /** A read was answered. */
  saw(instanceId: string): void {
    this.servedBy = instanceId
    this.seenMs = monotonicMs()
  }
}

/**
 * Which writes a read must see.
 *
 * A write is remembered by the context of the call that made it. A context that is lost on the way (an emitter, a pool of callbacks)
 * must not cost correctness: work outside any context follows every write of the pool, and a context follows its own writes and
 * those made outside any context.
 */
export class Consistency {
  readonly #mode: ResolvedOptions['consistency']
  readonly #storage = new AsyncLocalStorage<Context>()
  readonly #onRequest = (): void => this.#storage.enterWith(new Context())
  #isListening = false
  #lastWriteMs = Number.NEGATIVE_INFINITY
  #lastWriteOutsideMs = Number.NEGATIVE_INFINITY

  constructor(mode: ResolvedOptions['consistency']) {
    this.#mode = mode
  }

  /** Begins to give each incoming HTTP request a context of its own. */
  open(): void {
    if (this.#mode !== 'session' || this.#isListening) return
    this.#isListening = true
    subscribe(REQUEST_CHANNEL, this.#onRequest)
  }

  close(): void {
    if (this.#isListening) unsubscribe(REQUEST_CHANNEL, this.#onRequest)
    this.#isListening = false
  }

  /** The context of the call that is being made; undefined outside any, and where no context matters. */
  current(): Context | undefined {
    return this.#mode === 'session' ? this.#storage.getStore() : undefined
  }

  /** Runs `work` in a context of its own, which has seen what the mark has. */
  run<T>(work: () => T, after: Mark | undefined): T {
    const context = new Context()
    if (after !== undefined) context.lastWriteMs = after.seenUpToMs
    return this.#storage.run(context, work)
  }

  /** A write was acknowledged, or may have taken effect. */
  wrote(context: Context | undefined): void {
    if (this.#mode === 'eventual' || this.#mode === 'writer') return
    const nowMs = monotonicMs()
    this.#lastWriteMs = nowMs
    if (context === undefined) this.#lastWriteOutsideMs = nowMs
    else context.lastWriteMs = nowMs
  }

  /** A reader must show every write acknowledged up to this moment; undefined: any reader will do. */
  visibleSince(context: Context | undefined): number | undefined {
    if (this.#mode === 'eventual' || this.#mode === 'writer') return undefined
    const sinceMs =
      context === undefined
        ? this.#lastWriteMs
        : Math.max(context.lastWriteMs, this.#lastWriteOutsideMs)
    return sinceMs === Number.NEGATIVE_INFINITY ? undefined : sinceMs
  }
}
