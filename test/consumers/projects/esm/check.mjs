import assert from 'node:assert/strict'
import { createAuroraPool } from 'aurora-mysql2'
import { createAuroraPool as createPromisePool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'

// Nothing listens on the discard port: a pool must close without ever having connected.
const unreachable = { host: '127.0.0.1', port: 9, user: 'app', password: 'secret' }
await new Promise((resolve, reject) => {
  createAuroraPool(unreachable).end((error) => (error ? reject(error) : resolve()))
})
await createPromisePool(unreachable).end()

const cluster = await startCluster({ instances: 2, storage: 'embedded' })
const pool = createPromisePool(cluster.connection)
const [rows] = await pool.query('SELECT 1 + 1 AS two')
assert.equal(rows[0].two, 2)
await pool.end()
await cluster.close()
