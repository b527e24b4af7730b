import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cluster } from 'aurora-mysql2-simulator'
import { resetSocket } from './reset-socket.js'

/**
 * What happens to a COMMIT on its way. `before`: it never arrives. `during`: it is sent and the connection cut at once. `after`: it
 * is executed, the answer is lost. `left-open`: it never arrives, and the server is not told that the client is gone. `late`: the
 * client is told that the connection is lost, and the server gets the COMMIT later.
 */
export type CommitFault = 'before' | 'during' | 'after' | 'left-open' | 'late'

const COMMIT = Buffer.from('\x03COMMIT', 'latin1')

/** A TCP forwarder before each instance, which lets everything pass but the COMMITs that are to be hit. */
export class CommitTrap {
  readonly hits: Record<CommitFault, number> = {
    before: 0,
    during: 0,
    after: 0,
    'left-open': 0,
    late: 0,
  }
  readonly #choose: () => CommitFault | undefined
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #ports = new Map<string, number>()

  /** @param choose what becomes of the next COMMIT; undefined: it passes */
  constructor(choose: () => CommitFault | undefined) {
    this.#choose = choose
  }

  async open(cluster: Cluster): Promise<void> {
    for (const { id, address, port } of cluster.instances) {
      const server = createServer((client) => this.#forward(client, connect(port, address)))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      this.#servers.push(server)
      this.#ports.set(id, (server.address() as { port: number }).port)
    }
  }

  /** For `aurora.instanceEndpoint`. */
  readonly endpointOf = (id: string): { host: string; port: number } => ({
    host: '127.0.0.1',
    port: this.#ports.get(id) ?? 1,
  })

  close(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.once('close', () => this.#sockets.delete(socket))
    }
    let isOver = false
    let losesAnswer = false
    client.on('data', (chunk) => {
      if (isOver) return
      const fault = chunk.includes(COMMIT) ? this.#choose() : undefined
      if (fault === undefined) return void server.write(chunk)
      this.hits[fault]++
      if (fault === 'after') {
        losesAnswer = true
        return void server.write(chunk)
      }
      isOver = true
      if (fault === 'during') server.write(chunk, () => server.destroy())
      if (fault === 'before') server.destroy()
      if (fault === 'late') setTimeout(() => server.end(chunk), 30)
      resetSocket(client)
    })
    server.on('data', (chunk) => {
      if (isOver) return
      if (!losesAnswer) return void client.write(chunk)
      isOver = true
      resetSocket(client)
      server.destroy()
    })
    client.once('close', () => {
      if (!isOver) server.destroy()
    })
    server.once('close', () => client.destroy())
  }
}
