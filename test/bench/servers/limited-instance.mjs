import { connect, createServer } from 'node:net'

/** A packet's fourth byte counts within a conversation; a command begins one. */
const SEQUENCE = 3

/**
 * Stands before an instance as its processor: serves `atOnce` statements at a time, each for `serviceMs`, in order of arrival. A
 * reader that can do no more is what makes more readers worth having.
 *
 * @param {{ gate: string, address: string, port: number, atOnce: number, serviceMs: number }} setup
 */
export function startLimitedInstance({ gate, address, port, atOnce, serviceMs }) {
  /** When each of its processors is free again. */
  const freeAtMs = new Array(atOnce).fill(0)
  const serve = (work) => {
    const first = freeAtMs.indexOf(Math.min(...freeAtMs))
    const nowMs = performance.now()
    freeAtMs[first] = Math.max(nowMs, freeAtMs[first]) + serviceMs
    setTimeout(work, freeAtMs[first] - nowMs)
  }
  const sockets = new Set()
  const server = createServer((client) => {
    const instance = connect(port, address)
    for (const [socket, other] of [
      [client, instance],
      [instance, client],
    ]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (chunk[SEQUENCE] === 0) serve(() => instance.write(chunk))
      else instance.write(chunk)
    })
    instance.pipe(client)
  })
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, gate, () => resolve({ close }))
  })
}
