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
  /** The instance that its last read was sent to, and when one was answered: what was seen must be seen by the next. */
  servedBy: string | undefined
  seenMs = Number.NEGATIVE_INFINITY
  /** The context within which this one was begun: what happens here has happened there. */
  readonly #outer: Context | undefined

  constructor(outer: Context | undefined) {
    this.#outer = outer
    if (outer === undefined) return
    this.lastWriteMs = outer.lastWriteMs
    this.servedBy = outer.servedBy
    this.seenMs = outer.seenMs
  }

  /** A write was acknowledged, or may have taken effect. */
  wrote(nowMs: number): void {
    for (let context: Context | undefined = this; context !== undefined; context = context.#outer) {
      context.lastWriteMs = nowMs
    }
  }

  /** A read is sent there. */
  goesTo(instanceId: string): void {
    for (let context: Context | undefined = this; context !== undefined; context = context.#outer) {
      context.servedBy = instanceId
    }
  }

  /** A read was answered. */
  saw(): void {
    const nowMs = monotonicMs()
    for (let context: Context | undefined = this; context !== undefined; context = context.#outer) {
      context.seenMs = nowMs
    }
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
  readonly #onRequest = (): void => this.#storage.enterWith(new Context(undefined))
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
    return this.#promisesNothing ? undefined : this.#storage.getStore()
  }

  /** Runs something in a context that there is. */
  readonly within = (context: Context, what: () => void): void => this.#storage.run(context, what)

  /** Runs `work` in a context of its own, which has seen what the mark has. */
  run<T>(work: () => T, after: Mark | undefined): T {
    const context = new Context(this.#storage.getStore())
    if (after !== undefined) {
      context.lastWriteMs = Math.max(context.lastWriteMs, after.seenUpToMs)
    }
    return this.#storage.run(context, work)
  }

  /** A write was acknowledged, or may have taken effect. */
  wrote(context: Context | undefined): void {
    if (this.#promisesNothing) return
    const nowMs = monotonicMs()
    this.#lastWriteMs = nowMs
    if (context === undefined) this.#lastWriteOutsideMs = nowMs
    else context.wrote(nowMs)
  }

  /** A reader must show every write acknowledged up to this moment; undefined: any reader will do. */
  visibleSince(context: Context | undefined): number | undefined {
    if (this.#promisesNothing) return undefined
    const follows =
      this.#mode === 'pool' || context === undefined ? this.#lastWriteMs : this.#lastWriteOutsideMs
    const sinceMs = Math.max(follows, context?.lastWriteMs ?? Number.NEGATIVE_INFINITY)
    return sinceMs === Number.NEGATIVE_INFINITY ? undefined : sinceMs
  }

  /** Any reader will do, or none: nothing has to be remembered. */
  get #promisesNothing(): boolean {
    return this.#mode === 'eventual' || this.#mode === 'writer'
  }
}
