import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cluster, ClusterInstance, Lookup } from 'aurora-mysql2-simulator'
import { resetSocket } from './reset-socket.js'

/** Loopback addresses of a cluster from here up are nobody's. */
let nextHost = 200

/**
 * A second address of an instance: takes connections and passes them on. It can fall silent, hiding from the client whatever becomes
 * of the instance behind it, as a network that drops packets does.
 */
export class Forwarder {
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Through these nothing passes any more. */
  readonly #lost = new WeakSet<Socket>()
  /** Connections that it has taken. */
  taken = 0
  #isSilent = false
  #toReset = 0

  private constructor(address: string, target: ClusterInstance) {
    this.address = address
    this.#server = createServer((client) => {
      this.taken += 1
      this.#keep(client)
      if (this.#isSilent) {
        this.#lose(client)
        return
      }
      if (this.#toReset > 0) {
        this.#toReset -= 1
        resetSocket(client)
        return
      }
      const server = connect({ host: target.address, port: target.port })
      this.#keep(server)
      this.#join(client, server)
      this.#join(server, client)
    })
  }

  /** Listens on an address of its own, on the instance's port. */
  static open(target: ClusterInstance): Promise<Forwarder> {
    const block = target.address.split('.').slice(0, 3).join('.')
    const forwarder = new Forwarder(`${block}.${nextHost++}`, target)
    return new Promise((resolve, reject) => {
      forwarder.#server.once('error', reject)
      const { address: host } = forwarder
      forwarder.#server.listen({ host, port: target.port }, () => resolve(forwarder))
    })
  }

  /** From now on nothing passes, in either direction; connections are taken and not greeted. */
  fallSilent(): void {
    this.#isSilent = true
    for (const socket of this.#sockets) this.#lose(socket)
  }

  /** New connections pass again. Those from before are lost without a word, as on a network that has forgotten them. */
  passAgain(): void {
    this.#isSilent = false
  }

  /** The next connections, so many of them, are reset as soon as they are taken. */
  resetNext(count: number): void {
    this.#toReset = count
  }

  /** Resets the connections that are open. */
  resetOpen(): void {
    for (const socket of this.#sockets) resetSocket(socket)
  }

  /** Takes no more connections, and resets those that are open. */
  close(): void {
    this.#server.close()
    this.resetOpen()
  }

  #join(from: Socket, to: Socket): void {
    from.on('data', (data) => {
      if (!this.#lost.has(from)) to.write(data)
    })
    from.on('close', () => {
      if (!this.#lost.has(from)) to.destroy()
    })
  }

  #lose(socket: Socket): void {
    this.#lost.add(socket)
    // Whatever it still receives is thrown away.
    socket.resume()
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true)
    socket.on('error', () => {})
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

/** The cluster's look-up, but for some names that lead to other addresses while they are in the table. */
export function lookupWith(cluster: Cluster, others: ReadonlyMap<string, string>): Lookup {
  return (hostname, options, callback) => {
    const address = others.get(hostname.toLowerCase())
    if (address === undefined || typeof options === 'function' || callback === undefined) {
      cluster.lookup(hostname, options, callback)
      return
    }
    const wantsAll = typeof options === 'object' && options?.all === true
    setImmediate(() => callback(null, wantsAll ? [{ address, family: 4 }] : address, 4))
  }
}
