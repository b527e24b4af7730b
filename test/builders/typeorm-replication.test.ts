import { DataSource } from 'typeorm'
import { describe, expect, test } from 'vitest'
import { NOTHING_AMISS } from '../failover/ledger.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import { rideThroughFailover } from './failover-load.js'
import { useShop } from './suite.js'
import { answeredBy, readersStandStill, untilReadersAnswer } from './typeorm-readers.js'
import { optionsWithReplication, optionsWithRoles } from './typeorm-roles.js'
import { CustomerEntity, driverErrorOf, TypeOrmShop } from './typeorm-shop.js'

describe('roles over one pool', () => {
  let dataSource: DataSource
  const shop = useShop(
    {
      open: async (access) => {
        dataSource = await new DataSource(optionsWithRoles(access)).initialize()
        return new TypeOrmShop(dataSource)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )

  test('a find sees what was written, and save() compares with what the writer has', async () => {
    const { simulation, opened, access } = shop
    const { cluster } = simulation
    const id = await opened.add('Ada', 0)
    const find = () => access.request(() => opened.find(id))
    await untilReadersAnswer(simulation, find)
    await readersStandStill(cluster)
    await access.request(async () => {
      await opened.rename(id, 'Augusta')
      expect((await opened.find(id))?.name).toBe('Augusta')
    })
    // Compared with what a reader has there would be nothing to save.
    expect(await answeredBy(simulation, find)).toBe('readers')
    await access.request(() =>
      dataSource.getRepository(CustomerEntity).save({ id, name: 'Ada', credit: 0 }),
    )
    expect(await cluster.query('SELECT name FROM app.customer WHERE id = ?', [id])).toEqual([
      { name: 'Ada' },
    ])
  })

  // The last: afterwards another instance is the writer.
  test('a failover is a pause', () => failoverIsPause(shop))
})

describe('replication as TypeORM’s manual writes it', () => {
  const shop = useShop(
    {
      open: async (access) => {
        const { readerEndpoint } = shop.simulation.cluster
        const options = optionsWithReplication(access, readerEndpoint)
        return new TypeOrmShop(await new DataSource(options).initialize())
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )

  // Plain mysql2 removes the writer's pool after five failed connects, for good.
  test('a failover is a pause, and removes no pool', () => failoverIsPause(shop))
})

async function failoverIsPause(shop: ReturnType<typeof useShop>): Promise<void> {
  const { ledger, simulation } = shop
  const { readFailures } = await rideThroughFailover({ driverError: driverErrorOf }, shop, ledger)
  expect(readFailures).toEqual([])
  expect(ledger.unmarked).toEqual([])
  expect(await ledger.audit(simulation.cluster)).toEqual(NOTHING_AMISS)
}
