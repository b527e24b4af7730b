const assert = require('node:assert/strict')
const { createAuroraPool } = require('aurora-mysql2')
const { createAuroraPool: createPromisePool } = require('aurora-mysql2/promise')
const ourModule = require('aurora-mysql2/mysql2')
const { startCluster } = require('aurora-mysql2-simulator')
const mysql = require('mysql2')

/** What each kind of object calls its class: query builders and tracers look at that. */
async function classNames({ createPool, createConnection }, connection) {
  const pool = createPool(connection)
  const session = await pool.promise().getConnection()
  const single = createConnection(connection)
  const objects = [pool, pool.promise(), session, session.connection, single, single.promise()]
  session.release()
  await new Promise((resolve) => single.end(resolve))
  await pool.promise().end()
  return objects.map((object) => object.constructor.name)
}

async function main() {
  const unreachable = { host: '127.0.0.1', port: 9, user: 'app', password: 'secret' }
  await new Promise((resolve, reject) => {
    createAuroraPool(unreachable).end((error) => (error ? reject(error) : resolve()))
  })
  await createPromisePool(unreachable).end()

  const cluster = await startCluster({ instances: 2, storage: 'embedded' })
  const pool = createAuroraPool(cluster.connection)
  const rows = await new Promise((resolve, reject) => {
    pool.query('SELECT 1 + 1 AS two', (error, result) => (error ? reject(error) : resolve(result)))
  })
  assert.equal(rows[0].two, 2)
  await pool.promise().end()

  const ours = await classNames(ourModule, cluster.connection)
  assert.deepEqual(ours, await classNames(mysql, cluster.plainConnection))
  await cluster.close()
}

main()
