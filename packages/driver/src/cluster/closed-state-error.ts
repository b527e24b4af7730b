import { AuroraError } from '../contract/errors.js'

/** As mysql2 makes it for a statement on a connection that has been closed: fatal, without a code. */
export function closedStateError(): Error {
  return Object.assign(new Error("Can't add new command when connection is in closed state"), {
    fatal: true,
  })
}

/** Of a statement in a transaction that is over, because of the error that is its cause. */
export function endedError(cause: unknown): AuroraError {
  const message = 'The transaction is over, because of the error before it: nothing more runs in it'
  return new AuroraError('ERR_AURORA_TRANSACTION_ENDED', message, { cause })
}
