import { resetSocket } from '../session/reset-socket.js'
import type { ClusterCore } from './cluster-core.js'
import { Listener } from './listener.js'

/** The ports at which the cluster's shared names are served. */
export interface EndpointPorts {
  readonly writer: number
  readonly reader: number
  readonly custom: number
}

/** Where the shared names listen. */
const localAddress = '127.0.0.1'

/** Listening sockets that stand for names: each connection goes to the instance the name means just then. */
export class NameListeners {
  readonly #listeners: readonly Listener[]

  private constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners
  }

  /** `port`: of the cluster endpoint; the others take the next two where they are free. 0: any free ones. */
  static async open(core: ClusterCore, port: number): Promise<NameListeners> {
    const { names } = core
    const listeners = [names.writer, names.reader, names.custom].map((name) => {
      let turn = 0
      return new Listener(localAddress, (socket) => {
        const instance = core.instanceAt(name, turn++)
        if (instance) instance.accept(socket)
        else resetSocket(socket)
      })
    })
    const [writer, ...others] = listeners
    try {
      await writer?.open(port)
      for (const [index, listener] of others.entries()) {
        if (port !== 0 && (await opens(listener, port + 1 + index))) continue
        await listener.open(0)
      }
    } catch (error) {
      for (const each of listeners) each.close()
      throw error
    }
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

function opens(listener: Listener, port: number): Promise<boolean> {
  return listener.open(port).then(
    () => true,
    () => false,
  )
}
