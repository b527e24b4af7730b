import { AuroraError } from 'aurora-mysql2'
import { describe, expect, test } from 'vitest'
import { AuroraAdapterError } from '../src/adapter-error.js'
import { adapterErrorFrom } from '../src/map-error.js'

/** As mysql2 makes it of an error packet. */
function serverError(errno: number, sqlState: string, sqlMessage: string, extra: object = {}) {
  return Object.assign(new Error(sqlMessage), { code: 'ER', errno, sqlState, sqlMessage, ...extra })
}

function clientError(message: string, extra: object = {}) {
  return Object.assign(new Error(message), extra)
}

// The words are those of the servers' own lists of messages: MySQL's `messages_to_clients.txt`, MariaDB's `errmsg-utf8.txt`.
test.each<[errno: number, message: string, cause: object]>([
  [
    1062,
    "Duplicate entry 'a@b' for key 'orders.orders_email_key'",
    {
      kind: 'UniqueConstraintViolation',
      constraint: { index: 'orders_email_key' },
      table: 'orders',
    },
  ],
  [
    1062,
    "Duplicate entry 'a' for key 'PRIMARY'",
    { kind: 'UniqueConstraintViolation', constraint: { index: 'PRIMARY' } },
  ],
  [
    1062,
    "Duplicate entry 'x' for key 'fake'' for key 'orders.two words'",
    { kind: 'UniqueConstraintViolation', constraint: { index: 'two words' }, table: 'orders' },
  ],
  [1062, 'Doppelter Eintrag', { kind: 'UniqueConstraintViolation' }],
  [
    1452,
    'Cannot add or update a child row: a foreign key constraint fails (`app`.`notes`, CONSTRAINT `f` FOREIGN KEY (`a`, `b c`) REFERENCES `people` (`x`, `y`))',
    { kind: 'ForeignKeyConstraintViolation', constraint: { fields: ['a', 'b c'] } },
  ],
  [
    1451,
    'Cannot delete or update a parent row: a foreign key constraint fails (`app`.`notes`, CONSTRAINT `f` FOREIGN KEY (`personId`) REFERENCES `people` (`id`) ON DELETE RESTRICT)',
    { kind: 'ForeignKeyConstraintViolation', constraint: { fields: ['personId'] } },
  ],
  [
    1216,
    'Cannot add or update a child row: a foreign key constraint fails',
    { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } },
  ],
  [
    1048,
    "Column 'name' cannot be null",
    { kind: 'NullConstraintViolation', constraint: { fields: ['name'] } },
  ],
  [
    1364,
    "Field 'name' doesn't have a default value",
    { kind: 'NullConstraintViolation', constraint: { fields: ['name'] } },
  ],
  [
    1263,
    "Column set to default value; NULL supplied to NOT NULL column 'name' at row 1",
    { kind: 'NullConstraintViolation', constraint: { fields: ['name'] } },
  ],
  [1406, "Data too long for column 'text' at row 1", { kind: 'LengthMismatch', column: 'text' }],
  [
    1264,
    "Out of range value for column 'small' at row 1",
    { kind: 'ValueOutOfRange', cause: "Out of range value for column 'small' at row 1" },
  ],
  [1690, 'BIGINT UNSIGNED value is out of range', { kind: 'ValueOutOfRange' }],
  [1146, "Table 'app.orders' doesn't exist", { kind: 'TableDoesNotExist', table: 'orders' }],
  [
    1054,
    "Unknown column 'orders.nr' in 'field list'",
    { kind: 'ColumnNotFound', column: 'orders.nr' },
  ],
  [1049, "Unknown database 'shop'", { kind: 'DatabaseDoesNotExist', db: 'shop' }],
  [
    1007,
    "Can't create database 'shop'; database exists",
    { kind: 'DatabaseAlreadyExists', db: 'shop' },
  ],
  [
    1044,
    "Access denied for user 'app'@'%' to database 'shop'",
    { kind: 'DatabaseAccessDenied', db: 'shop' },
  ],
  [
    1045,
    "Access denied for user 'app'@'10.0.0.1' (using password: YES)",
    { kind: 'AuthenticationFailed', user: 'app' },
  ],
  [
    3118,
    "Access denied for user 'app'@'%'. Account is locked.",
    { kind: 'AuthenticationFailed', user: 'app' },
  ],
  [
    1191,
    "Can't find FULLTEXT index matching the column list",
    { kind: 'MissingFullTextSearchIndex' },
  ],
  [1213, 'Deadlock found when trying to get lock', { kind: 'TransactionWriteConflict' }],
  [1205, 'Lock wait timeout exceeded', { kind: 'TransactionWriteConflict' }],
  [1040, 'Too many connections', { kind: 'TooManyConnections', cause: 'Too many connections' }],
  [1203, 'User app already has too many', { kind: 'TooManyConnections' }],
  [1053, 'Server shutdown in progress', { kind: 'ConnectionClosed' }],
  [
    3024,
    'Query execution was interrupted, maximum statement execution time exceeded',
    { kind: 'SocketTimeout' },
  ],
  [
    1290,
    'The MySQL server is running with the --read-only option',
    { kind: 'mysql', code: 1290, state: 'HY000' },
  ],
])('%i %s', (errno, message, cause) => {
  const original = serverError(errno, 'HY000', message)
  const error = adapterErrorFrom(original)
  expect(error).toMatchObject({
    name: 'DriverAdapterError',
    original,
    cause: { ...cause, originalCode: String(errno), originalMessage: message },
  })
})

test.each<[error: Error, cause: object]>([
  [
    clientError('connect ECONNREFUSED 10.0.0.1:3306', {
      code: 'ECONNREFUSED',
      errno: -111,
      address: '10.0.0.1',
      port: 3306,
    }),
    { kind: 'DatabaseNotReachable', host: '10.0.0.1', port: 3306 },
  ],
  [
    clientError('getaddrinfo ENOTFOUND db', { code: 'ENOTFOUND', hostname: 'db' }),
    { kind: 'DatabaseNotReachable', host: 'db' },
  ],
  [clientError('connect ETIMEDOUT', { code: 'ETIMEDOUT' }), { kind: 'DatabaseNotReachable' }],
  [
    clientError('read ECONNRESET', { code: 'ECONNRESET', errno: -104 }),
    { kind: 'ConnectionClosed' },
  ],
  [
    clientError('Connection lost: The server closed the connection.', {
      code: 'PROTOCOL_CONNECTION_LOST',
    }),
    { kind: 'ConnectionClosed' },
  ],
  [
    clientError("Can't add new command when connection is in closed state", { fatal: true }),
    { kind: 'ConnectionClosed' },
  ],
  [clientError('Pool is closed.'), { kind: 'ConnectionClosed' }],
  [clientError('Queue limit reached.'), { kind: 'TooManyConnections' }],
  [clientError('No connections available.'), { kind: 'TooManyConnections' }],
  [
    clientError('Query inactivity timeout', { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }),
    { kind: 'SocketTimeout' },
  ],
  [
    clientError('self-signed certificate', { code: 'HANDSHAKE_SSL_ERROR' }),
    { kind: 'TlsConnectionError', reason: 'self-signed certificate' },
  ],
  [clientError('expired', { code: 'CERT_HAS_EXPIRED' }), { kind: 'TlsConnectionError' }],
  [new AuroraError('ERR_AURORA_NO_WRITER', 'none'), { kind: 'DatabaseNotReachable' }],
  [new AuroraError('ERR_AURORA_NO_READER', 'none'), { kind: 'DatabaseNotReachable' }],
  [new AuroraError('ERR_AURORA_NO_CONNECTION', 'none'), { kind: 'SocketTimeout' }],
  [
    new AuroraError('ERR_AURORA_QUEUE_FULL', 'full'),
    { kind: 'TooManyConnections', cause: 'full', originalCode: 'ERR_AURORA_QUEUE_FULL' },
  ],
  [new AuroraError('ERR_AURORA_DRAINING', 'over'), { kind: 'ConnectionClosed' }],
  [
    new AuroraError('ERR_AURORA_TRANSACTION_ENDED', 'ended'),
    { kind: 'TransactionAlreadyClosed', cause: 'ended' },
  ],
])('%s', (original, cause) => {
  expect(adapterErrorFrom(original)).toMatchObject({
    original,
    cause: { ...cause, originalMessage: original.message },
  })
})

describe('an error', () => {
  const sql = "INSERT INTO card VALUES ('4111')"
  const aurora = { kind: 'lost', outcome: 'unknown', attempts: 1, waitedMs: 0 }
  const original = serverError(1053, 'HY000', 'Server shutdown in progress', { sql, aurora })

  test('says what the driver knows of the statement', () => {
    expect(adapterErrorFrom(original)).toMatchObject({ aurora })
    expect(adapterErrorFrom(clientError('Pool is closed.'))).not.toHaveProperty('aurora')
  })

  test('shows no statement to whoever writes it to a log', () => {
    expect(JSON.stringify(adapterErrorFrom(original))).not.toContain('4111')
  })

  test('has the words of whoever raised it', () => {
    expect(adapterErrorFrom(clientError('Pool is closed.'))).toMatchObject({
      message: 'Pool is closed.',
    })
  })

  test('that is none of the database’s stays what it is', () => {
    const mistake = new TypeError('Cannot read properties of undefined')
    expect(adapterErrorFrom(mistake)).toBe(mistake)
    expect(adapterErrorFrom('text')).toBe('text')
  })

  test('is mapped once', () => {
    const mapped = new AuroraAdapterError({ kind: 'ConnectionClosed' }, original)
    expect(adapterErrorFrom(mapped)).toBe(mapped)
  })
})
