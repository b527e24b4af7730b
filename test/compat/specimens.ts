import { once } from 'node:events'
import type { Pool } from 'mysql2'
import { type Bench, connectionOf, type DriverName } from './drivers.js'

/** One of everything that mysql2 makes. */
export async function specimens(
  bench: Bench,
  name: DriverName,
): Promise<Readonly<Record<string, object>>> {
  const driver = bench.driver(name)
  const pool: Pool = await bench.pool(name)
  const promisePool = await bench.promisePool(name)
  const poolConnection = await connectionOf(pool)
  const promisePoolConnection = await promisePool.getConnection()
  const query = pool.query('DO 1')
  await once(query, 'end')
  const sessionQuery = poolConnection.query('DO 1')
  await once(sessionQuery, 'end')
  poolConnection.release()
  promisePoolConnection.release()
  const connection = driver.mysql.createConnection(driver.target)
  const promiseConnection = await driver.mysqlPromise.createConnection(driver.target)
  await connection.promise().query('DO 1')
  const prepared = await new Promise<object>((resolve, reject) =>
    connection.prepare('SELECT 1', (error, made) => (error ? reject(error) : resolve(made))),
  )
  const poolCluster = driver.mysql.createPoolCluster()
  poolCluster.add('ONE', driver.target)
  const promisePoolCluster = driver.mysqlPromise.createPoolCluster()
  const made = {
    Pool: pool,
    PoolConnection: poolConnection,
    Connection: connection,
    PoolCluster: poolCluster,
    PoolNamespace: poolCluster.of('*') as object,
    PromisePool: promisePool,
    PromisePoolConnection: promisePoolConnection,
    PromiseConnection: promiseConnection,
    PromisePoolCluster: promisePoolCluster,
    PromisePoolNamespace: promisePoolCluster.of('*') as object,
    Query: query,
    'Query of a session': sessionQuery,
    PreparedStatementInfo: prepared,
    'PreparedStatementInfo of the promise API': await promiseConnection.prepare('SELECT 1'),
  }
  await promiseConnection.end()
  await new Promise<void>((resolve) => connection.end(() => resolve()))
  await new Promise((resolve) => poolCluster.end(resolve))
  return made
}
