import type { Socket } from 'node:net'

/** An RST, as of a host whose process has died. Node never closes the handle of a socket that is reset while it shuts down. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
