import { type Generated, Kysely, MysqlDialect } from 'kysely'
import type { Access } from './access.js'
import type { Builder, Customer, Shop } from './shop.js'
import { describeBuilder } from './suite.js'

interface Tables {
  readonly customer: { id: Generated<number>; name: string; credit: number }
  readonly visit: { id: Generated<number>; unit: string; part: number }
}

class KyselyShop implements Shop {
  readonly #db: Kysely<Tables>

  constructor({ createPool }: Access) {
    this.#db = new Kysely({ dialect: new MysqlDialect({ pool: createPool() }) })
  }

  async add(name: string, credit: number): Promise<number> {
    const { insertId } = await this.#db
      .insertInto('customer')
      .values({ name, credit })
      .executeTakeFirstOrThrow()
    return Number(insertId)
  }

  find(id: number): Promise<Customer | undefined> {
    return this.#db.selectFrom('customer').selectAll().where('id', '=', id).executeTakeFirst()
  }

  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('customer')
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  async rename(id: number, name: string): Promise<void> {
    await this.#db.updateTable('customer').set({ name }).where('id', '=', id).execute()
  }

  async remove(id: number): Promise<void> {
    await this.#db.deleteFrom('customer').where('id', '=', id).execute()
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      for (const [id, change] of [
        [from, -credit],
        [to, credit],
      ] as const) {
        await tx
          .updateTable('customer')
          .set((eb) => ({ credit: eb('credit', '+', change) }))
          .where('id', '=', id)
          .execute()
      }
      beforeCommit()
    })
  }

  stream(): AsyncIterable<Customer> {
    return this.#db.selectFrom('customer').selectAll().orderBy('id').stream()
  }

  async visit(unit: string): Promise<void> {
    await this.#db.insertInto('visit').values({ unit, part: 0 }).execute()
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.insertInto('visit').values({ unit, part: 0 }).execute()
      await tx.selectFrom('customer').selectAll().limit(1).execute()
      await tx.insertInto('visit').values({ unit, part: 1 }).execute()
    })
  }

  close(): Promise<void> {
    return this.#db.destroy()
  }
}

const kysely: Builder = {
  name: 'Kysely',
  npmPackage: 'kysely',
  wayIn: '`new MysqlDialect({ pool })`',
  open: async (access) => new KyselyShop(access),
  // Kysely passes the driver's error on as it is.
  isDuplicate: (error) => (error as { code?: string }).code === 'ER_DUP_ENTRY',
  driverError: (error) => error,
}

describeBuilder(kysely)
