import type { AuroraPool } from 'aurora-mysql2'
import { type Kysely, sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { eventually, failureOf, nothingIsLeft } from '../../packages/driver/test/simulation.js'
import { AT_SCALE } from '../failover/scenario.js'
import { ourAccess } from './access.js'
import { KyselyShop, kyselyBuilder, openDatabase, type Tables } from './kysely-shop.js'
import { describeBuilder, useShop } from './suite.js'

describeBuilder(kyselyBuilder)

describe('only Kysely', () => {
  let pool: AuroraPool
  let db: Kysely<Tables>
  const shop = useShop(
    {
      async open({ createPool }) {
        pool = createPool({ connectionLimit: 4 }) as AuroraPool
        await pool.aurora.ready()
        db = openDatabase(pool)
        return new KyselyShop(db)
      },
    },
    ({ cluster }) => ourAccess(cluster, AT_SCALE),
  )
  const where = sql<{ id: string }>`SELECT @@aurora_server_id AS id`
  const nothingIsLent = () => eventually('nothing is lent', () => nothingIsLeft(pool))
  /** The readers have everything that was written. */
  const caughtUp = () =>
    eventually('a read is on a reader', async () => {
      const before = shop.simulation.counts()
      await db.selectFrom('customer').select('id').limit(1).execute()
      const { writer } = shop.simulation.cluster
      return shop.simulation.countsSince(before)[writer.id]?.reads === 0
    })
  /** Statements under way whose text has this in it, in the whole cluster. */
  const underWay = async (part: string) => {
    const list = await shop.simulation.cluster.query('SHOW FULL PROCESSLIST')
    return list.filter(({ Info }) => String(Info).includes(part)).length
  }
  /** So much that it does not fit into the buffers of a socket. */
  const rows = Array.from({ length: 2_000 }, (_, index) => ({
    name: `customer ${index}`.padEnd(60, '.'),
    credit: 0,
  }))

  beforeAll(async () => {
    await db.insertInto('customer').values(rows).execute()
  })

  test('streams that are left early, aborted or broken give their connections back', async () => {
    const all = db
      .selectFrom('customer as other')
      .innerJoin('customer as one', (on) => on.on('one.id', '<=', 20))
    for (let round = 0; round < 5; round += 1) {
      for await (const _ of all.selectAll('other').stream()) break
      const { signal, abort } = stop()
      const aborted = async () => {
        for await (const _ of all.selectAll('other').stream({ signal })) abort()
      }
      await expect(aborted()).rejects.toMatchObject({ name: 'AbortError' })
      const broken = all.select(sql`no_such_column`.as('none')).stream()
      expect(await failureOf(broken.next())).toMatchObject({ code: 'ER_BAD_FIELD_ERROR' })
    }
    await nothingIsLent()
  })

  test.each([
    ['a read', () => db.selectNoFrom(sql`SLEEP(20)`.as('slept'))],
    ['a write', () => db.updateTable('customer').set({ credit: sql`SLEEP(20)` }).limit(1)],
  ] as const)('cancels %s, wherever it runs, and nothing else', async (_, build) => {
    const { signal, abort } = stop()
    await caughtUp()
    const other = sql`SELECT SLEEP(2) AS other`.execute(db)
    const cancelled = build().execute({ signal, inflightQueryAbortStrategy: 'cancel query' })
    await eventually('both run', async () => (await underWay('SLEEP(')) === 2)
    abort()
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' })
    await eventually('it does not run', async () => (await underWay('SLEEP(20)')) === 0, 5_000)
    expect((await other).rows).toEqual([{ other: 0 }])
    await nothingIsLent()
  })

  test.each([
    ['repeatable read', 0],
    ['read committed', 1],
  ] as const)('%s is the isolation level of its transaction alone', async (level, seen) => {
    const credit = async (on: Kysely<Tables>) => {
      const { credit } = await on
        .selectFrom('customer')
        .select('credit')
        .where('name', '=', String(rows[0]?.name))
        .executeTakeFirstOrThrow()
      return credit
    }
    const setCredit = (value: number) =>
      db
        .updateTable('customer')
        .set({ credit: value })
        .where('name', '=', String(rows[0]?.name))
        .execute()
    await setCredit(0)
    await db
      .transaction()
      .setIsolationLevel(level)
      .execute(async (tx) => {
        expect(await credit(tx)).toBe(0)
        await setCredit(1)
        expect(await credit(tx)).toBe(seen)
      })
    await db.transaction().execute(async (tx) => {
      expect(await credit(tx)).toBe(1)
      await setCredit(2)
      expect(await credit(tx)).toBe(1)
    })
  })

  test('savepoints undo what came after them', async () => {
    const tx = await db.startTransaction().execute()
    const add = (name: string) => tx.insertInto('customer').values({ name, credit: 1 }).execute()
    await add('kept')
    const saved = await tx.savepoint('one').execute()
    await add('undone')
    await (await saved.rollbackToSavepoint('one').execute()).commit().execute()
    const names = await db
      .selectFrom('customer')
      .select('name')
      .where('name', 'in', ['kept', 'undone'])
      .execute()
    expect(names).toEqual([{ name: 'kept' }])
  })

  test('a transaction that only reads goes to a reader through the readers’ view', async () => {
    await caughtUp()
    const transaction = openDatabase(pool.reader).transaction().setAccessMode('read only')
    const rows = await transaction.execute(async (tx) => (await where.execute(tx)).rows)
    expect(rows[0]?.id).not.toBe(shop.simulation.cluster.writer.id)
  })

  test.each([
    ['between two statements', 'rolled-back'],
    ['in COMMIT', 'unknown'],
  ] as const)(
    'says what became of a transaction whose connection is lost %s',
    async (when, outcome) => {
      const { cluster } = shop.simulation
      const reset = () => cluster.inject({ type: 'reset', instance: cluster.writer.id })
      const error = await failureOf(
        db.transaction().execute(async (tx) => {
          await tx.updateTable('customer').set({ credit: 9 }).execute()
          if (when === 'in COMMIT') {
            const heal = await cluster.inject({
              type: 'slow',
              instance: cluster.writer.id,
              delayMs: 300,
            })
            // After COMMIT has been sent: Kysely sends it in the turn in which this function is done.
            setImmediate(() => setImmediate(() => void reset().then(heal)))
          } else {
            await reset()
            await where.execute(tx)
          }
        }),
      )
      // Kysely lets the error of ROLLBACK take the place of the first; it tells the same.
      expect(error).toMatchObject({ aurora: { outcome } })
      await nothingIsLent()
    },
  )

  // The last: it ends the pool.
  test('destroy() ends the pool', async () => {
    await db.destroy()
    await expect(pool.promise().query('SELECT 1')).rejects.toThrow('Pool is closed.')
    await eventually('no connection is open', () =>
      pool.aurora.stats().instances.every(({ open }) => open === 0),
    )
  })
})

function stop(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
