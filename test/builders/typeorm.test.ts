import { DataSource, QueryFailedError } from 'typeorm'
import type { Builder } from './shop.js'
import { describeBuilder } from './suite.js'
import { dataSourceOptions, driverErrorOf, TypeOrmShop } from './typeorm-shop.js'

const typeorm: Builder = {
  name: 'TypeORM',
  npmPackage: 'typeorm',
  wayIn: "`new DataSource({ type: 'mysql', driver: mysql, … })`",
  open: async (access) =>
    new TypeOrmShop(await new DataSource(dataSourceOptions(access)).initialize()),
  isDuplicate: (error) =>
    error instanceof QueryFailedError && error.driverError.code === 'ER_DUP_ENTRY',
  driverError: driverErrorOf,
}

describeBuilder(typeorm)
