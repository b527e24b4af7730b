import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { AuroraEventMap, AuroraEventName } from '../contract/events.js'
import { throwAlone } from '../contract/throw-alone.js'

type Listener<N extends AuroraEventName> = (payload: AuroraEventMap[N]) => void

/** The same events are published as `aurora-mysql2:<event>`, for tracing agents. */
const CHANNEL_PREFIX = 'aurora-mysql2:'

/** The typed events of `pool.aurora`. Nothing is made when nobody listens; none of them is ever called `error`. */
export class EventHub {
  readonly #emitter = new EventEmitter()
  readonly #channels = new Map<AuroraEventName, Channel>()

  on<N extends AuroraEventName>(name: N, listener: Listener<N>): this {
    this.#emitter.on(name, listener)
    return this
  }

  once<N extends AuroraEventName>(name: N, listener: Listener<N>): this {
    this.#emitter.once(name, listener)
    return this
  }

  off<N extends AuroraEventName>(name: N, listener: Listener<N>): this {
    this.#emitter.off(name, listener)
    return this
  }

  /** Tells whoever listens. A listener that throws does not disturb the pool: its error is thrown where nobody else is. */
  readonly emit = <N extends AuroraEventName>(name: N, payload: AuroraEventMap[N]): void => {
    const published = this.#channel(name)
    if (this.#emitter.listenerCount(name) === 0 && !published.hasSubscribers) return
    Object.freeze(payload)
    try {
      this.#emitter.emit(name, payload)
      if (published.hasSubscribers) published.publish(payload)
    } catch (error) {
      throwAlone(error)
    }
  }

  #channel(name: AuroraEventName): Channel {
    let found = this.#channels.get(name)
    if (found === undefined) {
      found = channel(CHANNEL_PREFIX + name)
      this.#channels.set(name, found)
    }
    return found
  }
}
