import type { INestApplication } from '@nestjs/common'
import { QueryFailedError } from 'typeorm'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import { ShopService, startNestApp } from './nestjs-app.js'
import type { Builder, Customer } from './shop.js'
import { describeBuilder, useShop } from './suite.js'
import { answeredBy, readersStandStill, untilReadersAnswer } from './typeorm-readers.js'
import { driverErrorOf } from './typeorm-shop.js'

const nestjs: Builder = {
  name: 'NestJS',
  npmPackage: '@nestjs/typeorm',
  wayIn: '`TypeOrmModule.forRoot({ driver: mysql, … })`',
  open: async (access) => {
    const app = await startNestApp(access)
    // Nest ends what it has opened.
    return Object.assign(app.get(ShopService), { close: () => app.close() })
  },
  isDuplicate: (error) =>
    error instanceof QueryFailedError && error.driverError.code === 'ER_DUP_ENTRY',
  driverError: driverErrorOf,
}

describeBuilder(nestjs)

describe('over HTTP', () => {
  let app: INestApplication
  let url: string
  const shop = useShop(
    {
      open: async (access) => {
        app = await startNestApp(access)
        url = `${await app.getUrl()}/customers`
        return Object.assign(app.get(ShopService), { close: () => app.close() })
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )
  const find = async (id: number) => {
    const response = await fetch(`${url}/${id}`)
    return (await response.json()) as { readonly customer: Customer | null }
  }
  const create = async (name: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
    return { status: response.status, customer: (await response.json()) as Customer }
  }

  test('each request sees what it has written, and follows no other request', async () => {
    const { simulation } = shop
    const { customer: first } = await create('Ada')
    await untilReadersAnswer(simulation, () => find(first.id))
    await readersStandStill(simulation.cluster)
    const before = simulation.counts()
    const { status, customer } = await create('Grace')
    expect(status).toBe(201)
    const since = simulation.countsSince(before)
    expect(simulation.cluster.readers.map(({ id }) => since[id]?.reads)).toEqual([0, 0])
    expect(customer, 'the request itself reads back what it wrote').toMatchObject({ name: 'Grace' })
    expect(
      await answeredBy(simulation, () => find(customer.id)),
      'another request need not see it',
    ).toBe('readers')
  })

  test('the end of the application closes every connection', async () => {
    const { simulation, access } = shop
    const { cluster } = simulation
    const open = async () => {
      const [row] = await cluster.query(
        "SELECT COUNT(*) AS open FROM information_schema.processlist WHERE user <> 'root' AND user <> 'system user'",
      )
      return Number(row?.open)
    }
    const before = await open()
    const second = await startNestApp(access)
    const service = second.get(ShopService)
    await Promise.all(Array.from({ length: 5 }, () => service.count()))
    expect(await open()).toBeGreaterThan(before)
    await second.close()
    await eventually('its connections are closed', async () => (await open()) <= before)
  })
})
