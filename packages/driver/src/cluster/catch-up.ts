import type { Connection } from '../io/connection.js'
import type { SessionState } from '../io/session-state.js'

/**
 * Sends what a session has set and a connection does not carry yet, in order. mysql2 keeps that order, so the statements go out
 * together.
 *
 * @throws the server's error for the first that fails; the connection is of no use then
 */
export async function catchUp(lease: Connection, wanted: SessionState): Promise<void> {
  const texts = wanted.since(lease.state) ?? []
  const answers = texts.map(
    (text) =>
      new Promise<void>((resolve, reject) => {
        lease.core.query(text, undefined, (error) => (error ? reject(error) : resolve()))
      }),
  )
  await lease.whileAlive(Promise.all(answers))
  if (texts.length > 0) lease.state = wanted
}
