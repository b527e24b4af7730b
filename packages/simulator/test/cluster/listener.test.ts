import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Listener } from '../../src/cluster/listener.js'

const host = '127.0.0.1'
let listener: Listener

afterEach(() => listener.close())

/** A listener that has a port of its own, closed. */
async function closedListener(): Promise<Listener> {
  listener = new Listener(host, (socket) => socket.destroy())
  await listener.open(0)
  listener.close()
  return listener
}

function accepts(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(listener.port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
  })
}

describe('a listener', () => {
  it.each([0, 1, 2])(
    'closed %i turns after it began to open does not listen, and says that it is done',
    async (turns) => {
      await closedListener()
      const opening = listener.open(listener.port)
      for (let turn = 0; turn < turns; turn += 1) await undefined
      listener.close()
      await opening
      expect(await accepts()).toBe(false)
    },
  )

  it('opened again at once listens', async () => {
    await closedListener()
    const first = listener.open(listener.port)
    listener.close()
    const second = listener.open(listener.port)
    await Promise.all([first, second])
    expect(await accepts()).toBe(true)
  })

  it('opened by two at the same time listens when either is told so', async () => {
    await closedListener()
    const first = listener.open(listener.port)
    await listener.open(listener.port)
    expect(await accepts()).toBe(true)
    await first
  })

  it('waits for its port, but not for ever', async () => {
    await closedListener()
    const other = new Listener(host, (socket) => socket.destroy())
    await other.open(listener.port)
    const opening = listener.open(listener.port)
    setTimeout(() => other.close(), 50)
    await opening
    expect(await accepts()).toBe(true)
    const taken = new Listener(host, () => undefined)
    await expect(taken.open(listener.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
