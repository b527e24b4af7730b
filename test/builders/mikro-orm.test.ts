import {
  DriverException,
  defineEntity,
  MikroORM,
  p,
  UniqueConstraintViolationException,
} from '@mikro-orm/mysql'
import { createAuroraPool } from 'aurora-mysql2'
import { MysqlDialect } from 'kysely'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess, plainAccess } from './access.js'
import {
  CustomerEntity,
  connectionOptions,
  MIKRO_ORM_POOL_OPTIONS,
  MikroOrmShop,
  openOrm,
} from './mikro-orm-shop.js'
import type { Builder } from './shop.js'
import { describeBuilder, useShop } from './suite.js'
import { answeredBy, readersStandStill, untilReadersAnswer } from './typeorm-readers.js'

const mikroOrm: Builder = {
  name: 'MikroORM',
  npmPackage: '@mikro-orm/mysql',
  wayIn: '`driverOptions: new MysqlDialect({ pool })`',
  open: async (access) => new MikroOrmShop(await openOrm(access)),
  isDuplicate: (error) =>
    error instanceof UniqueConstraintViolationException && error.code === 'ER_DUP_ENTRY',
  // MikroORM's exceptions have all properties of mysql2's error, `aurora` too.
  driverError: (error) => error,
}

describeBuilder(mikroOrm)

/** One property of each type whose value depends on how the pool is set. */
const SampleEntity = defineEntity({
  name: 'Sample',
  tableName: 'sample',
  properties: {
    id: p.integer().primary(),
    big: p.bigint(),
    amount: p.decimal().precision(30).scale(10),
    ratio: p.double(),
    at: p.datetime(3),
    day: p.date(),
    time: p.time(),
    data: p.json<unknown>(),
    isOpen: p.boolean(),
    bytes: p.blob(),
  },
})

describe('beyond the shop', () => {
  let orm: MikroORM
  const shop = useShop(
    {
      open: async (access) => {
        orm = await openOrm(access)
        return new MikroOrmShop(orm)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )

  test('values are what MikroORM’s own pool gives', async () => {
    const accesses = [plainAccess(shop.simulation.cluster), shop.access]
    const orms = await Promise.all(
      accesses.map((access) =>
        MikroORM.init({ entities: [SampleEntity], ...connectionOptions(access) }),
      ),
    )
    await orms[1]?.schema.create()
    const sample = {
      big: 9007199254740993n,
      amount: '12345678901234567890.1234567890',
      ratio: 0.1,
      // In the hour that summer time skips.
      at: new Date('2026-03-29T01:30:00.123Z'),
      day: '2026-02-28',
      time: '12:34:56',
      data: { list: [1, 'x', null] },
      isOpen: true,
      bytes: Buffer.from([0, 255, 1]),
    }
    for (const { em } of orms) await em.fork().insert(SampleEntity, sample)
    const seen = await Promise.all(
      orms.map(async ({ em }) => ({
        entities: (await em.fork().find(SampleEntity, {}, { orderBy: { id: 'asc' } })).map(
          (entity) => ({ ...entity }),
        ),
        byDate: await em.fork().count(SampleEntity, { at: sample.at, big: sample.big }),
        raw: await em.getConnection().execute('SELECT *, SUM(big) OVER () AS total FROM sample'),
      })),
    )
    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]?.byDate).toBe(2)
    expect(seen[1]?.entities[0]).toMatchObject({ big: sample.big, at: sample.at, day: sample.day })
    for (const each of orms) await each.close()
  })

  test('makes and empties tables though readers do not have them yet', async () => {
    await readersStandStill(shop.simulation.cluster)
    await orm.schema.refresh()
    await shop.access.request(async () => {
      const id = await shop.opened.add('Ada', 0)
      expect((await shop.opened.find(id))?.name).toBe('Ada')
      await orm.schema.clear()
      expect(await shop.opened.count()).toBe(0)
    })
  })

  test('with the writer as its connection and the pool as replica, connectionType holds', async () => {
    const { simulation, access } = shop
    const { cluster } = simulation
    const pool = createAuroraPool({ ...access.connection, ...MIKRO_ORM_POOL_OPTIONS })
    const split = await MikroORM.init({
      entities: [CustomerEntity],
      dbName: access.connection.database,
      driverOptions: new MysqlDialect({ pool: pool.writer }),
      // A function, since MikroORM copies a replica's options deeply.
      replicas: [{ driverOptions: () => new MysqlDialect({ pool }) }],
    })
    const { em } = split
    const id = await access.request(() =>
      em.fork().insert(CustomerEntity, { name: 'B', credit: 0 }),
    )
    const find = (options = {}) =>
      access.request(() => em.fork().findOne(CustomerEntity, id, options))
    await untilReadersAnswer(simulation, find)
    await readersStandStill(cluster)
    // Another process.
    await cluster.query('UPDATE app.customer SET credit = 1 WHERE id = ?', [id])
    expect(await answeredBy(simulation, find)).toBe('readers')
    expect((await find({ connectionType: 'write' }))?.credit).toBe(1)
    await access.request(async () => {
      await em.fork().nativeUpdate(CustomerEntity, { id }, { credit: 2 })
      const again = await em.fork().findOne(CustomerEntity, id)
      expect(again?.credit, 'a request sees what it has written').toBe(2)
    })
    await split.close()
  })

  test('an abort ends the query itself, in a transaction too', async () => {
    const { simulation, access } = shop
    const controlled = await MikroORM.init({
      entities: [CustomerEntity],
      dbName: access.connection.database,
      driverOptions: new MysqlDialect({
        pool: access.createPool(MIKRO_ORM_POOL_OPTIONS),
        controlConnection: access.mysql2.createConnection,
      }),
    })
    const { em } = controlled
    await untilReadersAnswer(simulation, () =>
      access.request(() => em.fork().count(CustomerEntity)),
    )
    const endless = 'SELECT COUNT(*) FROM seq_1_to_4000000000 WHERE seq % 7 = 3'
    const isRunning = async () => {
      const rows = await simulation.cluster.query(
        'SELECT id FROM information_schema.processlist WHERE info LIKE ?',
        [`${endless.slice(0, -1)}%`],
      )
      return rows.length > 0
    }
    for (const inTransaction of [false, true]) {
      const abort = new AbortController()
      const options = { signal: abort.signal, inflightQueryAbortStrategy: 'cancel query' as const }
      const request = em.fork(options)
      const running = inTransaction
        ? request.transactional((transaction) => transaction.execute(endless))
        : request.execute(endless)
      const ended = expect(running).rejects.toThrow('aborted')
      await eventually('it runs', isRunning)
      abort.abort()
      await ended
      await eventually('it was ended on the server', async () => !(await isRunning()))
    }
    await controlled.close()
  })

  test('a stream gives its connection back when it is left, and fails when it is cut', async () => {
    const { cluster } = shop.simulation
    await cluster.query(
      "INSERT INTO app.customer (name, credit) SELECT CONCAT('many ', seq), 0 FROM seq_1_to_50000",
    )
    const stream = (limit = 50_000) => orm.em.fork().stream(CustomerEntity, { limit })
    const moreThanThePoolHas = 12
    for (let count = 0; count < moreThanThePoolHas; count += 1) {
      for await (const _ of stream(1000)) break
    }
    expect(await shop.opened.count()).toBeGreaterThan(50_000)

    const readAll = async () => {
      let isCut = false
      for await (const _ of stream()) {
        if (isCut) continue
        isCut = true
        for (const { id } of cluster.instances) {
          await cluster.inject({ type: 'reset', instance: id })
        }
      }
    }
    const error = await readAll().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DriverException)
    expect(error).toMatchObject({ fatal: true, aurora: { kind: 'lost' } })
  })
})
