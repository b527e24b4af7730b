/**
 * Compiled by `tsc`, never run: code written for mysql2, of which only the names of the modules were changed.
 */
import defaultModule, * as named from 'aurora-mysql2/mysql2'
import mysql, {
  type Connection,
  type ConnectionOptions,
  createPool,
  escapeId,
  type FieldPacket,
  format,
  type Pool,
  type PoolCluster,
  type PoolConnection,
  type PoolOptions,
  type QueryError,
  type ResultSetHeader,
  type RowDataPacket,
  raw,
  Types,
} from 'aurora-mysql2/mysql2'
import promiseModule, * as namedPromise from 'aurora-mysql2/mysql2/promise'
import mysqlPromise, {
  type Connection as PromiseConnection,
  type Pool as PromisePool,
  type PoolConnection as PromisePoolConnection,
} from 'aurora-mysql2/mysql2/promise'
import type plainModule from 'mysql2'
import type plainPromiseModule from 'mysql2/promise'

interface User extends RowDataPacket {
  readonly id: number
  readonly name: string
}

/** What takes "a mysql2 module" takes ours, as a namespace and as a default export. */
declare function takesModule(module: typeof plainModule): void
declare function takesPromiseModule(module: typeof plainPromiseModule): void

export function isAModuleOfMysql2sShape(): void {
  takesModule(named)
  takesModule(defaultModule)
  takesPromiseModule(namedPromise)
  takesPromiseModule(promiseModule)
}

/** Query builders say what they need of a module by its shape. */
interface NeedsCreateConnection {
  createConnection(options: ConnectionOptions): {
    query(sql: string, done: (error: QueryError | null, rows: unknown) => void): unknown
    end(done?: (error: QueryError | null) => void): void
  }
}

export function asDriverOfAQueryBuilder(): NeedsCreateConnection {
  return mysql
}

const access: ConnectionOptions = { host: 'a', user: 'u', password: 'p', database: 'd' }

export function usesTheCallbackApi(): void {
  const options: PoolOptions = { ...access, connectionLimit: 5, namedPlaceholders: true }
  const pool: Pool = createPool(options)
  const other: Pool = mysql.createPool('mysql://u:p@a/d?connectionLimit=3')
  pool.query(
    'SELECT 1',
    (error: QueryError | null, rows: RowDataPacket[], fields: FieldPacket[]) => [
      error?.code,
      rows.length,
      fields[0]?.name,
    ],
  )
  pool.execute<ResultSetHeader>(
    { sql: 'DELETE FROM t WHERE a = ?', values: [1] },
    (_error, result) => result.affectedRows.toFixed(),
  )
  pool.getConnection((_error, connection: PoolConnection) => {
    connection.beginTransaction(() => connection.commit(() => connection.release()))
    connection.changeUser({ database: 'other' }, () => connection.destroy())
  })
  pool.on('connection', (connection: PoolConnection) => connection.threadId.toFixed())
  other
    .query<User[]>('SELECT * FROM user')
    .stream({ highWaterMark: 5 })
    .on('data', () => {})
  const connection: Connection = mysql.createConnection(access)
  connection.connect((error) => error?.message)
  connection.prepare('SELECT ?', (_error, statement) =>
    statement.execute([1], () => statement.close()),
  )
  connection.on('error', (error: QueryError) => error.fatal)
  connection.ping((error) => error?.errno)
  connection.end()
  const cluster: PoolCluster = mysql.createPoolCluster({ removeNodeErrorCount: 1 })
  cluster.add('WRITER', access)
  cluster.of('*', 'RANDOM').query('SELECT 1', () => {})
  cluster.getConnection('WRITER', (_error, connection) => connection.release())
  cluster.end((error) => error?.code)
  format('? ??', [raw('NOW()'), 'a'])
  escapeId('a')
  Types.VARCHAR.toFixed()
}

export async function usesThePromiseApi(): Promise<void> {
  const pool: PromisePool = mysqlPromise.createPool({ ...access, waitForConnections: true })
  const [users] = await pool.query<User[]>('SELECT * FROM user WHERE id IN (?)', [[1, 2]])
  users.map(({ name }) => name.toUpperCase())
  const [{ insertId }] = await pool.execute<ResultSetHeader>('INSERT INTO t VALUES (?)', [1])
  insertId.toFixed()
  const session: PromisePoolConnection = await pool.getConnection()
  try {
    await session.beginTransaction()
    const statement = await session.prepare('SELECT ?')
    await statement.execute([1])
    await statement.close()
    await session.commit()
  } finally {
    session.release()
  }
  const connection: PromiseConnection = await mysqlPromise.createConnection(access)
  await connection.ping()
  await connection.end()
  const cluster = mysqlPromise.createPoolCluster()
  cluster.add('ONE', access)
  await cluster.of('ONE').query<User[]>('SELECT 1')
  await cluster.end()
  await pool.end()
  // Beside mysql2's options ours may stand.
  mysqlPromise.createPool({ ...access, aurora: { balance: 'random' } })
  mysql.createConnection({ ...access, aurora: { consistency: 'writer' } })
}
