import type { ClusterCore } from './cluster-core.js'
import { Listener } from './listener.js'

/** The ports at which the cluster's shared names are served when instances differ by port. */
export interface EndpointPorts {
  readonly writer: number
  readonly reader: number
  readonly custom: number
}

/** Listening sockets that stand for names: each connection goes to the instance the name means just then. */
export class NameListeners {
  readonly #listeners: readonly Listener[]

  private constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners
  }

  static async open(core: ClusterCore, port: number): Promise<NameListeners> {
    const { names } = core
    const listeners = [names.writer, names.reader, names.custom].map((name) => {
      let turn = 0
      return new Listener('127.0.0.1', (socket) => {
        const instance = core.instanceAt(name, turn++)
        if (instance) instance.accept(socket)
        else socket.resetAndDestroy()
      })
    })
    const [writer, ...others] = listeners
    await writer?.open(port)
    for (const listener of others) await listener.open(0)
    return new NameListeners(listeners)
  }

  get ports(): EndpointPorts {
    const [writer = 0, reader = 0, custom = 0] = this.#listeners.map((each) => each.port)
    return { writer, reader, custom }
  }

  close(): void {
    for (const listener of this.#listeners) listener.close()
  }
}
