import { Emitter } from '@adonisjs/core/events'
import { AppFactory } from '@adonisjs/core/factories/app'
import { Logger } from '@adonisjs/core/logger'
import { Database } from '@adonisjs/lucid/database'
import { BaseModel, column } from '@adonisjs/lucid/orm'
import { useAurora } from 'aurora-mysql2/knex'
import type { Knex } from 'knex'
import { describe, expect, test } from 'vitest'
import { eventually, failureOf, scaled } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { type Access, ourAccess, plainAccess } from './access.js'
import { shareOnReaders } from './read-share.js'
import type { Builder, Customer as CustomerRow, Shop } from './shop.js'
import { describeBuilder, useShop } from './suite.js'

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
function openDatabase({ name, connection }: Access): Database {
  const logger = new Logger({ enabled: false })
  const emitter = new Emitter(new AppFactory().create(new URL('.', import.meta.url), () => {}))
  const config = {
    connection: 'mysql',
    connections: { mysql: { client: 'mysql2' as const, connection } },
  }
  const db = new Database(config as never, logger, emitter as never)
  db.manager.connect('mysql')
  const { client } = db.getRawConnection('mysql')?.connection ?? {}
  // Lucid takes its client by name only.
  if (name === 'aurora-mysql2') useAurora(client as Knex)
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
  wayIn: '`useAurora(connection.client)`',
  open: async (access) => new LucidShop(openDatabase(access)),
  // Errors are those of Knex: the driver's.
  isDuplicate: (error) => (error as { code?: string }).code === 'ER_DUP_ENTRY',
  driverError: (error) => error,
}

describeBuilder(lucid)

describe('only Lucid', () => {
  let db: Database
  const shop = useShop(
    {
      async open(access) {
        db = openDatabase(access)
        return new LucidShop(db)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )

  test('a statement that takes too long is ended on the reader that runs it', async () => {
    const { cluster } = shop.simulation
    const isRunning = async () => {
      const sql =
        "SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(1__) AS slept'"
      return (await cluster.query(sql)).length > 0
    }
    await eventually('the cluster is known', () => reachesReaders())
    const query = db.rawQuery('/* aurora:reader */ SELECT SLEEP(100) AS slept')
    const failure = failureOf(query.timeout(scaled(1_000), { cancel: true }).exec())
    await eventually('it runs', isRunning)
    expect(await failure).toMatchObject({ name: 'KnexTimeoutError' })
    await eventually('it has ended', async () => !(await isRunning()))
  })

  test.each([
    // Lucid commits by `trx.commit()` of Knex, which resolves whatever became of COMMIT (knex/knex#3847).
    ['mysql2', 'resolved'],
    ['aurora-mysql2', 'rejected'],
  ] as const)('with %s a transaction whose COMMIT is lost is %s', async (name, ending) => {
    const { cluster } = shop.simulation
    const access = name === 'mysql2' ? plainAccess(cluster) : shop.access
    const other = openDatabase(access)
    const transaction = other.transaction(async (client) => {
      await client.table('visit').insert({ unit: name, part: 0 })
      const [[{ id }]] = await client.rawQuery('SELECT CONNECTION_ID() AS id')
      await cluster.query(`KILL ${id}`)
    })
    const outcome = await transaction.then(
      () => 'resolved',
      (error) => {
        expect(error.aurora?.outcome).toMatch(/^(rolled-back|unknown)$/)
        return 'rejected'
      },
    )
    expect(outcome).toBe(ending)
    expect(await other.from('visit').where('unit', name)).toEqual([])
    await other.manager.closeAll()
  })

  async function reachesReaders(): Promise<boolean> {
    return (await shareOnReaders(shop.simulation, () => db.from('customer').first())) === 1
  }
})
