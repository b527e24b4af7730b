import { UniqueConstraintViolationException } from '@mikro-orm/mysql'
import { MikroOrmShop, openOrm } from './mikro-orm-shop.js'
import type { Builder } from './shop.js'
import { describeBuilder } from './suite.js'

const mikroOrm: Builder = {
  name: 'MikroORM',
  npmPackage: '@mikro-orm/mysql',
  wayIn: '`driverOptions: new MysqlDialect({ pool })`',
  open: async (access) => new MikroOrmShop(await openOrm(access)),
  isDuplicate: (error) =>
    error instanceof UniqueConstraintViolationException && error.code === 'ER_DUP_ENTRY',
  // MikroORM's exceptions have all properties of mysql2's error, `aurora` too.
  driverError: (error) => error,
}

describeBuilder(mikroOrm)
