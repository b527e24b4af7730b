/**
 * What an error means to the pool:
 * - `lost`: the connection is gone, or never came about;
 * - `refused`: this instance does not write;
 * - `overloaded`: the instance lives and takes no more for now;
 * - `stopping`: the server is going down;
 * - `restarted`: it has been restarted under its connections; the session goes on, its transaction is undone;
 * - `rolled-back`: deadlock or lock wait timeout;
 * - `denied`: name, password or rights;
 * - `timeout`: mysql2's own; the reply is still due;
 * - `stale-handle`: the server does not know the prepared statement;
 * - `unusable`: it cannot be connected to, and that will not change soon: its certificate, or what it demands at login;
 * - `ordinary`: everything else, none of our business.
 */
export type ErrorKind =
  | 'lost'
  | 'refused'
  | 'overloaded'
  | 'stopping'
  | 'restarted'
  | 'rolled-back'
  | 'denied'
  | 'timeout'
  | 'stale-handle'
  | 'unusable'
  | 'ordinary'

/** MySQL 8.4 error reference and, for 1927, MariaDB's. */
const KIND_OF_ERRNO: ReadonlyMap<number, ErrorKind> = new Map<number, ErrorKind>([
  [1040, 'overloaded'], // ER_CON_COUNT_ERROR
  [1129, 'overloaded'], // ER_HOST_IS_BLOCKED
  [1203, 'overloaded'], // ER_TOO_MANY_USER_CONNECTIONS
  [1226, 'overloaded'], // ER_USER_LIMIT_REACHED, when it is about connections at a time
  [1053, 'stopping'], // ER_SERVER_SHUTDOWN
  [1077, 'stopping'], // ER_NORMAL_SHUTDOWN
  [1079, 'stopping'], // ER_SHUTDOWN_COMPLETE
  [3032, 'stopping'], // ER_SERVER_OFFLINE_MODE
  [1152, 'lost'], // ER_ABORTING_CONNECTION
  [1158, 'lost'], // ER_NET_READ_ERROR
  [1159, 'lost'], // ER_NET_READ_INTERRUPTED
  [1160, 'lost'], // ER_NET_ERROR_ON_WRITE
  [1161, 'lost'], // ER_NET_WRITE_INTERRUPTED
  [1184, 'lost'], // ER_NEW_ABORTING_CONNECTION
  [1927, 'lost'], // MariaDB: ER_CONNECTION_KILLED
  [3169, 'lost'], // ER_SESSION_WAS_KILLED
  [4031, 'lost'], // ER_CLIENT_INTERACTION_TIMEOUT
  [1836, 'refused'], // ER_READ_ONLY_MODE
  [1205, 'rolled-back'], // ER_LOCK_WAIT_TIMEOUT
  [1213, 'rolled-back'], // ER_LOCK_DEADLOCK
  [1044, 'denied'], // ER_DBACCESS_DENIED_ERROR
  [1045, 'denied'], // ER_ACCESS_DENIED_ERROR
  [1130, 'denied'], // ER_HOST_NOT_PRIVILEGED
  [1142, 'denied'], // ER_TABLEACCESS_DENIED_ERROR
  [1143, 'denied'], // ER_COLUMNACCESS_DENIED_ERROR
  [1227, 'denied'], // ER_SPECIFIC_ACCESS_DENIED_ERROR
  [1370, 'denied'], // ER_PROCACCESS_DENIED_ERROR
  [1698, 'denied'], // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  [3118, 'denied'], // ER_ACCOUNT_HAS_BEEN_LOCKED
  [3955, 'denied'], // ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
  [1243, 'stale-handle'], // ER_UNKNOWN_STMT_HANDLER
])

/** The statement did nothing, and the server closes the connection right behind its answer (MySQL 8.4 error reference). */
const LAST_WORDS: ReadonlySet<unknown> = new Set([
  1153, // ER_NET_PACKET_TOO_LARGE
  1156, // ER_NET_PACKETS_OUT_OF_ORDER
  1157, // ER_NET_UNCOMPRESS_ERROR
])

const KIND_OF_CODE: ReadonlyMap<string, ErrorKind> = new Map<string, ErrorKind>([
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'timeout'],
  ['HANDSHAKE_NO_SSL_SUPPORT', 'unusable'],
  ['AUTH_SWITCH_PLUGIN_ERROR', 'unusable'],
  ...(
    [
      'PROTOCOL_CONNECTION_LOST',
      'PROTOCOL_ERROR',
      'PROTOCOL_UNEXPECTED_PACKET',
      'HANDSHAKE_UNKNOWN_ERROR',
      'ECONNABORTED',
      'ECONNREFUSED',
      'ECONNRESET',
      'EHOSTDOWN',
      'EHOSTUNREACH',
      'ENETDOWN',
      'ENETRESET',
      'ENETUNREACH',
      'ENOTCONN',
      'EPIPE',
      'ETIMEDOUT',
      'EAI_AGAIN',
      'EAI_FAIL',
      'EAI_NODATA',
      'ENOTFOUND',
      'ERR_STREAM_DESTROYED',
      'ERR_STREAM_PREMATURE_CLOSE',
      'ERR_STREAM_WRITE_AFTER_END',
    ] as const
  ).map((code): [string, ErrorKind] => [code, 'lost']),
])

/** What mysql2 says, without a code, when a connection that ended is given another command. */
const CLOSED_STATE = /^Can't (?:add new command when connection is|write) in closed state$/
/** 1290 is also about `--secure-file-priv` and others; only these two speak of the role. */
const READ_ONLY_TEXT = /--(?:super[-_]|innodb[-_])?read[-_]only\b/i
/** Zero-downtime patching and restart: the session goes on, its transaction does not. */
const RESTARTED_TEXT = 'The last transaction was aborted due to'
const QUOTA_PER_HOUR = /'(?:max_questions|max_updates|max_connections_per_hour)'/
/** What `tls.connect` says when the peer hangs up; mysql2 puts its own code over ECONNRESET. */
const TLS_CUT_TEXT =
  /socket disconnected before secure TLS connection was established|\b(?:ECONNRESET|EPIPE|ETIMEDOUT)\b/

/** Says what an error means; anything thrown may be given. */
export function classifyError(error: unknown): ErrorKind {
  if (typeof error !== 'object' || error === null) {
    return 'ordinary'
  }
  const {
    code,
    errno,
    message: text,
  } = error as { code?: unknown; errno?: unknown; message?: unknown }
  const message = typeof text === 'string' ? text : ''
  // An error packet that nobody asked for reaches us with its number as the code.
  const number = typeof errno === 'number' && errno > 0 ? errno : code
  if (typeof number === 'number') {
    switch (number) {
      case 1105:
        return message.startsWith(RESTARTED_TEXT) ? 'restarted' : 'ordinary'
      case 1226:
        return QUOTA_PER_HOUR.test(message) ? 'ordinary' : 'overloaded'
      case 1290:
        return READ_ONLY_TEXT.test(message) ? 'refused' : 'ordinary'
      default:
        return KIND_OF_ERRNO.get(number) ?? 'ordinary'
    }
  }
  if (typeof code === 'string') {
    if (code === 'HANDSHAKE_SSL_ERROR') {
      return TLS_CUT_TEXT.test(message) ? 'lost' : 'unusable'
    }
    return KIND_OF_CODE.get(code) ?? (endsSocket(error, code) ? 'lost' : 'ordinary')
  }
  return CLOSED_STATE.test(message) ? 'lost' : 'ordinary'
}

/**
 * The system's, a resolver's or TLS's own error, whatever its code, that ended a connection or kept it from coming about. What an
 * application's `typeCast` or login plugin throws is marked as fatal by mysql2, too.
 */
function endsSocket(error: object, code: string): boolean {
  const { fatal, syscall } = error as { fatal?: unknown; syscall?: unknown }
  return fatal === true && (typeof syscall === 'string' || code.startsWith('ERR_SSL_'))
}

/** A server's own error: whoever refuses us lives. What keeps us from asking at all proves nothing. */
export function isAnswer(error: unknown): boolean {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' && errno > 0
}

/** Whether the connection that this came on is about to be closed by the server, and must be lent to nobody. */
export function isLastWord(error: unknown): boolean {
  return LAST_WORDS.has((error as { errno?: unknown } | null | undefined)?.errno)
}

/** A limit that counts per hour (1226): waiting for it is hopeless, so it surfaces at once. */
export function isQuotaPerHour(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) {
    return false
  }
  const { errno, message } = error as { errno?: unknown; message?: unknown }
  return errno === 1226 && typeof message === 'string' && QUOTA_PER_HOUR.test(message)
}
