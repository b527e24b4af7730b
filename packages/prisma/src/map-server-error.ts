import type { MappedError } from '@prisma/driver-adapter-utils'

/** An error packet of the server, as mysql2 makes an error of it. */
export interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
  readonly sqlMessage: string
}

/**
 * The kind of a server's error. Names are taken from the server's words, in the forms that MySQL 5.7 to 8.4 and MariaDB have; where
 * they are in another language there is just no name.
 */
export function mapServerError({ errno, sqlState, sqlMessage }: ServerError): MappedError {
  switch (errno) {
    case 1062:
    case 1586:
      return uniqueViolation(sqlMessage)
    case 1216:
    case 1217:
    case 1451:
    case 1452:
      return foreignKeyViolation(sqlMessage)
    case 1048:
    case 1263:
    case 1364:
      return { kind: 'NullConstraintViolation', ...fieldIn(sqlMessage, columnOrField) }
    case 1264:
    case 1690:
      return { kind: 'ValueOutOfRange', cause: sqlMessage }
    case 1406:
      return { kind: 'LengthMismatch', ...named('column', sqlMessage, /for column '([^']*)'/) }
    case 1049:
      return { kind: 'DatabaseDoesNotExist', ...named('db', sqlMessage, /database '(.*)'/) }
    case 1007:
      return { kind: 'DatabaseAlreadyExists', ...named('db', sqlMessage, /database '(.*)'/) }
    case 1044:
      return { kind: 'DatabaseAccessDenied', ...named('db', sqlMessage, /database '(.*)'/) }
    case 1045:
    case 1698:
    case 3118:
      return { kind: 'AuthenticationFailed', ...named('user', sqlMessage, /'([^']*)'@/) }
    case 1146:
      return { kind: 'TableDoesNotExist', ...named('table', sqlMessage, /'(?:[^']*\.)?([^'.]*)'/) }
    case 1054:
      return { kind: 'ColumnNotFound', ...named('column', sqlMessage, /column '([^']*)'/) }
    case 1191:
      return { kind: 'MissingFullTextSearchIndex' }
    // Both ask for the same: roll back and run the transaction again.
    case 1205:
    case 1213:
      return { kind: 'TransactionWriteConflict' }
    case 1040:
    case 1203:
    case 1226:
      return { kind: 'TooManyConnections', cause: sqlMessage }
    case 1053:
    case 1927:
    case 3032:
      return { kind: 'ConnectionClosed' }
    case 1969:
    case 3024:
      return { kind: 'SocketTimeout' }
    default:
      return { kind: 'mysql', code: errno, message: sqlMessage, state: sqlState }
  }
}

/** Since 8.0.19 MySQL writes the table before the index: `'orders.orders_number_key'`. The value before may hold anything. */
function uniqueViolation(message: string): MappedError {
  const key = /.*for key '(.*)'$/s.exec(message)?.[1]
  if (key === undefined) return { kind: 'UniqueConstraintViolation' }
  const dot = key.lastIndexOf('.')
  return {
    kind: 'UniqueConstraintViolation',
    constraint: { index: key.slice(dot + 1) },
    ...(dot < 0 ? {} : { table: key.slice(0, dot) }),
  }
}

function foreignKeyViolation(message: string): MappedError {
  const columns = /FOREIGN KEY \((.*?)\) REFERENCES/.exec(message)?.[1]
  const fields = [...(columns?.matchAll(/`((?:[^`]|``)*)`/g) ?? [])].map(([, name = '']) => name)
  return {
    kind: 'ForeignKeyConstraintViolation',
    constraint: fields.length === 0 ? { foreignKey: {} } : { fields },
  }
}

/** `Column 'name' cannot be null`, `Field 'name' doesn't have a default value`. */
const columnOrField = /(?:column|field) '([^']*)'/i

function fieldIn(message: string, pattern: RegExp): { constraint?: { fields: string[] } } {
  const field = pattern.exec(message)?.[1]
  return field === undefined ? {} : { constraint: { fields: [field] } }
}

function named<K extends string>(
  key: K,
  message: string,
  pattern: RegExp,
): Partial<Record<K, string>> {
  const name = pattern.exec(message)?.[1]
  return (name === undefined ? {} : { [key]: name }) as Partial<Record<K, string>>
}
