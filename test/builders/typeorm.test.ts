import { DataSource, EntitySchema, type MigrationInterface, QueryFailedError } from 'typeorm'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import type { Builder } from './shop.js'
import { describeBuilder, useShop } from './suite.js'
import { answeredBy, readersStandStill, untilReadersAnswer } from './typeorm-readers.js'
import { CustomerEntity, dataSourceOptions, driverErrorOf, TypeOrmShop } from './typeorm-shop.js'

const typeorm: Builder = {
  name: 'TypeORM',
  npmPackage: 'typeorm',
  wayIn: "`new DataSource({ type: 'mysql', driver: mysql, … })`",
  open: async (access) =>
    new TypeOrmShop(await new DataSource(dataSourceOptions(access)).initialize()),
  isDuplicate: (error) =>
    error instanceof QueryFailedError && error.driverError.code === 'ER_DUP_ENTRY',
  driverError: driverErrorOf,
}

describeBuilder(typeorm)

interface Invoice {
  readonly id: number
  readonly total: number
  readonly lines?: readonly Line[]
}

interface Line {
  readonly id: number
  readonly text: string
  readonly invoice?: Invoice
}

const InvoiceEntity = new EntitySchema<Invoice>({
  name: 'invoice',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    total: { type: 'decimal', precision: 10, scale: 2 },
  },
  relations: {
    lines: { type: 'one-to-many', target: 'line', inverseSide: 'invoice', cascade: true },
  },
})

const LineEntity = new EntitySchema<Line>({
  name: 'line',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    text: { type: 'varchar' },
  },
  relations: {
    invoice: { type: 'many-to-one', target: 'invoice', inverseSide: 'lines', nullable: false },
  },
})

class AddNote1790000000000 implements MigrationInterface {
  async up(runner: Parameters<MigrationInterface['up']>[0]): Promise<void> {
    await runner.query('ALTER TABLE `invoice` ADD `note` varchar(20) NULL')
    // A look at the schema just changed, as migrations take it.
    if (!(await runner.hasColumn('invoice', 'note'))) throw new Error('The column is not there')
  }

  async down(): Promise<void> {}
}

describe('beyond the shop', () => {
  let dataSource: DataSource
  const shop = useShop(
    {
      open: async (access) => {
        dataSource = await new DataSource({
          ...dataSourceOptions(access),
          poolSize: 3,
          entities: [CustomerEntity, InvoiceEntity, LineEntity],
          migrations: [AddNote1790000000000],
        }).initialize()
        return new TypeOrmShop(dataSource)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )

  test('makes and changes the schema though readers do not have it yet', async () => {
    const { cluster } = shop.simulation
    await readersStandStill(cluster)
    await dataSource.synchronize()
    const difference = await dataSource.driver.createSchemaBuilder().log()
    expect(difference.upQueries.map(({ query }) => query)).toEqual([])
    expect(await dataSource.runMigrations()).toHaveLength(1)
    expect(await dataSource.runMigrations()).toHaveLength(0)
  })

  test.each(['join', 'query'] as const)(
    'reads relations from readers, by a %s',
    async (relationLoadStrategy) => {
      const { simulation, access } = shop
      const invoices = dataSource.getRepository(InvoiceEntity)
      const { id } = await access.request(() =>
        invoices.save({ total: 12.5, lines: [{ text: 'tea' }, { text: 'sugar' }] }),
      )
      const read = () =>
        access.request(() =>
          invoices.findOneOrFail({
            where: { id },
            relations: { lines: true },
            relationLoadStrategy,
          }),
        )
      await untilReadersAnswer(simulation, () => access.request(() => invoices.existsBy({ id })))
      expect(await answeredBy(simulation, read)).toBe('readers')
      const { total, lines } = await read()
      expect(total).toBe('12.50')
      expect(lines?.map(({ text }) => text).sort()).toEqual(['sugar', 'tea'])
    },
  )

  test('save() in a transaction compares with what the writer has', async () => {
    const { cluster } = shop.simulation
    const id = await shop.opened.add('Ada', 0)
    const find = () => shop.access.request(() => shop.opened.find(id))
    await untilReadersAnswer(shop.simulation, find)
    await readersStandStill(cluster)
    // Another process renames her; a reader of the old name would find nothing to change.
    await cluster.query("UPDATE app.customer SET name = 'Countess' WHERE id = ?", [id])
    expect(await answeredBy(shop.simulation, find)).toBe('readers')
    await shop.access.request(() =>
      dataSource.transaction((manager) => manager.save(CustomerEntity, { id, name: 'Ada' })),
    )
    expect(await cluster.query('SELECT name FROM app.customer WHERE id = ?', [id])).toEqual([
      { name: 'Ada' },
    ])
  })

  test('a stream gives its connection back when it is left, and fails when it is cut', async () => {
    const { cluster } = shop.simulation
    await cluster.query(
      "INSERT INTO app.customer (name, credit) SELECT CONCAT('many ', seq), 0 FROM seq_1_to_50000",
    )
    const customers = dataSource.getRepository(CustomerEntity).createQueryBuilder('customer')
    const moreThanThePoolHas = 5
    for (let count = 0; count < moreThanThePoolHas; count += 1) {
      for await (const _ of await customers.stream()) break
    }
    expect(await dataSource.getRepository(CustomerEntity).count()).toBeGreaterThan(50_000)

    const stream = await customers.stream()
    const readAll = async () => {
      let isCut = false
      for await (const _ of stream) {
        if (isCut) continue
        isCut = true
        for (const { id } of cluster.instances) {
          await cluster.inject({ type: 'reset', instance: id })
        }
      }
    }
    await expect(readAll()).rejects.toMatchObject({ fatal: true, aurora: { kind: 'lost' } })
  })

  // The last: afterwards another instance is the writer.
  test('an application that starts in the middle of a failover waits for the writer', async () => {
    const { cluster } = shop.simulation
    const { id } = cluster.writer
    const promoted = cluster.failover({ how: 'crash', detectMs: 50, promoteMs: 300 })
    await eventually('the writer is gone', () => cluster.instance(id).state === 'down')
    const late = await new DataSource(dataSourceOptions(shop.access)).initialize()
    const added = await late.getRepository(CustomerEntity).insert({ name: 'Late', credit: 0 })
    expect(added.identifiers).toHaveLength(1)
    await late.destroy()
    await promoted
  })
})
