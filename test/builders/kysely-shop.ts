import { type Generated, Kysely, MysqlDialect } from 'kysely'
import type { Pool } from 'mysql2'
import type { Builder, Customer, Shop } from './shop.js'

export interface Tables {
  readonly customer: { id: Generated<number>; name: string; credit: number }
  readonly visit: { id: Generated<number>; unit: string; part: number }
}

/** What Kysely gives for a pool. */
export function openDatabase(pool: Pool): Kysely<Tables> {
  return new Kysely({ dialect: new MysqlDialect({ pool }) })
}

export class KyselyShop implements Shop {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
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

export const kyselyBuilder: Builder = {
  name: 'Kysely',
  npmPackage: 'kysely',
  wayIn: '`new MysqlDialect({ pool })`',
  open: async ({ createPool }) => new KyselyShop(openDatabase(createPool())),
  // Kysely passes the driver's error on as it is.
  isDuplicate: (error) => (error as { code?: string }).code === 'ER_DUP_ENTRY',
  driverError: (error) => error,
}
