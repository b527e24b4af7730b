import type { Readable } from 'node:stream'
import { type DataSource, type DataSourceOptions, EntitySchema } from 'typeorm'
import type { Access } from './access.js'
import type { Customer, Shop } from './shop.js'

interface Visit {
  readonly id: number
  readonly unit: string
  readonly part: number
}

export const CustomerEntity = new EntitySchema<Customer>({
  name: 'customer',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar', length: 60, unique: true },
    credit: { type: 'int' },
  },
})

export const VisitEntity = new EntitySchema<Visit>({
  name: 'visit',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    unit: { type: 'varchar', length: 60 },
    part: { type: 'int' },
  },
})

/** TypeORM's options: its own where it has them, the rest through `extra`. */
export function dataSourceOptions({ mysql2, connection }: Access) {
  const { host, port, user, password, database, ...extra } = connection
  return {
    type: 'mysql',
    driver: mysql2,
    host,
    port,
    username: user,
    password,
    database,
    extra,
    entities: [CustomerEntity, VisitEntity],
  } satisfies DataSourceOptions
}

export class TypeOrmShop implements Shop {
  readonly #dataSource: DataSource

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource
  }

  async add(name: string, credit: number): Promise<number> {
    const { id } = await this.#customers.save({ name, credit })
    return id
  }

  async find(id: number): Promise<Customer | undefined> {
    return (await this.#customers.findOneBy({ id })) ?? undefined
  }

  count(): Promise<number> {
    return this.#customers.count()
  }

  async rename(id: number, name: string): Promise<void> {
    await this.#customers.update({ id }, { name })
  }

  async remove(id: number): Promise<void> {
    await this.#customers.delete({ id })
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#dataSource.transaction(async (manager) => {
      await manager.decrement(CustomerEntity, { id: from }, 'credit', credit)
      await manager.increment(CustomerEntity, { id: to }, 'credit', credit)
      beforeCommit()
    })
  }

  async *stream(): AsyncIterable<Customer> {
    const rows: Readable = await this.#customers
      .createQueryBuilder()
      .select(['id', 'name', 'credit'])
      .orderBy('id')
      .stream()
    yield* rows as AsyncIterable<Customer>
  }

  async visit(unit: string): Promise<void> {
    await this.#dataSource.getRepository(VisitEntity).insert({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#dataSource.transaction(async (manager) => {
      await manager.insert(VisitEntity, { unit, part: 0 })
      await manager.find(CustomerEntity, { take: 1 })
      await manager.insert(VisitEntity, { unit, part: 1 })
    })
  }

  close(): Promise<void> {
    return this.#dataSource.destroy()
  }

  get #customers() {
    return this.#dataSource.getRepository(CustomerEntity)
  }
}

/** TypeORM wraps every error of a statement; what getting a connection rejects with comes as it is. */
export function driverErrorOf(error: unknown): unknown {
  return (error as { driverError?: unknown }).driverError ?? error
}
