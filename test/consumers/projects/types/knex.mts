import { AuroraClient } from 'aurora-mysql2/knex'
import { createAuroraPool } from 'aurora-mysql2/promise'
import knex, { type Knex } from 'knex'

export const overPool: Knex = knex({
  client: AuroraClient,
  connectionPool: createAuroraPool({ host: 'db.example.com' }),
})
export const overConnections: Knex = knex({
  client: AuroraClient,
  connection: { host: 'db.example.com', aurora: { maxLagMs: 100 } },
})
