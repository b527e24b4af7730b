import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SERVERS = fileURLToPath(new URL('index.mjs', import.meta.url))

/**
 * Where a client runs its statements: `bare` is the database alone; `simulator` forwards every packet to one, for all clients alike.
 *
 * @typedef {'bare' | 'simulator'} ServerKind
 */

/**
 * Starts a server in a process of its own, and ends it when `use` has.
 *
 * @template T
 * @param {{ kind: ServerKind } & Record<string, unknown>} wish
 * @param {(server: { target: any, statementCount: () => Promise<number> }) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withServer(wish, use) {
  const child = fork(SERVERS, [JSON.stringify(wish)])
  const ended = once(child, 'exit')
  const answer = async () => {
    const [first] = await Promise.race([
      once(child, 'message'),
      ended.then(([code]) => {
        throw new Error(`The server ended with code ${code}`)
      }),
    ])
    return first
  }
  const { target } = await answer()
  try {
    return await use({
      target,
      statementCount: async () => {
        child.send('count')
        return (await answer()).count
      },
    })
  } finally {
    if (child.connected) child.disconnect()
    await ended
  }
}
