import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../../driver/test/simulation.js'
import { type OpenShop, openShop } from './open-shop.js'
import type { Client } from './schema.js'

let shop: OpenShop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop?.close())

/** A value of each type, and of what is hard about it: as it is written is how it must be read. */
const VALUES: readonly (readonly [column: string, value: unknown])[] = [
  ['int', -2_147_483_648],
  ['int', 2_147_483_647],
  ['small', -32_768],
  ['year', 2155],
  ['big', -9_223_372_036_854_775_808n],
  ['big', 9_007_199_254_740_993n],
  ['ubig', 18_446_744_073_709_551_615n],
  ['double', 0.1],
  ['double', -1.25e300],
  ['double', 5e-324],
  ['double', 0.1 + 0.2],
  ['double', 1234567.891],
  ['double', 3],
  ['float', 1.5],
  ['flag', true],
  ['flag', false],
  ['bit', true],
  ['bit', false],
  ['text', ''],
  ['text', "it's"],
  ['text', '\\'],
  ['text', "\\' OR 1 = 1 -- "],
  ['text', '"?" ? ?? `#` /* */ :name \n\r\t\b\0\u001a'],
  ['text', 'grüße 😀 表'],
  ['text', 'null'],
  ['text', '12.50'],
  ['char', 'abc'],
  ['mood', 'calm'],
  ['mood', 'merry'],
  ['json', { text: 'it\'s "quoted" \\ \n', list: [1, 2.5, null, true], nested: { 'a b': {} } }],
  ['json', [1, 'a']],
  ['json', 'text'],
  ['json', 0],
  ['bytes', Uint8Array.from({ length: 256 }, (_, index) => index)],
  ['bytes', new Uint8Array(0)],
  ['binary', Uint8Array.of(0, 39, 92, 255)],
  ['bits', Uint8Array.of(0x0a, 0xbc)],
  ['moment', new Date('2024-02-29T23:59:59.999Z')],
  ['moment', new Date('1000-01-01T00:00:00.000Z')],
  ['moment', new Date('9999-12-31T23:59:59.999Z')],
  ['precise', new Date('2024-03-31T02:30:00.007Z')],
  ['stamp', new Date('2024-03-31T01:30:00.000Z')],
  ['day', new Date('2024-02-29T00:00:00.000Z')],
  ['hour', new Date('1970-01-01T23:59:59.123Z')],
  ['hour', new Date('1970-01-01T00:00:00.000Z')],
]

const POOLS = {
  'a pool of the driver': () => shop.ourClient(),
  // Options that say how the application wants its own rows.
  'a pool of the driver with other ideas about types': () =>
    shop.ourClient({
      dateStrings: false,
      timezone: '+05:00',
      decimalNumbers: true,
      supportBigNumbers: false,
      rowsAsArray: false,
      nestTables: true,
      namedPlaceholders: true,
      stringifyObjects: true,
      typeCast: () => 'nothing',
    } as object),
  'a pool of plain mysql2': () => shop.client(plainPool()),
}

const plainPools: mysql.Pool[] = []
function plainPool(): mysql.Pool {
  const pool = mysql.createPool(shop.simulation.cluster.plainConnection)
  plainPools.push(pool)
  return pool
}
afterAll(() => Promise.all(plainPools.map((pool) => pool.end())))

describe.each(Object.keys(POOLS) as (keyof typeof POOLS)[])('on %s', (name) => {
  let prisma: Client
  beforeAll(() => {
    prisma = POOLS[name]()
  })

  test('what is written is read and found, in every type', async () => {
    for (const [column, value] of VALUES) {
      const { id, ...created } = await prisma.sample.create({ data: { [column]: value } })
      expect(created[column], `${column} after create`).toEqual(value)
      // JSON is not compared by equality alone.
      const where = column === 'json' ? { id } : { id, [column]: value }
      const [found] = await prisma.sample.findMany({ where })
      expect(found?.[column], `${column} after findMany`).toEqual(value)
    }
  })

  test('nothing is written as nothing', async () => {
    const { id, ...rest } = await prisma.sample.create({ data: {} })
    expect(id).toBeTypeOf('number')
    expect(new Set(Object.values(rest))).toEqual(new Set([null]))
  })

  test('decimals keep every digit, and are compared by every digit', async () => {
    const { Decimal } = shop.module.Prisma
    const digits = [
      '12345678901234567890123456789012345.000000000000000000000000000001',
      '-0.5',
      '1e-20',
    ]
    for (const text of digits) {
      const decimal = new Decimal(text)
      const { id } = await prisma.sample.create({ data: { decimal } })
      const found = await prisma.sample.findMany({ where: { decimal, id: id as number } })
      expect(String(found[0]?.decimal)).toBe(String(decimal))
    }
    // As doubles the two are the same number.
    const nearly = new Decimal('12345678901234567890123456789012345.000000000000000000000000000002')
    expect(await prisma.sample.count({ where: { decimal: nearly } })).toBe(0)
  })

  test('a relation over microseconds holds', async () => {
    await prisma.$executeRaw`DELETE FROM Entry`
    await prisma.$executeRaw`DELETE FROM Event`
    await prisma.$executeRaw`INSERT INTO Event VALUES ('2024-01-02 03:04:05.123456', 'launch')`
    await prisma.$executeRaw`INSERT INTO Entry (eventAt) SELECT at FROM Event`
    const [event] = await prisma.event.findMany({ include: { entries: true } })
    expect(event?.entries).toHaveLength(1)
    const [entry] = await prisma.entry.findMany({ include: { event: true } })
    expect(entry?.event).toMatchObject({ name: 'launch' })
  })

  test('sums, averages, counts and groups', async () => {
    await prisma.sample.deleteMany()
    const data = [
      { int: 1, big: 9_007_199_254_740_993n, decimal: '0.1', double: 0.5 },
      { int: 2, big: 1n, decimal: '0.2', double: 0.25 },
    ]
    expect(await prisma.sample.createMany({ data })).toEqual({ count: 2 })
    const { _sum, _avg, _max, _count } = await prisma.sample.aggregate({
      _sum: { int: true, big: true, decimal: true, double: true },
      _avg: { int: true },
      _max: { big: true },
      _count: { _all: true, text: true },
    })
    expect(_sum).toMatchObject({ int: 3, big: 9_007_199_254_740_994n, double: 0.75 })
    expect(String(_sum?.decimal)).toBe('0.3')
    expect(_avg).toEqual({ int: 1.5 })
    expect(_max).toEqual({ big: 9_007_199_254_740_993n })
    expect(_count).toEqual({ _all: 2, text: 0 })
    const groups = await prisma.sample.groupBy({
      by: ['int'],
      _count: true,
      orderBy: { int: 'asc' },
    })
    expect(groups).toEqual([
      { int: 1, _count: 1 },
      { int: 2, _count: 1 },
    ])
  })

  test('pages with take, skip and cursor', async () => {
    await prisma.sample.deleteMany()
    await prisma.sample.createMany({
      data: [1, 2, 3, 4, 5].map((int) => ({ int, big: BigInt(int) })),
    })
    const order = { orderBy: { int: 'asc' } }
    const ints = (rows: Record<string, unknown>[]) => rows.map(({ int }) => int)
    expect(ints(await prisma.sample.findMany({ ...order, take: 2, skip: 1 }))).toEqual([2, 3])
    const [third] = await prisma.sample.findMany({ where: { big: 3n } })
    const cursor = { id: third?.id }
    expect(ints(await prisma.sample.findMany({ ...order, cursor, take: 2 }))).toEqual([3, 4])
    expect(ints(await prisma.sample.findMany({ ...order, cursor, take: -2 }))).toEqual([2, 3])
  })

  test('filters in JSON and in texts with wildcards', async () => {
    await prisma.sample.deleteMany()
    await prisma.sample.createMany({
      data: [
        { text: '100% of it', json: { a: { b: 'x' } } },
        { text: '1000 of it', json: { a: { b: 'y' } } },
      ],
    })
    const found = await prisma.sample.findMany({ where: { json: { path: '$.a.b', equals: 'x' } } })
    expect(found.map(({ text }) => text)).toEqual(['100% of it'])
    expect(await prisma.sample.count({ where: { text: { contains: '00' } } })).toBe(2)
    expect(await prisma.sample.count({ where: { text: { startsWith: '1000' } } })).toBe(1)
  })

  test('arithmetic stays exact', async () => {
    const { Decimal } = shop.module.Prisma
    const start = { big: 9_007_199_254_740_993n, decimal: new Decimal('0.1'), int: 5, double: 0.5 }
    const { id } = await prisma.sample.create({ data: start })
    const row = await prisma.sample.update({
      where: { id },
      data: {
        big: { increment: 1n },
        decimal: { multiply: new Decimal('1.1') },
        int: { decrement: 7 },
        double: { divide: 4 },
      },
    })
    expect(row).toMatchObject({ big: 9_007_199_254_740_994n, int: -2, double: 0.125 })
    expect(String(row.decimal)).toBe('0.11')
  })

  test('raw queries give and take every type', async () => {
    const { Decimal } = shop.module.Prisma
    const day = new Date('2024-02-29T12:34:56.789Z')
    const [row] = await prisma.$queryRaw`SELECT
      CAST(${9_007_199_254_740_993n} AS SIGNED) AS big,
      ${1.5} AS number,
      CAST(${new Decimal('0.10')} AS DECIMAL(10, 2)) AS amount,
      ${"it's"} AS text,
      ${null} AS nothing,
      CAST(${day} AS DATETIME(3)) AS moment,
      CAST(${day} AS DATE) AS day,
      CAST(${day} AS TIME(3)) AS hour,
      CAST(${Buffer.of(1, 39, 92)} AS BINARY) AS bytes,
      ${true} AS yes,
      JSON_EXTRACT(${{ a: [1] }}, '$.a') AS json,
      COUNT(*) AS count, "?" AS mark # is it?`
    expect(row).toMatchObject({
      big: 9_007_199_254_740_993n,
      number: 1.5,
      text: "it's",
      nothing: null,
      moment: day,
      day: new Date('2024-02-29T00:00:00.000Z'),
      hour: new Date('1970-01-01T12:34:56.789Z'),
      bytes: Uint8Array.of(1, 39, 92),
      yes: 1,
      json: '[1]',
      count: 1n,
      mark: '?',
    })
    expect(String(row?.amount)).toBe('0.1')
  })

  test('a procedure gives its rows', async () => {
    await prisma.$executeRawUnsafe('DROP PROCEDURE IF EXISTS two_rows')
    await prisma.$executeRawUnsafe(
      'CREATE PROCEDURE two_rows() BEGIN SELECT 1 AS one UNION SELECT 2; END',
    )
    const rows = await prisma.$queryRawUnsafe('CALL two_rows()')
    expect(rows.map(({ one }) => Number(one))).toEqual([1, 2])
  })

  test.each([
    ['moment', '0000-00-00 00:00:00'],
    ['moment', '2024-00-01 00:00:00'],
    ['day', '2024-01-00'],
    ['hour', '25:00:00'],
    ['hour', '-01:00:00'],
  ])('%s refuses what JavaScript has no value for: %s', async (column, text) => {
    await prisma.sample.deleteMany()
    await prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET @before = @@sql_mode, sql_mode = 'ALLOW_INVALID_DATES'`
      await tx.$executeRawUnsafe(`INSERT INTO Sample (\`${column}\`) VALUES (?)`, text)
      await tx.$executeRaw`SET sql_mode = @before`
    })
    expect(await failureOf(prisma.sample.findMany())).toMatchObject({ code: 'P2020' })
    const error = await failureOf(prisma.$queryRaw`SELECT * FROM Sample`)
    expect(error).toMatchObject({ code: 'P2010' })
    expect(error.message).toContain(`\`${column}\``)
    expect(error.message).not.toContain(text)
    // The connection has not suffered.
    expect(await prisma.sample.count()).toBe(1)
  })
})
