import 'reflect-metadata'
import {
  Body,
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm'
import type { Access } from './access.js'
import type { Customer } from './shop.js'
import { CustomerEntity, dataSourceOptions, TypeOrmShop, VisitEntity } from './typeorm-shop.js'

// Decorators are applied by calling them: it is what the compiler makes of them.

/** A provider into which Nest injects TypeORM's data source. */
export class ShopService extends TypeOrmShop {}
Injectable()(ShopService)
InjectDataSource()(ShopService, undefined, 0)

class CustomerController {
  readonly #shop: ShopService

  constructor(shop: ShopService) {
    this.#shop = shop
  }

  /** Writes, and reads back what it wrote. */
  async create({ name }: { readonly name: string }): Promise<Customer | undefined> {
    return this.#shop.find(await this.#shop.add(name, 0))
  }

  async find(id: number): Promise<{ readonly customer: Customer | null }> {
    return { customer: (await this.#shop.find(id)) ?? null }
  }
}
Controller('customers')(CustomerController)
Inject(ShopService)(CustomerController, undefined, 0)
decorate('create', Post(), Body())
decorate('find', Get(':id'), Param('id', ParseIntPipe))

class ShopModule {}
Module({})(ShopModule)

function shopModule(access: Access): DynamicModule {
  return {
    module: ShopModule,
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptions(access),
        entities: [],
        autoLoadEntities: true,
        retryAttempts: 1,
      }),
      TypeOrmModule.forFeature([CustomerEntity, VisitEntity]),
    ],
    controllers: [CustomerController],
    providers: [ShopService],
  }
}

/** The application, listening on a free port. */
export async function startNestApp(access: Access): Promise<INestApplication> {
  const app = await NestFactory.create(shopModule(access), { logger: ['error'] })
  await app.listen(0, '127.0.0.1')
  return app
}

function decorate(
  method: 'create' | 'find',
  route: MethodDecorator,
  parameter: ParameterDecorator,
): void {
  const { prototype } = CustomerController
  parameter(prototype, method, 0)
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method) as PropertyDescriptor
  route(prototype, method, descriptor)
}
