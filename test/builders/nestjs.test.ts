import { QueryFailedError } from 'typeorm'
import { ShopService, startNestApp } from './nestjs-app.js'
import type { Builder } from './shop.js'
import { describeBuilder } from './suite.js'
import { driverErrorOf } from './typeorm-shop.js'

const nestjs: Builder = {
  name: 'NestJS',
  npmPackage: '@nestjs/typeorm',
  wayIn: '`TypeOrmModule.forRoot({ driver: mysql, … })`',
  open: async (access) => {
    const app = await startNestApp(access)
    // Nest ends what it has opened.
    return Object.assign(app.get(ShopService), { close: () => app.close() })
  },
  isDuplicate: (error) =>
    error instanceof QueryFailedError && error.driverError.code === 'ER_DUP_ENTRY',
  driverError: driverErrorOf,
}

describeBuilder(nestjs)
