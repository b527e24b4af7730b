import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuroraPool } from 'aurora-mysql2'
import { DrizzleQueryError, eq, sql } from 'drizzle-orm'
import { withReplicas } from 'drizzle-orm/mysql-core'
import { drizzle } from 'drizzle-orm/mysql2'
import { migrate } from 'drizzle-orm/mysql2/migrator'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Counts,
  eventually,
  failureOf,
  nothingIsLeft,
  type Simulation,
} from '../../packages/driver/test/simulation.js'
import { NOTHING_AMISS } from '../failover/ledger.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import {
  customers,
  type Database,
  DrizzleShop,
  drizzleBuilder,
  openDatabase,
  schema,
  visits,
} from './drizzle-shop.js'
import { rideThroughFailover } from './failover-load.js'
import type { Customer } from './shop.js'
import { describeBuilder, useShop } from './suite.js'

describeBuilder(drizzleBuilder)

describe('withReplicas', () => {
  let pool: AuroraPool
  let db: Database
  let split: ReturnType<typeof splitByDrizzle>
  const shop = useShop(
    {
      async open({ createPool }) {
        pool = createPool({ connectionLimit: 3 }) as AuroraPool
        await pool.aurora.ready()
        db = openDatabase(pool)
        split = splitByDrizzle(pool)
        return new DrizzleShop(split, pool)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )
  const where = sql<{ id: string }>`SELECT @@aurora_server_id AS id`
  const idOf = (answer: unknown) => (answer as [[{ id: string }]])[0][0].id
  /** The readers have everything that was written. */
  const caughtUp = () =>
    eventually('a read outside of any request is on a reader', async () => {
      const before = shop.simulation.counts()
      await db.select().from(customers).limit(1)
      return readsOnReaders(shop.simulation, before) === 1
    })

  beforeAll(async () => {
    await db.insert(customers).values(
      Array.from({ length: 20 }, (_, index) => ({
        name: `customer ${index}`,
        credit: index,
      })),
    )
    await db.insert(visits).values([
      { unit: 'customer 1', part: 0 },
      { unit: 'customer 1', part: 1 },
    ])
    await caughtUp()
  })

  test('reads of Drizzle’s replicas go to readers once these have what was written', async () => {
    const { cluster } = shop.simulation
    const [first] = await split.select().from(customers).limit(1)
    const { id } = first as Customer
    for (let credit = 100; credit < 105; credit += 1) {
      await split.update(customers).set({ credit }).where(eq(customers.id, id))
      const [found] = await split.select().from(customers).where(eq(customers.id, id))
      expect(found?.credit).toBe(credit)
    }
    await caughtUp()
    const before = shop.simulation.counts()
    for (let read = 0; read < 10; read += 1) await split.select().from(customers).limit(1)
    expect(readsOnReaders(shop.simulation, before)).toBe(10)
    expect(idOf(await split.execute(where))).toBe(cluster.writer.id)
    await split.transaction(async (tx) => {
      expect(idOf(await tx.execute(where))).toBe(cluster.writer.id)
    })
  })

  test('relational queries and prepared statements go to readers', async () => {
    const byName = db.query.customers
      .findFirst({ where: eq(customers.name, sql.placeholder('name')), with: { visits: true } })
      .prepare()
    await caughtUp()
    const before = shop.simulation.counts()
    for (let read = 0; read < 5; read += 1) {
      const found = await byName.execute({ name: 'customer 1' })
      expect(found?.visits.map(({ part }) => part).sort()).toEqual([0, 1])
    }
    expect(readsOnReaders(shop.simulation, before)).toBe(5)
  })

  test('a transaction on the readers’ view goes to a reader', async () => {
    await caughtUp()
    await openDatabase(pool.reader).transaction(
      async (tx) => {
        expect(idOf(await tx.execute(where))).not.toBe(shop.simulation.cluster.writer.id)
        await failureOf(tx.insert(visits).values({ unit: 'none', part: 0 }).execute())
      },
      { isolationLevel: 'repeatable read', accessMode: 'read only' },
    )
    expect(await db.$count(visits, eq(visits.unit, 'none'))).toBe(0)
  })

  test('iterators give their connections back, also when they fail', async () => {
    for (let round = 0; round < 5; round += 1) {
      let count = 0
      for await (const _ of db.select().from(customers).iterator()) count += 1
      expect(count).toBe(20)
      // Not wrapped: it comes from the stream.
      const broken = db.select().from(customers).where(sql`no_such_column = 1`).iterator()
      expect(await failureOf(broken.next())).toMatchObject({ code: 'ER_BAD_FIELD_ERROR' })
    }
    await db.transaction(async (tx) => {
      let count = 0
      for await (const _ of tx.select().from(customers).iterator()) count += 1
      expect(count).toBe(20)
    })
    await eventually('nothing is lent', () => nothingIsLeft(pool))
  })

  test('migrates, and again without effect', async () => {
    const migrationsFolder = await mkdtemp(join(tmpdir(), 'drizzle-'))
    onTestFinished(() => rm(migrationsFolder, { recursive: true }))
    await writeMigration(migrationsFolder)
    await migrate(db, { migrationsFolder })
    await migrate(db, { migrationsFolder })
    const [rows] = await db.execute(sql`SELECT id FROM migrated`)
    expect(rows).toEqual([{ id: 7 }])
  })

  test('a ROLLBACK that finds its connection dead says what became of the transaction', async () => {
    const { cluster } = shop.simulation
    const refusal = new Error('refused')
    const error = await failureOf(
      db.transaction(async (tx) => {
        await tx.insert(visits).values({ unit: 'dead', part: 0 })
        await cluster.inject({ type: 'reset', instance: cluster.writer.id })
        throw refusal
      }),
    )
    // Drizzle lets the error of ROLLBACK take the place of the first.
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error).toMatchObject({
      query: 'rollback',
      cause: { aurora: { outcome: 'rolled-back' } },
    })
    expect(await db.$count(visits, eq(visits.unit, 'dead'))).toBe(0)
  })

  test('works on a transaction of the pool, which runs again after the loss of its connection', async () => {
    const { cluster } = shop.simulation
    let attempts = 0
    await pool.transaction(async (tx) => {
      attempts += 1
      // The handle has of a connection what Drizzle calls.
      const inTransaction = drizzle(tx as never)
      await inTransaction.insert(visits).values({ unit: 'again', part: attempts })
      if (attempts === 1) await cluster.inject({ type: 'reset', instance: cluster.writer.id })
      await inTransaction.select().from(customers).limit(1)
    })
    const found = await db.select().from(visits).where(eq(visits.unit, 'again'))
    expect(found.map(({ part }) => part)).toEqual([2])
  })

  test('serves after many transactions that could not begin', async () => {
    const { cluster } = shop.simulation
    const impatient = ourAccess(cluster, { ...AT_SCALE, failoverTimeoutMs: 100 }).createPool({
      connectionLimit: 2,
    }) as AuroraPool
    try {
      await impatient.aurora.ready()
      const ours = openDatabase(impatient)
      const back = await cluster.inject({ type: 'crash', instance: cluster.writer.id })
      // Drizzle does not release a connection on which BEGIN has failed.
      const beginnings = Array.from({ length: 50 }, () =>
        failureOf(ours.transaction(async () => {})),
      )
      for (const error of await Promise.all(beginnings)) {
        expect(error).toMatchObject({ query: 'begin', cause: { code: 'ERR_AURORA_NO_WRITER' } })
      }
      await back()
      await Promise.all(
        Array.from({ length: 5 }, () =>
          eventually('it begins', () => ours.transaction(async () => true).catch(() => false)),
        ),
      )
      await eventually('nothing is left', () => nothingIsLeft(impatient))
    } finally {
      await impatient.promise().end()
    }
  })

  // The last: afterwards another instance is the writer.
  test('a failover is a pause', async () => {
    const { readFailures } = await rideThroughFailover(drizzleBuilder, shop, shop.ledger)
    expect(readFailures).toEqual([])
    expect(shop.ledger.unmarked).toEqual([])
    // What these tests have written beside the ledger.
    await shop.simulation.cluster.query(
      "DELETE FROM app.visit WHERE unit IN ('customer 1', 'again')",
    )
    expect(await shop.ledger.audit(shop.simulation.cluster)).toEqual(NOTHING_AMISS)
  })
})

/** Drizzle's own split, on the two views of one pool. */
function splitByDrizzle(pool: AuroraPool) {
  const open = (view: AuroraPool) => drizzle(view, { schema, mode: 'planetscale' })
  return withReplicas(open(pool.writer), [open(pool.reader)])
}

function readsOnReaders(simulation: Simulation, before: Counts): number {
  const { writer } = simulation.cluster
  return Object.entries(simulation.countsSince(before))
    .filter(([instance]) => instance !== writer.id)
    .reduce((sum, [, { reads }]) => sum + reads, 0)
}

async function writeMigration(folder: string): Promise<void> {
  await mkdir(join(folder, 'meta'))
  const entries = [{ idx: 0, version: '5', when: 1, tag: '0000_first', breakpoints: true }]
  const journal = { version: '7', dialect: 'mysql', entries }
  await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify(journal))
  const statements = ['CREATE TABLE `migrated` (`id` int)', 'INSERT INTO `migrated` VALUES (7)']
  await writeFile(join(folder, '0000_first.sql'), statements.join(';\n--> statement-breakpoint\n'))
}
