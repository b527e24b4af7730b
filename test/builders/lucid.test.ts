import { Emitter } from '@adonisjs/core/events'
import { AppFactory } from '@adonisjs/core/factories/app'
import { Logger } from '@adonisjs/core/logger'
import { Database } from '@adonisjs/lucid/database'
import { BaseModel, column } from '@adonisjs/lucid/orm'
import type { Access } from './access.js'
import type { Builder, Customer as CustomerRow, Shop } from './shop.js'
import { describeBuilder } from './suite.js'

class Customer extends BaseModel {
  static override table = 'customer'
  declare id: number
  declare name: string
  declare credit: number
}
column({ isPrimary: true })(Customer.prototype, 'id')
column()(Customer.prototype, 'name')
column()(Customer.prototype, 'credit')

class Visit extends BaseModel {
  static override table = 'visit'
  declare id: number
  declare unit: string
  declare part: number
}
column({ isPrimary: true })(Visit.prototype, 'id')
column()(Visit.prototype, 'unit')
column()(Visit.prototype, 'part')

/** As an application has it from its container. */
function openDatabase({ connection, mysql2 }: Access): Database {
  const logger = new Logger({ enabled: false })
  const emitter = new Emitter(new AppFactory().create(new URL('.', import.meta.url), () => {}))
  const config = {
    connection: 'mysql',
    connections: { mysql: { client: 'mysql2' as const, connection } },
  }
  const db = new Database(config as never, logger, emitter as never)
  // Lucid takes its client by name only; what that calls `createConnection` of can be told.
  db.manager.connect('mysql')
  const { client } = db.getRawConnection('mysql')?.connection ?? {}
  if (client === undefined) throw new Error('Lucid has not connected')
  client.client.driver = mysql2
  return db
}

class LucidShop implements Shop {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
    BaseModel.$adapter = db.modelAdapter()
  }

  async add(name: string, credit: number): Promise<number> {
    return (await Customer.create({ name, credit })).id
  }

  async find(id: number): Promise<CustomerRow | undefined> {
    return (await Customer.find(id))?.serialize() as CustomerRow | undefined
  }

  async count(): Promise<number> {
    const [{ total }] = await this.#db.from('customer').count('* as total')
    return Number(total)
  }

  async rename(id: number, name: string): Promise<void> {
    await Customer.query().where('id', id).update({ name })
  }

  async remove(id: number): Promise<void> {
    await Customer.query().where('id', id).delete()
  }

  async transfer(
    from: number,
    to: number,
    credit: number,
    beforeCommit: () => void,
  ): Promise<void> {
    await this.#db.transaction(async (client) => {
      await Customer.query({ client }).where('id', from).decrement('credit', credit)
      await Customer.query({ client }).where('id', to).increment('credit', credit)
      beforeCommit()
    })
  }

  async visit(unit: string): Promise<void> {
    await Visit.create({ unit, part: 0 })
  }

  async visitTwice(unit: string): Promise<void> {
    await this.#db.transaction(async (client) => {
      await Visit.create({ unit, part: 0 }, { client })
      await Customer.query({ client }).first()
      await Visit.create({ unit, part: 1 }, { client })
    })
  }

  close(): Promise<void> {
    return this.#db.manager.closeAll()
  }
}

const lucid: Builder = {
  name: 'AdonisJS Lucid',
  npmPackage: '@adonisjs/lucid',
  wayIn: '`connection.client.client.driver = auroraMysql2`',
  open: async (access) => new LucidShop(openDatabase(access)),
  // Errors are those of Knex: the driver's.
  isDuplicate: (error) => (error as { code?: string }).code === 'ER_DUP_ENTRY',
  driverError: (error) => error,
}

describeBuilder(lucid)
