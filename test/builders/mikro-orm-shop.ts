import { defineEntity, MikroORM, p } from '@mikro-orm/mysql'
import { MysqlDialect } from 'kysely'
import type { Access } from './access.js'
import type { Customer, Shop } from './shop.js'

export const CustomerEntity = defineEntity({
  name: 'Customer',
  tableName: 'customer',
  properties: {
    id: p.integer().primary(),
    name: p.string().length(60).unique('customer_name'),
    credit: p.integer(),
  },
})

export const VisitEntity = defineEntity({
  name: 'Visit',
  tableName: 'visit',
  properties: {
    id: p.integer().primary(),
    unit: p.string().length(60),
    part: p.integer(),
  },
})

/** What MikroORM 7 sets on a pool of its own and reads results by; a pool that it is given must have it already. */
export const MIKRO_ORM_POOL_OPTIONS = { dateStrings: true, supportBigNumbers: true } as const

/** MikroORM's own pool with plain mysql2, ours through a dialect. */
export function connectionOptions({ name, connection, createPool }: Access) {
  if (name === 'mysql2') {
    const { host, port, user, password, database, ...driverOptions } = connection
    return { host, port, user, password, dbName: database, driverOptions }
  }
  return {
    dbName: connection.database,
    driverOptions: new MysqlDialect({ pool: createPool(MIKRO_ORM_POOL_OPTIONS) }),
  }
}

export function openOrm(access: Access): Promise<MikroORM> {
  return MikroORM.init({
    entities: [CustomerEntity, VisitEntity],
    ...connectionOptions(access),
  })
}

export class MikroOrmShop implements Shop {
  readonly #orm: MikroORM

  constructor(orm: MikroORM) {
    this.#orm = orm
  }

  async add(name: string, credit: number): Promise<number> {
    const em = this.#orm.em.fork()
    const customer = em.create(CustomerEntity, { name, credit })
    await em.flush()
    return customer.id
  }

  async find(id: number): Promise<Customer | undefined> {
    const customer = await this.#orm.em.fork().findOne(CustomerEntity, id)
    return customer === null ? undefined : asPlain(customer)
  }

  count(): Promise<number> {
    return this.#orm.em.fork().count(CustomerEntity)
  }

  async rename(id: number, name: string): Promise<void> {
    const em = this.#orm.em.fork()
    const customer = await em.findOneOrFail(CustomerEntity, id)
    customer.name = name
    await em.flush()
  }

  async remove(id: number): Promise<void> {
    const em = this.#orm.em.fork()
    em.remove(em.getReference(CustomerEntity, id))
    await em.flush()
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#orm.em.fork().transactional(async (em) => {
      for (const [id, change] of [
        [from, -credit],
        [to, credit],
      ] as const) {
        const customer = await em.findOneOrFail(CustomerEntity, id)
        customer.credit += change
        await em.flush()
      }
      beforeCommit()
    })
  }

  async *stream(): AsyncIterable<Customer> {
    const customers = this.#orm.em.fork().stream(CustomerEntity, { orderBy: { id: 'asc' } })
    for await (const customer of customers) yield asPlain(customer)
  }

  async visit(unit: string): Promise<void> {
    const em = this.#orm.em.fork()
    em.create(VisitEntity, { unit, part: 0 })
    await em.flush()
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#orm.em.fork().transactional(async (em) => {
      em.create(VisitEntity, { unit, part: 0 })
      await em.flush()
      await em.find(CustomerEntity, {}, { limit: 1 })
      em.create(VisitEntity, { unit, part: 1 })
    })
  }

  close(): Promise<void> {
    return this.#orm.close()
  }
}

function asPlain({ id, name, credit }: Customer): Customer {
  return { id, name, credit }
}
