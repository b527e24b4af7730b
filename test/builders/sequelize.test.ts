import { DataTypes, type Sequelize, Transaction, UniqueConstraintError } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, failureOf, scaled } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import { shareOnReaders } from './read-share.js'
import { openSequelize, SequelizeShop } from './sequelize-shop.js'
import type { Builder } from './shop.js'
import { describeBuilder, useShop } from './suite.js'

const sequelize6: Builder = {
  name: 'Sequelize',
  npmPackage: 'sequelize',
  wayIn: '`dialectModule: auroraMysql2`',
  open: async (access) => new SequelizeShop(openSequelize(access)),
  isDuplicate: (error) =>
    error instanceof UniqueConstraintError &&
    (error.original as { code?: string }).code === 'ER_DUP_ENTRY',
  // Sequelize's errors have the driver's as `original`.
  driverError: (error) => (error as { original?: unknown }).original ?? error,
}

describeBuilder(sequelize6)

/** What of a connection in its pool Sequelize looks at, and what its typings leave out. */
interface Pooled {
  readonly threadId: number | null
}

interface Manager {
  getConnection(options: { readonly type: 'SELECT' }): Promise<Pooled>
  releaseConnection(connection: Pooled): void
}

describe('only Sequelize', () => {
  const shop = useShop(sequelize6, ({ cluster }) => ourAccess(cluster, AT_SCALE))
  const PLACES = 10
  let sequelize: Sequelize

  beforeAll(() => {
    sequelize = openSequelize(shop.access, {
      pool: { max: PLACES },
      timezone: '+02:00',
      isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED,
    })
    sequelize.define(
      'customer',
      { name: DataTypes.STRING, credit: DataTypes.INTEGER },
      { timestamps: false, freezeTableName: true },
    )
  })
  afterAll(() => sequelize.close())

  /** All connections of its pool, each taken once and given back. */
  async function allPooled(): Promise<Pooled[]> {
    const manager = sequelize.connectionManager as unknown as Manager
    const taken: Pooled[] = []
    while (taken.length < PLACES) taken.push(await manager.getConnection({ type: 'SELECT' }))
    for (const each of taken) manager.releaseConnection(each)
    return taken
  }

  test('what is idle in its pool holds nothing in the cluster', async () => {
    const pooled = await allPooled()
    expect(new Set(pooled).size).toBe(PLACES)
    expect(pooled.map(({ threadId }) => threadId)).toEqual(pooled.map(() => null))
    // The shop has its own.
    const open = shop.simulation.cluster.instances.map(({ counters }) => counters.connectionsOpen)
    expect(open.reduce((sum, each) => sum + each)).toBeLessThan(PLACES)
  })

  test('its time zone is set wherever a statement runs, and costs no splitting', async () => {
    for (const role of ['writer', 'reader']) {
      const [rows] = await sequelize.query(
        `/* aurora:${role} */ SELECT @@session.time_zone AS zone`,
      )
      expect(rows).toEqual([{ zone: '+02:00' }])
    }
  })

  test('reads reach readers after transactions with an isolation level', async () => {
    const { customer } = sequelize.models
    const { access, simulation } = shop
    const isolated = () =>
      sequelize.transaction(async (transaction) => {
        await customer?.create({ name: `isolated ${Math.random()}`, credit: 0 }, { transaction })
      })
    // On every connection of its pool.
    await Promise.all(Array.from({ length: PLACES }, () => access.request(isolated)))
    const read = () => access.request(async () => await customer?.count())
    const readOnAll = () => Promise.all(Array.from({ length: PLACES }, read))
    await eventually(
      'no connection reads from the writer',
      async () => (await shareOnReaders(simulation, readOnAll)) === 1,
    )
  })

  test('findOrCreate creates once', async () => {
    const { customer } = sequelize.models
    const options = { where: { name: 'Only' }, defaults: { credit: 1 } }
    const found = await Promise.all([1, 2, 3].map(() => customer?.findOrCreate(options)))
    expect(found.filter((each) => each?.[1])).toHaveLength(1)
  })

  test('a failover throws away the connection whose transaction it ended, and no other', async () => {
    const { cluster } = shop.simulation
    const { customer } = sequelize.models
    const before = await allPooled()
    let lost: unknown
    const error = await failureOf(
      sequelize.transaction(async (transaction) => {
        lost = (transaction as unknown as { connection: unknown }).connection
        await customer?.create({ name: 'Never', credit: 0 }, { transaction })
        await cluster.failover({ detectMs: scaled(100), promoteMs: scaled(400) })
        await customer?.create({ name: 'Never either', credit: 0 }, { transaction })
      }),
    )
    expect(error.original).toMatchObject({ aurora: { outcome: 'rolled-back' } })
    await customer?.create({ name: 'After', credit: 0 })
    expect(await customer?.findAll({ where: { name: ['Never', 'Never either'] } })).toEqual([])
    const after = await allPooled()
    expect(before).toContain(lost)
    expect(before.filter((each) => !after.includes(each))).toEqual([lost])
    await eventually('all are idle', () => after.every(({ threadId }) => threadId === null))
  })
})
