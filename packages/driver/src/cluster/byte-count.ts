import type { Transport } from '../contract/mysql2.js'

/** Anything that counts what it has received. */
interface Receiving {
  readonly bytesRead: number
}

/** What one instance has sent, on all connections that there ever were: it never shrinks, so that every byte shows. */
export class ByteCount {
  readonly #opening = new Set<Transport>()
  #ofClosed = 0

  /** A connect is under way. */
  opening(socket: Transport): void {
    this.#opening.add(socket)
  }

  /** It has ended; a connection that came of it is counted by itself from now on. */
  opened(socket: Transport | undefined, isLease: boolean): void {
    if (socket === undefined || !this.#opening.delete(socket)) return
    if (!isLease) this.#ofClosed += socket.bytesRead
  }

  closed({ bytesRead }: Receiving): void {
    this.#ofClosed += bytesRead
  }

  total(open: Iterable<Receiving>): number {
    let bytes = this.#ofClosed
    for (const each of open) bytes += each.bytesRead
    for (const socket of this.#opening) bytes += socket.bytesRead
    return bytes
  }

  /** Cuts the connects that are under way. */
  cutOpening(makeError: () => Error): void {
    for (const socket of this.#opening) socket.destroy(makeError())
  }
}
