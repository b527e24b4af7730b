import type { AuroraPool } from 'aurora-mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureOf } from '../../driver/test/simulation.js'
import { type OpenShop, openShop } from './open-shop.js'
import type { Client } from './schema.js'

let shop: OpenShop
beforeAll(async () => {
  shop = await openShop({ timings: { lagMs: 300 } })
})
afterAll(() => shop?.close())

/** How many statements the writer and the readers were sent meanwhile. */
async function sentTo(
  work: () => Promise<unknown>,
): Promise<{ writer: number; readers: number[] }> {
  const { cluster } = shop.simulation
  const before = shop.simulation.counts()
  await work()
  const counts = shop.simulation.countsSince(before)
  const sent = (id: string) => (counts[id]?.reads ?? 0) + (counts[id]?.writes ?? 0)
  return { writer: sent(cluster.writer.id), readers: cluster.readers.map(({ id }) => sent(id)) }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

describe('each statement goes by its text', () => {
  let prisma: Client
  beforeAll(async () => {
    // Whatever was written before: only the text is of interest here.
    prisma = shop.client(await shop.simulation.readyPool({ aurora: { consistency: 'eventual' } }))
    await prisma.person.create({ data: { email: 'ada', notes: { create: { text: 'one' } } } })
  })

  test.each<[what: string, statements: number, work: () => Promise<unknown>]>([
    ['findMany', 1, () => prisma.person.findMany({ where: { email: { contains: 'a' } } })],
    ['findUnique', 1, () => prisma.person.findUnique({ where: { email: 'ada' } })],
    ['count', 1, () => prisma.person.count()],
    ['aggregate', 1, () => prisma.note.aggregate({ _sum: { likes: true } })],
    ['groupBy', 1, () => prisma.note.groupBy({ by: ['likes'] })],
    ['$queryRaw SELECT', 1, () => prisma.$queryRaw`SELECT id FROM Person WHERE email = ${'ada'}`],
  ])('%s to readers', async (_, statements, work) => {
    const { writer, readers } = await sentTo(work)
    expect([writer, sum(readers)]).toEqual([0, statements])
  })

  test.each<[what: string, work: () => Promise<unknown>]>([
    ['create', () => prisma.person.create({ data: { email: `x${Math.random()}` } })],
    ['updateMany', () => prisma.note.updateMany({ data: { likes: 1 } })],
    ['$executeRaw', () => prisma.$executeRaw`UPDATE Note SET likes = ${2}`],
    ['$queryRaw UPDATE', () => prisma.$queryRaw`UPDATE Note SET likes = ${3}`],
    ['$queryRaw FOR UPDATE', () => prisma.$queryRaw`SELECT id FROM Note FOR UPDATE`],
    ['$queryRaw with a hint', () => prisma.$queryRaw`/* aurora:writer */ SELECT id FROM Note`],
    ['a batch of reads', () => prisma.$transaction([prisma.note.count(), prisma.person.count()])],
    ['reads inside a transaction', () => prisma.$transaction((tx) => tx.note.findMany())],
  ])('%s to the writer', async (_, work) => {
    const { writer, readers } = await sentTo(work)
    expect(sum(readers)).toBe(0)
    expect(writer).toBeGreaterThan(0)
  })
})

describe('you read what you wrote', () => {
  let pool: AuroraPool
  let prisma: Client
  beforeAll(async () => {
    pool = await shop.simulation.readyPool()
    prisma = shop.client(pool)
  })
  beforeEach(async () => {
    await prisma.note.deleteMany()
    await prisma.person.deleteMany()
  })

  test('in a session and outside of any, though readers lag', async () => {
    for (const within of [pool.aurora.session.bind(pool.aurora), (work: () => unknown) => work()]) {
      await within(async () => {
        const email = `${Math.random()}`
        const { id } = await prisma.person.create({
          data: { email, notes: { create: { text: 'new' } } },
        })
        const read = await prisma.person.findUnique({ where: { id }, include: { notes: true } })
        expect(read).toMatchObject({ email, notes: [{ text: 'new' }] })
        await prisma.note.deleteMany()
        expect(await prisma.note.count()).toBe(0)
      })
    }
  })

  test('in a session all that belongs together comes from one reader', async () => {
    await prisma.person.create({ data: { email: 'ada', notes: { create: { text: 'one' } } } })
    const load = () =>
      pool.aurora.session(async () => {
        for (let round = 0; round < 5; round += 1) {
          await prisma.person.findMany({ include: { notes: true } })
        }
      })
    let counts = await sentTo(load)
    // Until the readers have what was written the writer serves.
    while (sum(counts.readers) < 10) counts = await sentTo(load)
    expect(counts.readers.toSorted()).toEqual([0, 10].toSorted())
  })
})

test('a client on pool.reader reads, and its writes are refused', async () => {
  const { reader } = await shop.simulation.readyPool()
  const prisma = shop.client(reader)
  const { writer } = await sentTo(() => prisma.person.findMany())
  expect(writer).toBe(0)
  const error = await failureOf(prisma.person.create({ data: { email: 'refused' } }))
  expect(error).toMatchObject({ code: 'P2039' })
})
