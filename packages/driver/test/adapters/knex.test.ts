import { subscribe } from 'node:diagnostics_channel'
import { AuroraClient, useAurora } from 'aurora-mysql2/knex'
import knex, { type Knex } from 'knex'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, failureOf, QUICK, type Simulation, scaled, simulate } from '../simulation.js'

let simulation: Simulation

beforeAll(async () => {
  simulation = await simulate()
  await simulation.cluster.query(
    'CREATE TABLE app.note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50) NOT NULL)',
  )
})

/** Runs on a reader for longer than any test. */
const SLOW = '/* aurora:reader */ SELECT SLEEP(100) AS slept'

/** How many statements like `SLOW` run on any instance. */
async function slowCount(): Promise<number> {
  const rows = await simulation.cluster.query(
    "SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(1__) AS slept'",
  )
  return rows.length
}

function connection(): Knex.MySql2ConnectionConfig {
  const { connection: given } = simulation.cluster
  return { ...given, aurora: { ...given.aurora, ...QUICK } } as Knex.MySql2ConnectionConfig
}

/** What Knex says of a lock that is taken. */
const log = { warn() {}, error() {} }

const WAYS: Record<string, () => Knex> = {
  // First, since it is closed at once: what follows must hear its own failovers alone.
  connectionPool: () => knex({ client: AuroraClient, connectionPool: simulation.pool(), log }),
  connection: () => knex({ client: AuroraClient, connection: connection(), log }),
  'a Knex that somebody else has made': () => {
    const db = knex({ client: 'mysql2', connection: connection(), log })
    useAurora(db)
    return db
  },
}

/** Whether a reader serves this, in the end: what was written before is to be there. */
async function reachesReaders(read: () => Promise<unknown>): Promise<boolean> {
  const before = simulation.counts()
  await read()
  const counts = Object.entries(simulation.countsSince(before))
  return counts.some(([id, { reads }]) => id !== simulation.cluster.writer.id && reads > 0)
}

describe.each(Object.entries(WAYS))('by %s', (_, open) => {
  let db: Knex
  beforeAll(() => {
    db = open()
  })
  afterAll(async () => {
    await db.destroy()
    await simulation.closePools()
  })

  it('is the MySQL client of Knex to whoever asks', () => {
    expect(db.client.constructor.name).toBe('Client_MySQL2')
    expect(db.client.dialect).toBe('mysql')
    expect(db.client.driverName).toBe('mysql2')
  })

  it('knows its database', async () => {
    expect(db.client.database()).toBe('app')
    expect(await db('note').columnInfo()).toMatchObject({
      text: { type: 'varchar', maxLength: 50, nullable: false },
    })
  })

  it('renames a column, with all that it is', async () => {
    await db.schema.createTable('renamed', (table) => {
      table.increments()
      table.string('before', 30).notNullable()
    })
    await db.schema.alterTable('renamed', (table) => table.renameColumn('before', 'after'))
    expect(await db('renamed').columnInfo()).toMatchObject({
      after: { maxLength: 30, nullable: false },
    })
    await db.schema.dropTable('renamed')
  })

  it('migrates once, however many begin at once', async () => {
    const names = ['first']
    const migrationSource = {
      getMigrations: async () => names,
      getMigrationName: (name: string) => name,
      getMigration: async (name: string) => ({
        up: (trx: Knex) => trx.schema.createTable(name, (table) => table.increments()),
        down: (trx: Knex) => trx.schema.dropTable(name),
      }),
    }
    const migrate = () => db.migrate.latest({ migrationSource })
    await migrate()
    names.push('second')
    // Whoever comes second finds the lock taken, or nothing to do.
    const ended = await Promise.allSettled([migrate(), migrate(), migrate()])
    expect(ended.some(({ status }) => status === 'fulfilled')).toBe(true)
    expect(await db('knex_migrations').pluck('name').orderBy('id')).toEqual(['first', 'second'])
    await db.migrate.rollback({ migrationSource }, true)
    expect(await db.schema.hasTable('second')).toBe(false)
  })

  it('ends a statement that takes too long, on the instance that runs it', async () => {
    const failure = failureOf(db.raw(SLOW).timeout(scaled(1_000), { cancel: true }))
    await eventually('it runs', async () => (await slowCount()) === 1)
    expect(await failure).toBeInstanceOf(knex.KnexTimeoutError)
    await eventually('it has ended', async () => (await slowCount()) === 0)
    expect(await db('note').where({ id: 0 })).toEqual([])
  })

  it('ends a statement of a transaction that takes too long', async () => {
    await db.transaction(async (trx) => {
      const failure = failureOf(trx.raw(SLOW).timeout(scaled(1_000), { cancel: true }))
      await eventually('it runs', async () => (await slowCount()) === 1)
      expect(await failure).toBeInstanceOf(knex.KnexTimeoutError)
      await eventually('it has ended', async () => (await slowCount()) === 0)
      await trx('note').insert({ text: 'in the same transaction' })
    })
    expect(await db('note').where({ text: 'in the same transaction' })).toHaveLength(1)
    await db('note').del()
  })

  it('never runs a statement that took too long while it waited', async () => {
    const { cluster } = simulation
    await db('note').insert({ text: 'before' })
    const started = new Promise((resolve) => subscribe('aurora-mysql2:failoverStarted', resolve))
    const failover = cluster.failover({ detectMs: scaled(500), promoteMs: scaled(2_000) })
    await started
    const insert = () => db('note').insert({ text: 'too late' })
    const errors = await Promise.all(
      [1, 2, 3].map(() => failureOf(insert().timeout(scaled(400), { cancel: true }))),
    )
    for (const error of errors) expect(error).toBeInstanceOf(knex.KnexTimeoutError)
    await failover
    await db('note').insert({ text: 'after' })
    expect(await db('note').where({ text: 'too late' })).toEqual([])
    await eventually('all instances are up', () =>
      cluster.instances.every(({ state }) => state === 'up'),
    )
  })

  it('tells of a COMMIT that failed, however the transaction was begun', async () => {
    const cutOff = async (trx: Knex.Transaction) => {
      await trx('note').insert({ text: 'undone' })
      const [[{ id }]] = await trx.raw('SELECT CONNECTION_ID() AS id')
      await simulation.cluster.query(`KILL ${id}`)
    }
    const trx = await db.transaction()
    await cutOff(trx)
    // Whether COMMIT was on its way already when the connection went.
    const undone = { aurora: { outcome: expect.stringMatching(/^(rolled-back|unknown)$/) } }
    expect(await failureOf(trx.commit())).toMatchObject(undone)
    expect(await failureOf(db.transaction(cutOff))).toMatchObject(undone)
    expect(await db('note').where({ text: 'undone' })).toEqual([])
    const value = await db.transaction(async (committed) => {
      await committed('note').insert({ text: 'done' })
      return 'its value'
    })
    expect(value).toBe('its value')
  })

  it('gives back what a stream held that was left early', async () => {
    await db('note').insert({ text: 'streamed' })
    for (let left = 0; left < 12; left += 1) {
      for await (const _row of db('note').stream()) break
    }
    expect(await db('note').where({ id: 0 })).toEqual([])
  })

  it('keeps to readers after a transaction with an isolation level', async () => {
    const work = (trx: Knex.Transaction) => trx('note').insert({ text: 'isolated' })
    await db.transaction(work, { isolationLevel: 'read committed' })
    await eventually('a reader serves', () => reachesReaders(() => db('note').where({ id: 0 })))
  })
})

describe('the pool of Knex', () => {
  type Raw = { query(sql: string, done: (error: Error | null) => void): void }
  const afterCreate = (raw: Raw, done: (error: Error | null, raw: Raw) => void) =>
    raw.query("SET SESSION sql_mode = 'ANSI'", (error) => {
      if (error) return done(error, raw)
      raw.query('SET SESSION group_concat_max_len = 7000', (failure) => done(failure, raw))
    })

  it('holds nothing while it is idle, and sets its connections up wherever they run', async () => {
    const pool = { max: 10, afterCreate }
    const db = knex({ client: AuroraClient, connection: connection(), pool })
    const taken: { readonly threadId: number | null }[] = []
    while (taken.length < 10) taken.push(await db.client.acquireConnection())
    expect(taken.map(({ threadId }) => threadId)).toEqual(taken.map(() => null))
    for (const each of taken) await db.client.releaseConnection(each)
    for (const role of ['writer', 'reader']) {
      const [rows] = await db.raw(
        `/* aurora:${role} */ SELECT @@sql_mode AS mode, @@group_concat_max_len AS length`,
      )
      expect(rows).toMatchObject([{ length: 7000, mode: expect.stringContaining('ANSI') }])
    }
    await db.destroy()
    await eventually('nothing is left', () =>
      simulation.cluster.instances.every(({ counters }) => counters.connectionsOpen === 0),
    )
  })

  it('can be made again', async () => {
    const db = knex({ client: AuroraClient, connection: connection() })
    await db.destroy()
    await expect(db('note').where({ id: 0 })).rejects.toThrow('Unable to acquire a connection')
    db.initialize()
    expect(await db('note').where({ id: 0 })).toEqual([])
    await db.destroy()
  })
})

describe('a pool of its own', () => {
  it('is not ended with Knex', async () => {
    const pool = simulation.pool()
    const db = knex({ client: AuroraClient, connectionPool: pool })
    await db('note').first()
    await db.destroy()
    expect(await pool.query('SELECT 1 AS one')).toMatchObject([[{ one: 1 }], {}])
  })
})
