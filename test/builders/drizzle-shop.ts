import { DrizzleQueryError, eq, relations, sql } from 'drizzle-orm'
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { drizzle } from 'drizzle-orm/mysql2'
import type { Pool } from 'mysql2'
import type { Builder, Customer, Shop } from './shop.js'

export const customers = mysqlTable('customer', {
  id: int().autoincrement().primaryKey(),
  name: varchar({ length: 60 }).notNull().unique(),
  credit: int().notNull(),
})

export const visits = mysqlTable('visit', {
  id: int().autoincrement().primaryKey(),
  unit: varchar({ length: 60 }).notNull(),
  part: int().notNull(),
})

/** A customer's visits are those whose unit is the customer's name. */
export const customerVisits = relations(customers, ({ many }) => ({ visits: many(visits) }))
export const visitCustomer = relations(visits, ({ one }) => ({
  customer: one(customers, { fields: [visits.unit], references: [customers.name] }),
}))

export const schema = { customers, visits, customerVisits, visitCustomer }

/** What drizzle gives for a pool. The mode is that without LATERAL joins, which MariaDB does not know. */
export function openDatabase(pool: Pool) {
  return drizzle(pool, { schema, mode: 'planetscale' })
}

export type Database = ReturnType<typeof openDatabase>

/** What `Database` and `withReplicas(…)` have in common. */
export type Queryable = Pick<
  Database,
  'select' | 'insert' | 'update' | 'delete' | 'transaction' | '$count'
>

export class DrizzleShop implements Shop {
  readonly #db: Queryable
  readonly #pool: Pool

  constructor(db: Queryable, pool: Pool) {
    this.#db = db
    this.#pool = pool
  }

  async add(name: string, credit: number): Promise<number> {
    const [added] = await this.#db.insert(customers).values({ name, credit }).$returningId()
    return (added as { id: number }).id
  }

  async find(id: number): Promise<Customer | undefined> {
    const [customer] = await this.#db.select().from(customers).where(eq(customers.id, id))
    return customer
  }

  count(): Promise<number> {
    return this.#db.$count(customers)
  }

  async rename(id: number, name: string): Promise<void> {
    await this.#db.update(customers).set({ name }).where(eq(customers.id, id))
  }

  async remove(id: number): Promise<void> {
    await this.#db.delete(customers).where(eq(customers.id, id))
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await addCredit(tx, from, -credit)
      await addCredit(tx, to, credit)
      beforeCommit()
    })
  }

  async *stream(): AsyncIterable<Customer> {
    yield* this.#db.select().from(customers).orderBy(customers.id).iterator()
  }

  async visit(unit: string): Promise<void> {
    await this.#db.insert(visits).values({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.insert(visits).values({ unit, part: 0 })
      await tx.select().from(customers).limit(1)
      await tx.insert(visits).values({ unit, part: 1 })
    })
  }

  close(): Promise<void> {
    return this.#pool.promise().end()
  }
}

async function addCredit(tx: Pick<Database, 'update'>, id: number, change: number): Promise<void> {
  await tx
    .update(customers)
    .set({ credit: sql`${customers.credit} + ${change}` })
    .where(eq(customers.id, id))
}

/** The error of mysql2 in one of Drizzle's. Streams reject with mysql2's own. */
export function causeOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}

export const drizzleBuilder: Builder = {
  name: 'Drizzle',
  npmPackage: 'drizzle-orm',
  wayIn: '`drizzle(pool)`',
  async open({ createPool }) {
    const pool = createPool()
    return new DrizzleShop(openDatabase(pool), pool)
  },
  isDuplicate: (error) =>
    error instanceof DrizzleQueryError &&
    (error.cause as { code?: string } | undefined)?.code === 'ER_DUP_ENTRY',
  driverError: causeOf,
}
