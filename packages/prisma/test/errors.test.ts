import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../../driver/test/simulation.js'
import { type OpenShop, openShop } from './open-shop.js'
import type { Client } from './schema.js'

/** Apart from the calls: Prisma quotes them in its messages. */
const WRONG = 'not-the-password'

let shop: OpenShop
let plainPool: mysql.Pool
beforeAll(async () => {
  shop = await openShop()
  plainPool = mysql.createPool(shop.simulation.cluster.plainConnection)
})
afterAll(async () => {
  await shop?.close()
  await plainPool?.end()
})

/** Where Prisma keeps what the adapter rejected with. */
function causeOf(error: unknown): unknown {
  return (error as { meta?: { driverAdapterError?: Error } }).meta?.driverAdapterError?.cause
}

describe.each([
  ['the driver', () => shop.ourClient()],
  ['plain mysql2', () => shop.client(plainPool)],
] as const)('on %s', (_, open) => {
  let prisma: Client
  beforeAll(async () => {
    prisma = open()
    await prisma.note.deleteMany()
    await prisma.person.deleteMany()
    await prisma.person.create({ data: { email: 'ada@example.com' } })
  })

  test('a duplicate key is P2002, and names the index', async () => {
    const error = await failureOf(prisma.person.create({ data: { email: 'ada@example.com' } }))
    expect(error).toMatchObject({ code: 'P2002', meta: { modelName: 'Person' } })
    expect(causeOf(error)).toMatchObject({
      kind: 'UniqueConstraintViolation',
      constraint: { index: 'person_email_key' },
      originalCode: '1062',
    })
    expect(error.message).not.toContain('ada@')
  })

  test('mysql2’s error can be reached', async () => {
    const error = await failureOf(prisma.person.create({ data: { email: 'ada@example.com' } }))
    const { driverAdapterError } = error.meta as { driverAdapterError: { original: unknown } }
    expect(driverAdapterError.original).toMatchObject({ code: 'ER_DUP_ENTRY', errno: 1062 })
    expect(JSON.stringify(error.meta)).not.toContain('INSERT')
  })

  test('a foreign key is P2003, and names the column', async () => {
    const orphan = { text: 'x', personId: -1, at: new Date() }
    const error = await failureOf(prisma.note.createMany({ data: [orphan] }))
    expect(error).toMatchObject({ code: 'P2003' })
    expect(causeOf(error)).toMatchObject({ constraint: { fields: ['personId'] } })
  })

  test.each<[string, (client: Client) => Promise<unknown>]>([
    [
      'P2000',
      (client) => client.note.createMany({ data: [{ text: 'x'.repeat(21), personId: 1 }] }),
    ],
    ['P2020', (client) => client.sample.create({ data: { small: 40_000 } })],
    ['P2025', (client) => client.person.delete({ where: { id: -1 } })],
    ['P2010', (client) => client.$queryRaw`SELECT nothing FROM Person`],
    ['P2010', (client) => client.$executeRaw`INSERT INTO Person (email) VALUES (NULL)`],
    ['P2010', (client) => client.$queryRawUnsafe('SELECT ?', 1, 2)],
  ])('%s', async (code, work) => {
    expect(await failureOf(work(prisma))).toMatchObject({ code })
  })

  test('a table and a column that are not there are P2021 and P2022', async () => {
    await prisma.$executeRaw`ALTER TABLE Event RENAME COLUMN name TO title`
    expect(await failureOf(prisma.event.findMany())).toMatchObject({ code: 'P2022' })
    await prisma.$executeRaw`ALTER TABLE Event RENAME TO Occasion`
    expect(await failureOf(prisma.event.findMany())).toMatchObject({ code: 'P2021' })
    await prisma.$executeRaw`ALTER TABLE Occasion RENAME TO Event`
    await prisma.$executeRaw`ALTER TABLE Event RENAME COLUMN title TO name`
    expect(await prisma.event.findMany()).toEqual([])
  })

  test('a deadlock is P2034 for one of two, and the other commits', async () => {
    const emails = ['left@example.com', 'right@example.com'] as const
    for (const email of emails) await prisma.person.create({ data: { email } })
    const update = (tx: Pick<Client, 'person'>, email: string, name: string) =>
      tx.person.updateMany({ where: { email }, data: { name } })

    let arrived = 0
    let bothHaveOne = () => {}
    const meeting = new Promise<void>((resolve) => {
      bothHaveOne = resolve
    })
    const race = (name: string, [first, second]: readonly [string, string]) =>
      prisma.$transaction(async (tx) => {
        await update(tx, first, name)
        arrived += 1
        if (arrived === 2) bothHaveOne()
        await meeting
        await update(tx, second, name)
        return name
      })
    const outcomes = await Promise.allSettled([
      race('one', emails),
      race('two', [emails[1], emails[0]]),
    ])
    const winners = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const losers = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(losers).toEqual([expect.objectContaining({ code: 'P2034' })])
    const people = await prisma.person.findMany({ where: { email: { in: [...emails] } } })
    expect(people.map(({ name }) => name)).toEqual([winners[0], winners[0]])
  })
})

test('a wrong password is P1000 to whoever asks, without the password', async () => {
  const { connection } = shop.simulation.cluster
  const prisma = shop.client({ ...connection, password: WRONG }, { relationJoins: false })
  const error = await failureOf(prisma.person.findMany())
  expect(error).toMatchObject({ code: 'P1000' })
  expect(JSON.stringify([error, error.message])).not.toContain(WRONG)
})

test('nobody there is P1001', async () => {
  const prisma = shop.client(
    { host: '127.0.0.1', port: 1, user: 'app', connectTimeout: 1_000 },
    { relationJoins: false },
  )
  expect(await failureOf(prisma.person.findMany())).toMatchObject({ code: 'P1001' })
})

test('without an answer to its first question a client is not connected, and asks again', async () => {
  const { cluster } = shop.simulation
  const { connection } = cluster
  const password = { now: WRONG }
  const prisma = shop.client({
    ...connection,
    aurora: { ...connection.aurora, password: () => password.now },
  })
  const error = await failureOf(prisma.$connect())
  expect(error.cause).toMatchObject({ kind: 'AuthenticationFailed' })
  password.now = String(connection.password)
  await prisma.$connect()
  expect(await prisma.person.count()).toBeGreaterThan(0)
})
