import type { MappedError } from '@prisma/driver-adapter-utils'
import { AuroraAdapterError } from './adapter-error.js'
import { mapServerError, type ServerError } from './map-server-error.js'

/** What errors of mysql2, Node and aurora-mysql2 have in common. */
interface Failure {
  readonly message: string
  readonly code?: string
  readonly errno?: number
  readonly address?: string
  readonly hostname?: string
  readonly host?: string
  readonly port?: number
}

/**
 * An error as Prisma understands it. What is none of the database's, such as a TypeError, stays what it is.
 */
export function adapterErrorFrom(error: unknown): unknown {
  if (error instanceof AuroraAdapterError || !(error instanceof Error)) return error
  if (isServerError(error)) {
    const original = { originalCode: String(error.errno), originalMessage: error.sqlMessage }
    return new AuroraAdapterError({ ...original, ...mapServerError(error) }, error)
  }
  const { code, message } = error as Failure
  const payload = mapClientError(error)
  if (payload === undefined) return error
  const original = {
    ...(code === undefined ? {} : { originalCode: code }),
    originalMessage: message,
  }
  return new AuroraAdapterError({ ...original, ...payload }, error)
}

function isServerError(error: object): error is ServerError {
  const { errno, sqlMessage, sqlState } = error as Partial<ServerError>
  return typeof errno === 'number' && typeof sqlMessage === 'string' && typeof sqlState === 'string'
}

/** Without a code: mysql2 gives none to what it says about pools and closed connections. */
const CLOSED = /closed state|^Pool is closed|^Connection lost/
const FULL = /^Queue limit reached|^No connections available/
/** Node's codes of certificates that are refused, and mysql2's of a handshake that failed. */
const TLS = /^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|HANDSHAKE_)/

function mapClientError(error: Failure): MappedError | undefined {
  const { code, message } = error
  switch (code) {
    case 'ECONNREFUSED':
    case 'EHOSTDOWN':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'ENETUNREACH':
    case 'ENOENT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEDOUT':
      return notReachable(error)
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
    case 'PROTOCOL_CONNECTION_LOST':
    case 'ERR_AURORA_DRAINING':
      return { kind: 'ConnectionClosed' }
    case 'PROTOCOL_SEQUENCE_TIMEOUT':
    case 'ERR_AURORA_NO_CONNECTION':
      return { kind: 'SocketTimeout' }
    case 'ERR_AURORA_NO_WRITER':
    case 'ERR_AURORA_NO_READER':
      return { kind: 'DatabaseNotReachable' }
    case 'ERR_AURORA_QUEUE_FULL':
      return { kind: 'TooManyConnections', cause: message }
    case 'ERR_AURORA_TRANSACTION_ENDED':
      return { kind: 'TransactionAlreadyClosed', cause: message }
    default:
  }
  if (code !== undefined) {
    return TLS.test(code) ? { kind: 'TlsConnectionError', reason: message } : undefined
  }
  if (CLOSED.test(message)) return { kind: 'ConnectionClosed' }
  if (FULL.test(message)) return { kind: 'TooManyConnections', cause: message }
  return undefined
}

function notReachable({ hostname, host, address, port }: Failure): MappedError {
  const name = hostname ?? host ?? address
  return {
    kind: 'DatabaseNotReachable',
    ...(name === undefined ? {} : { host: name }),
    ...(port === undefined ? {} : { port }),
  }
}
