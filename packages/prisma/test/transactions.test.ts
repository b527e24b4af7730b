import type { AuroraPool } from 'aurora-mysql2/promise'
import { auroraDetailOf, PrismaAuroraMysql2 } from 'aurora-mysql2-prisma'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually, failureOf, nothingIsLeft } from '../../driver/test/simulation.js'
import { type OpenShop, openShop } from './open-shop.js'
import type { Client } from './schema.js'

let shop: OpenShop
let pool: AuroraPool
let prisma: Client
/** On plain mysql2 with room for one connection: what is not given back blocks the next. */
let plain: Client
let plainPool: mysql.Pool
beforeAll(async () => {
  shop = await openShop({ recordStatements: true })
  pool = await shop.simulation.readyPool()
  prisma = shop.client(pool)
  plainPool = mysql.createPool({ ...shop.simulation.cluster.plainConnection, connectionLimit: 1 })
  plain = shop.client(plainPool)
})
afterAll(async () => {
  await shop?.close()
  await plainPool?.end()
})

beforeEach(async () => {
  await prisma.note.deleteMany()
  await prisma.person.deleteMany()
})

/** What the writer is told between two moments, without the topology questions. */
async function toldWriter(work: () => Promise<unknown>): Promise<string[]> {
  const { writer } = shop.simulation.cluster
  const before = writer.statements.length
  await work()
  return writer.statements.slice(before).filter((sql) => !/replica_host_status|@@/.test(sql))
}

describe.each([
  ['the driver', () => prisma],
  ['plain mysql2', () => plain],
] as const)('on %s', (_, client) => {
  test('commits what the function did', async () => {
    const id = await client().$transaction(async (tx) => {
      const person = await tx.person.create({ data: { email: 'a' } })
      await tx.note.create({ data: { text: 'one', personId: person.id } })
      expect(await tx.note.count()).toBe(1)
      return person.id
    })
    expect(await client().note.count({ where: { personId: id } })).toBe(1)
  })

  test('rolls back what the function did when it throws', async () => {
    const refusal = new Error('refused')
    const work = client().$transaction(async (tx) => {
      await tx.person.create({ data: { email: 'a' } })
      throw refusal
    })
    expect(await failureOf(work)).toBe(refusal)
    expect(await client().person.count()).toBe(0)
  })

  test('rolls back all of a nested write, and all of a batch', async () => {
    const long = 'x'.repeat(21)
    const nested = { email: 'a', notes: { create: [{ text: 'short' }, { text: long }] } }
    expect(await failureOf(client().person.create({ data: nested }))).toMatchObject({
      code: 'P2000',
    })
    const batch = client().$transaction([
      client().person.create({ data: { email: 'b' } }),
      client().person.create({ data: { email: 'b' } }),
    ])
    expect(await failureOf(batch)).toMatchObject({ code: 'P2002' })
    expect(await client().person.count()).toBe(0)
  })

  test('upserts, creates with what belongs to it, updates and deletes', async () => {
    const upsert = (name: string) =>
      client().person.upsert({
        where: { email: 'a' },
        create: { email: 'a', name, notes: { create: { text: 'first' } } },
        update: { name },
        include: { notes: true },
      })
    const created = await upsert('new')
    expect(created).toMatchObject({ name: 'new', notes: [{ text: 'first', likes: 0 }] })
    expect(await upsert('newer')).toMatchObject({ id: created.id, name: 'newer' })
    const changes = { where: { text: 'first' }, data: { likes: { increment: 2 } } }
    expect(await client().note.updateMany(changes)).toEqual({ count: 1 })
    // Rows that were found count, also where nothing changed.
    expect(await client().note.updateMany({ data: { text: 'first' } })).toEqual({ count: 1 })
    expect(await client().note.deleteMany()).toEqual({ count: 1 })
  })

  test('undoes an inner transaction alone', async () => {
    await client().$transaction(async (tx) => {
      await tx.person.create({ data: { email: 'outer' } })
      const inner = tx.$transaction(async (nested) => {
        await nested.person.create({ data: { email: 'inner' } })
        throw new Error('refused')
      })
      expect(await failureOf(inner)).toMatchObject({ message: 'refused' })
      await tx.$transaction(async (nested) => {
        await nested.person.create({ data: { email: 'second inner' } })
      })
    })
    const people = await client().person.findMany({ orderBy: { id: 'asc' } })
    expect(people.map(({ email }) => email)).toEqual(['outer', 'second inner'])
  })

  test('gives up one that takes too long, and its connection', async () => {
    const work = client().$transaction(
      async (tx) => {
        await tx.person.create({ data: { email: 'a' } })
        await tx.$queryRaw`SELECT SLEEP(0.3)`
        await tx.person.create({ data: { email: 'b' } })
      },
      { timeout: 100 },
    )
    expect(await failureOf(work)).toMatchObject({ code: 'P2028' })
    await eventually('it is rolled back', async () => (await client().person.count()) === 0)
  })

  test('leaves the next borrower nothing of one whose COMMIT is refused', async () => {
    const work = client().$transaction(async (tx) => {
      await tx.$executeRawUnsafe('COMMIT')
      // Within this neither COMMIT nor ROLLBACK is allowed.
      await tx.$executeRawUnsafe("XA START 'left over'")
    })
    expect(await failureOf(work)).toMatchObject({ cause: { originalCode: '1399' } })
    expect(await client().$transaction((tx) => tx.person.count())).toBe(0)
  })

  test('refuses a level that MySQL has not', async () => {
    const work = client().$transaction(async () => {}, { isolationLevel: 'Snapshot' })
    await failureOf(work)
    expect(await client().person.count()).toBe(0)
  })
})

test('one that could not begin in time is given back when it begins after all', async () => {
  const held = await plainPool.getConnection()
  const work = plain.$transaction(async () => {}, { maxWait: 50 })
  expect(await failureOf(work)).toMatchObject({ code: 'P2028' })
  held.release()
  expect(await plain.person.count()).toBe(0)
})

test('one whose BEGIN is refused is given back', async () => {
  // The pool's only connection is left in a transaction, in which no level can be set.
  await plainPool.query('BEGIN')
  const refused = plain.$transaction(async () => {}, { isolationLevel: 'Serializable' })
  expect(await failureOf(refused)).toMatchObject({ code: 'P2039' })
  await plainPool.query('ROLLBACK')
  expect(await plain.person.count()).toBe(0)
})

test('the isolation level is told before the transaction begins', async () => {
  const told = await toldWriter(() =>
    prisma.$transaction((tx) => tx.person.count(), { isolationLevel: 'ReadCommitted' }),
  )
  expect(told).toEqual([
    'SET TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'BEGIN',
    expect.stringContaining('COUNT(*)'),
    'COMMIT',
  ])
})

test('one call is one statement, and a transaction adds BEGIN and COMMIT alone', async () => {
  expect(await toldWriter(() => prisma.person.deleteMany())).toHaveLength(1)
  const told = await toldWriter(() => prisma.person.create({ data: { email: 'a' } }))
  expect(told.map((sql) => sql.split(' ')[0])).toEqual(['BEGIN', 'INSERT', 'SELECT', 'COMMIT'])
})

describe('a pool', () => {
  test('that it was given stays open, and can be used again', async () => {
    const own = shop.client(pool)
    expect(await own.person.count()).toBeTypeOf('number')
    await own.$disconnect()
    await pool.query('SELECT 1')
    expect(await own.person.count()).toBeTypeOf('number')
  })

  test('of its own ends when the client disconnects, and the next begins anew', async () => {
    const { cluster } = shop.simulation
    const opened = () =>
      cluster.instances.reduce((sum, { counters }) => sum + counters.connectionsOpen, 0)
    const before = opened()
    const own = shop.client(cluster.connection)
    for (let round = 0; round < 2; round += 1) {
      expect(await own.person.count()).toBeTypeOf('number')
      expect(opened()).toBeGreaterThan(before)
      await own.$disconnect()
      await eventually('its connections are closed', () => opened() <= before)
    }
  })
})

test('a script runs statement by statement on one connection', async () => {
  const adapter = await new PrismaAuroraMysql2(pool).connect()
  await adapter.executeScript(`
    SET @greeting = 'semi;colon'; -- not an end; this
    INSERT INTO Person (email) VALUES (@greeting);
    /* nor; this */
  `)
  expect(await prisma.person.findMany()).toMatchObject([{ email: 'semi;colon' }])
})

describe('when the connection is lost', () => {
  const loseIt = () =>
    shop.simulation.cluster.inject({
      type: 'reset',
      instance: shop.simulation.cluster.writer.id,
    })

  test.each([
    ['the driver', () => prisma],
    ['plain mysql2', () => plain],
  ] as const)('in the middle, on %s: nothing took effect', async (_, client) => {
    const work = client().$transaction(async (tx) => {
      await tx.person.create({ data: { email: 'a' } })
      await loseIt()
      await tx.person.create({ data: { email: 'b' } })
    })
    expect(await failureOf(work)).toMatchObject({ code: 'P1017' })
    expect(await client().person.count()).toBe(0)
  })

  test('the error says that nothing took effect, in whichever way the transaction was begun', async () => {
    const losing = { email: 'a', notes: { create: [{ text: 'one' }] } }
    const lost = [
      () =>
        prisma.$transaction(async (tx) => {
          await tx.person.create({ data: losing })
          await loseIt()
          await tx.person.count()
        }),
      async () => {
        const slowly = prisma.$queryRaw`SELECT COUNT(*), SLEEP(10) FROM Person`
        const batch = prisma.$transaction([prisma.person.create({ data: losing }), slowly])
        // Whoever waits for it comes later.
        batch.catch(() => {})
        const { writer } = shop.simulation.cluster
        await eventually('the slow statement runs', () =>
          writer.statements.some((sql) => sql.includes('SLEEP(10)')),
        )
        await loseIt()
        return batch
      },
    ]
    for (const work of lost) {
      const error = await failureOf(work())
      expect(auroraDetailOf(error)).toMatchObject({ outcome: 'rolled-back' })
      expect(await prisma.person.count()).toBe(0)
    }
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})

// From here on another instance is the writer.
describe('when the writer fails', () => {
  test('in the middle by becoming a reader: the error says that nothing took effect', async () => {
    const { cluster } = shop.simulation
    const work = prisma.$transaction(async (tx) => {
      await tx.person.create({ data: { email: 'a' } })
      await cluster.demote()
      await tx.person.create({ data: { email: 'b' } })
    })
    const error = await failureOf(work)
    // Refused by it, or cut off because the next writer is known already.
    expect(['P2039', 'P1017']).toContain(error.code)
    expect(auroraDetailOf(error)).toMatchObject({ outcome: 'rolled-back' })
    expect(await prisma.person.count()).toBe(0)
  })

  test('under a COMMIT: nobody knows, and the error says so', async () => {
    const { cluster } = shop.simulation
    const { writer } = cluster
    const work = prisma.$transaction(async (tx) => {
      await tx.person.create({ data: { email: 'a' } })
      await cluster.inject({ type: 'hang', instance: writer.id })
      setTimeout(() => cluster.failover({ how: 'crash', detectMs: 10, promoteMs: 20 }), 50)
    })
    const error = await failureOf(work)
    expect(error).toMatchObject({ name: 'DriverAdapterError', cause: { kind: 'ConnectionClosed' } })
    expect(auroraDetailOf(error)).toMatchObject({ outcome: 'unknown' })
    await prisma.person.create({ data: { email: 'next' } })
    await eventually('nothing is left', () => nothingIsLeft(pool))
  })
})
