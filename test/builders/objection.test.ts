import { AuroraClient } from 'aurora-mysql2/knex'
import knex, { type Knex } from 'knex'
import { DBError, Model, UniqueViolationError } from 'objection'
import type { Builder, Customer as CustomerRow, Shop } from './shop.js'
import { describeBuilder } from './suite.js'

class Customer extends Model implements CustomerRow {
  static override tableName = 'customer'
  declare id: number
  declare name: string
  declare credit: number
}

class Visit extends Model {
  static override tableName = 'visit'
  declare id: number
  declare unit: string
  declare part: number
}

class ObjectionShop implements Shop {
  readonly #db: Knex
  readonly #endPool: () => Promise<void>

  constructor(db: Knex, endPool: () => Promise<void>) {
    this.#db = db
    this.#endPool = endPool
    Model.knex(db)
  }

  async add(name: string, credit: number): Promise<number> {
    return (await Customer.query().insert({ name, credit })).id
  }

  async find(id: number): Promise<CustomerRow | undefined> {
    return (await Customer.query().findById(id))?.toJSON() as CustomerRow | undefined
  }

  count(): Promise<number> {
    return Customer.query().resultSize()
  }

  async rename(id: number, name: string): Promise<void> {
    await Customer.query().findById(id).patch({ name })
  }

  async remove(id: number): Promise<void> {
    await Customer.query().deleteById(id)
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await Customer.transaction(async (trx) => {
      await Customer.query(trx).findById(from).decrement('credit', credit)
      await Customer.query(trx).findById(to).increment('credit', credit)
      beforeCommit()
    })
  }

  /** Objection leaves streams to Knex. */
  stream(): AsyncIterable<CustomerRow> {
    return Customer.query().orderBy('id').toKnexQuery().stream()
  }

  async visit(unit: string): Promise<void> {
    await Visit.query().insert({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await Visit.transaction(async (trx) => {
      await Visit.query(trx).insert({ unit, part: 0 })
      await Customer.query(trx).first()
      await Visit.query(trx).insert({ unit, part: 1 })
    })
  }

  async close(): Promise<void> {
    await this.#db.destroy()
    await this.#endPool()
  }
}

const objection: Builder = {
  name: 'Objection',
  npmPackage: 'objection',
  wayIn: '`Model.knex(knex({ client: AuroraClient, connectionPool: pool }))`',
  async open(access) {
    const pool = access.createPool().promise()
    const client = access.name === 'mysql2' ? 'mysql2' : AuroraClient
    return new ObjectionShop(knex({ client, connectionPool: pool }), () => pool.end())
  },
  isDuplicate: (error) =>
    error instanceof UniqueViolationError &&
    (error.nativeError as { code?: string }).code === 'ER_DUP_ENTRY',
  // What Objection knows it wraps; a lost connection it passes on.
  driverError: (error) => (error instanceof DBError ? error.nativeError : error),
}

describeBuilder(objection)
