import { AuroraClient } from 'aurora-mysql2/knex'
import knex from 'knex'
import { KnexShop } from './knex-shop.js'
import type { Builder } from './shop.js'
import { describeBuilder } from './suite.js'

const knexBuilder: Builder = {
  name: 'Knex',
  npmPackage: 'knex',
  wayIn: '`knex({ client: AuroraClient, connectionPool: pool })`',
  async open(access) {
    const pool = access.createPool().promise()
    const client = access.name === 'mysql2' ? 'mysql2' : AuroraClient
    return new KnexShop(knex({ client, connectionPool: pool }), () => pool.end())
  },
  // Knex puts the statement before the driver's message, and passes the error on.
  isDuplicate: (error) => (error as { code?: string }).code === 'ER_DUP_ENTRY',
  driverError: (error) => error,
}

describeBuilder(knexBuilder)
