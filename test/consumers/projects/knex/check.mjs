import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { AuroraClient } from 'aurora-mysql2/knex'
import { createAuroraPool } from 'aurora-mysql2/promise'
import { startCluster } from 'aurora-mysql2-simulator'
import knex from 'knex'

// Within one process there is one Knex, and one client class, whichever format asks for it.
const require = createRequire(import.meta.url)
assert.equal(require('aurora-mysql2/knex').AuroraClient, AuroraClient)
assert(AuroraClient.prototype instanceof knex.Client)

const cluster = await startCluster({ instances: 2, storage: 'embedded' })
const pool = createAuroraPool(cluster.connection)
for (const way of [{ connectionPool: pool }, { connection: cluster.connection }]) {
  const db = knex({ client: AuroraClient, ...way })
  const [rows] = await db.raw('SELECT 1 + 1 AS two')
  assert.equal(rows[0].two, 2)
  await db.destroy()
}
await pool.end()
await cluster.close()
