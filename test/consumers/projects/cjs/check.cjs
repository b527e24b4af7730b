const assert = require('node:assert/strict')
const { createAuroraPool } = require('aurora-mysql2')
const { createAuroraPool: createPromisePool } = require('aurora-mysql2/promise')
const { startCluster } = require('aurora-mysql2-simulator')

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
  await cluster.close()
}

main()
