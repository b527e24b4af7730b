import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Cluster } from 'aurora-mysql2-simulator'

/** A record of TLS that belongs to no session. */
const FOREIGN_RECORD = Buffer.from([0x17, 3, 3, 0, 32, ...Array(32).fill(7)])

/** What an SSH library gives for a connection: a duplex stream that is no socket. It cannot be unreferenced and counts nothing. */
export class Tunnel extends Duplex {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.unref()
    socket.on('data', (bytes) => this.push(bytes))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** Something on the way, or a server that dies in the middle of a record, breaks the encryption. */
  receiveForeignRecord(): void {
    this.push(FOREIGN_RECORD)
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.write(bytes, () => done())
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

/** Tunnels into a cluster. */
export class Tunnels {
  readonly open = new Set<Tunnel>()
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** For mysql2's option `stream`. */
  readonly stream = ({ config }: { config: { host: string; port: number } }): Tunnel => {
    const { host, port } = config
    const tunnel = new Tunnel(connect({ host, port, lookup: this.#cluster.lookup as never }))
    this.open.add(tunnel)
    tunnel.once('close', () => this.open.delete(tunnel))
    return tunnel
  }
}
