import type { Socket } from 'node:net'

/**
 * Closes a connection at once with an RST, as a host does whose process has died. One that is closing already is
 * only closed: Node never closes the handle of a socket that is reset while it shuts down, so that the process would
 * spin for ever when it is to exit (seen in Node 20).
 *
 * @param outer what was put over the socket, such as TLS, and closes through it
 */
export function resetSocket(socket: Socket, outer: Socket = socket): void {
  if (socket.writableEnded || outer.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
