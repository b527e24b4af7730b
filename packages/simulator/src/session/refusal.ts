import type { ServerError } from '../protocol/packet.js'

/** Aurora's answer to a change on a reader. */
export const readOnlyError: ServerError = {
  errno: 1290,
  sqlState: 'HY000',
  message:
    'The MySQL server is running with the --read-only option so it cannot execute this statement',
}

/** Aurora's answer to DDL on a reader, given by its storage layer. */
export const readOnlyModeError: ServerError = {
  errno: 1836,
  sqlState: 'HY000',
  message: 'Running in read-only mode',
}

/** The answer after a zero-downtime restart took a session's transaction away. */
export const restartError: ServerError = {
  errno: 1105,
  sqlState: 'HY000',
  message: 'The last transaction was aborted due to Zero Downtime Patch. Please retry.',
}

/** Of a KILL: no session of this instance has that number. */
export function unknownThread(threadId: string): ServerError {
  return { errno: 1094, sqlState: 'HY000', message: `Unknown thread id: ${threadId}` }
}

const definitionVerbs = /\b(CREATE|ALTER|DROP|INDEX|TRIGGER|REFERENCES)\b/

/** Rights that a writer's session has and a reader's lacks, as error 1227 spells them. */
const writerOnlyRights = /\b(RELOAD|CREATE USER|INSERT|UPDATE|DELETE|SUPER USER)\b/

/**
 * What an instance that only reads says in place of the storage's error. The storage refuses by rights;
 * the decision is taken from its message alone. Undefined: a writer would have said the same.
 */
export function readOnlyRefusal(
  error: ServerError,
  hasReaderRights: boolean,
): ServerError | undefined {
  switch (error.errno) {
    case 1142:
    case 1143: {
      const denied = error.message.split(' command denied')[0] ?? ''
      if (denied.toUpperCase() === 'SELECT') return undefined
      return definitionVerbs.test(denied.toUpperCase()) ? readOnlyModeError : readOnlyError
    }
    case 1044:
    case 1370:
      return readOnlyError
    case 1227:
      return writerOnlyRights.test(error.message) ? readOnlyError : undefined
    case 1792:
      // Without rights to change rows, what gets as far as this is DDL or code with its definer's rights.
      return hasReaderRights ? readOnlyModeError : readOnlyError
    default:
      return undefined
  }
}
