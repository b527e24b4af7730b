import type { CoreConnection } from '../contract/mysql2.js'

/** How long a server has to close a connection after we have said goodbye. */
const GOODBYE_MS = 1_000

/**
 * Closes a connection once what runs on it has ended. The server hears of it (COM_QUIT), or it would count an aborted client (MySQL
 * manual, B.3.2.9 "Communication Errors and Aborted Connections"); one that does not close its end is not waited for.
 */
export function sayGoodbye(core: CoreConnection, done?: () => void): void {
  const { stream } = core
  core._realEnd(() => {
    const timer = setTimeout(() => stream.destroy(), GOODBYE_MS).unref()
    stream.once('close', () => clearTimeout(timer))
    done?.()
  })
}
