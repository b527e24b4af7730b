import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { resetSocket } from '../../src/session/reset-socket.js'

/** A server's end of a connection, and what the client hears at its end. */
async function openSocket(): Promise<{ readonly socket: Socket; readonly heard: Promise<string> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  const heard = new Promise<string>((resolve) => {
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    client.once('end', () => resolve('end'))
  })
  client.resume()
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  return { socket, heard }
}

describe('resetSocket', () => {
  it('resets an open connection', async () => {
    const { socket, heard } = await openSocket()
    const closed = once(socket, 'close')
    resetSocket(socket)
    await closed
    expect(await heard).toBe('ECONNRESET')
  })

  it('closes one that is closing already', async () => {
    const { socket, heard } = await openSocket()
    const closed = once(socket, 'close')
    socket.end()
    resetSocket(socket)
    await closed
    expect(await heard).toBe('end')
  })
})
