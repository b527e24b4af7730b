import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ResolvedOptions } from '../contract/options.js'
import { monotonicMs } from '../io/clock.js'
import type { Mark } from './mark.js'

/** Node announces each incoming HTTP/1 request here, inside the request's own asynchronous context. */
const REQUEST_CHANNEL = 'http.server.request.start'

/**
 * One incoming HTTP request, or one `session(fn)`: a context in each cluster that it speaks to. Whoever has no pool at hand (a query
 * builder with a pool of its own) begins one all the same, so they belong to the process and not to a cluster.
 */
class Request {
  readonly #outer: Request | undefined
  readonly #after: Mark | undefined
  readonly #contexts = new Map<Consistency, Context>()

  constructor(outer: Request | undefined, after: Mark | undefined) {
    this.#outer = outer
    this.#after = after
  }

  contextIn(cluster: Consistency): Context {
    let context = this.#contexts.get(cluster)
    if (context === undefined) {
      context = new Context(this, this.#outer?.contextIn(cluster), this.#after)
      this.#contexts.set(cluster, context)
    }
    return context
  }
}

const requests = new AsyncLocalStorage<Request>()

/** How many clusters want incoming requests to be told apart. */
let listenerCount = 0

const onRequest = (): void => requests.enterWith(new Request(undefined, undefined))

/** Runs `work` as one request, which has seen what the mark has. */
export function runAsRequest<T>(work: () => T, after: Mark | undefined): T {
  return requests.run(new Request(requests.getStore(), after), work)
}

/** What one request did in one cluster: what it wrote it must see, and its reads do not go back in time. */
export class Context {
  readonly request: Request
  /** When its last write was acknowledged. */
  lastWriteMs = Number.NEGATIVE_INFINITY
  /** The instance that its last read was sent to, and when one was answered: what was seen must be seen by the next. */
  servedBy: string | undefined
  seenMs = Number.NEGATIVE_INFINITY
  /** The context within which this one was begun: what happens here has happened there. */
  readonly #outer: Context | undefined

  constructor(request: Request, outer: Context | undefined, after: Mark | undefined) {
    this.request = request
    this.#outer = outer
    if (outer !== undefined) {
      this.lastWriteMs = outer.lastWriteMs
      this.servedBy = outer.servedBy
      this.seenMs = outer.seenMs
    }
    if (after !== undefined) this.lastWriteMs = Math.max(this.lastWriteMs, after.seenUpToMs)
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
    listenerCount += 1
    if (listenerCount === 1) subscribe(REQUEST_CHANNEL, onRequest)
  }

  close(): void {
    if (!this.#isListening) return
    this.#isListening = false
    listenerCount -= 1
    if (listenerCount === 0) unsubscribe(REQUEST_CHANNEL, onRequest)
  }

  /** The context of the call that is being made; undefined outside any, and where no context matters. */
  current(): Context | undefined {
    return this.#promisesNothing ? undefined : requests.getStore()?.contextIn(this)
  }

  /** Runs something in a context that there is. */
  readonly within = (context: Context, what: () => void): void =>
    requests.run(context.request, what)

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
