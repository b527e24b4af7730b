import type { Knex } from 'knex'
import type { Customer, Shop } from './shop.js'

/** The shop as Knex's manual would write it. */
export class KnexShop implements Shop {
  readonly db: Knex
  readonly #endPool: () => Promise<void>

  /** @param endPool ends the pool that `db` was given, if it was given one */
  constructor(db: Knex, endPool = async () => {}) {
    this.db = db
    this.#endPool = endPool
  }

  async add(name: string, credit: number): Promise<number> {
    const [id] = await this.db<Customer>('customer').insert({ name, credit })
    return id as number
  }

  async find(id: number): Promise<Customer | undefined> {
    return await this.db<Customer>('customer').where({ id }).first()
  }

  async count(): Promise<number> {
    const [row] = await this.db<Customer>('customer').count({ count: '*' })
    return Number(row?.count)
  }

  async rename(id: number, name: string): Promise<void> {
    await this.db<Customer>('customer').where({ id }).update({ name })
  }

  async remove(id: number): Promise<void> {
    await this.db<Customer>('customer').where({ id }).del()
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.db.transaction(async (trx) => {
      await trx<Customer>('customer').where({ id: from }).decrement('credit', credit)
      await trx<Customer>('customer').where({ id: to }).increment('credit', credit)
      beforeCommit()
    })
  }

  stream(): AsyncIterable<Customer> {
    return this.db<Customer>('customer').orderBy('id').stream()
  }

  async visit(unit: string): Promise<void> {
    await this.db('visit').insert({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.db.transaction(async (trx) => {
      await trx('visit').insert({ unit, part: 0 })
      await trx<Customer>('customer').first()
      await trx('visit').insert({ unit, part: 1 })
    })
  }

  async close(): Promise<void> {
    await this.db.destroy()
    await this.#endPool()
  }
}
