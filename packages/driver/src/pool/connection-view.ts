import type { EventEmitter } from 'node:events'
import type { ConnectionConfig, CoreConnection } from '../contract/mysql2.js'

/** Whoever stands on a class of mysql2 emits by that, and Node makes an emitter's fields with its first listener: most have none. */
const Emitting = class {} as unknown as new () => EventEmitter

/**
 * The fields of a mysql2 connection, told by whichever physical connection is held now. Pools of query builders look at some of them
 * to see whether a connection is still of use, and `threadId` with `config` must lead a KILL to the right instance.
 */
export abstract class ConnectionView extends Emitting {
  /** The physical connection held now, if any. */
  protected abstract readonly core: CoreConnection | undefined
  /** Nothing will run on it any more. */
  protected abstract readonly isOver: boolean
  protected abstract readonly poolConfig: ConnectionConfig

  get config(): ConnectionConfig {
    return this.core?.config ?? this.poolConfig
  }

  get threadId(): number | null {
    return this.core?.threadId ?? null
  }

  get stream(): unknown {
    return this.core?.stream ?? { destroyed: this.isOver }
  }

  get state(): string {
    return this.isOver ? 'error' : 'authenticated'
  }

  get authorized(): boolean {
    return !this.isOver
  }

  get serverEncoding(): string {
    return this.#field('serverEncoding', 'utf8')
  }

  get clientEncoding(): string {
    return this.#field('clientEncoding', 'utf8')
  }

  get serverCapabilityFlags(): number {
    return this.#field('serverCapabilityFlags', 0)
  }

  get sequenceId(): number {
    return this.#field('sequenceId', 0)
  }

  get _handshakePacket(): unknown {
    return this.#field('_handshakePacket', null)
  }

  get _statements(): unknown {
    return this.#field('_statements', undefined)
  }

  get fatalError(): Error | null {
    return this._fatalError
  }

  get _fatalError(): Error | null {
    const known = this.core?._fatalError
    if (known !== null && known !== undefined) return known
    return this.isOver ? CLOSED : null
  }

  get _protocolError(): Error | null {
    return this.core?._protocolError ?? null
  }

  /** True or undefined, as in mysql2. */
  get _closing(): boolean | undefined {
    return this.isOver ? true : this.core?._closing
  }

  #field<T>(name: string, otherwise: T): T {
    return (this.core as unknown as Record<string, T> | undefined)?.[name] ?? otherwise
  }
}

const CLOSED = Object.assign(new Error('The connection is closed'), { fatal: true })
