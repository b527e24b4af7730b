import { describe, expect, it } from 'vitest'
import { type Bench, type DriverName, OURS, useBench } from './drivers.js'
import { FAILING_STATEMENTS } from './failing-statements.js'
import { SCHEMA, STATEMENTS, type Statement } from './statements.js'
import { everyWay, type Outcome } from './ways.js'

// A statement that never ends must not hold up hundreds of others.
const bench = useBench({}, async (cluster) => {
  for (const sql of SCHEMA) await cluster.query(sql)
})

type Outcomes = Record<string, Outcome>

/** What mysql2 makes of a statement is found out once. */
const bymysql2 = new Map<Statement, Promise<Outcomes>>()

async function outcomesOf(on: Bench, name: DriverName, statement: Statement): Promise<Outcomes> {
  const { pool: options } = statement
  const pool = options === undefined ? await on.sharedPool(name) : await on.pool(name, options)
  const before = readsOfReaders(on)
  const outcomes = await everyWay(pool, statement)
  onReaders.set(name, (onReaders.get(name) ?? 0) + readsOfReaders(on) - before)
  return outcomes
}

/** How many reads the readers answered while each driver was at work. */
const onReaders = new Map<DriverName, number>()

function readsOfReaders({ cluster }: Bench): number {
  return cluster.readers.reduce((sum, { counters }) => sum + counters.reads, 0)
}

function expectedOf(on: Bench, statement: Statement): Promise<Outcomes> {
  let outcomes = bymysql2.get(statement)
  if (outcomes === undefined) {
    outcomes = outcomesOf(on, 'mysql2', statement)
    bymysql2.set(statement, outcomes)
  }
  return outcomes
}

describe.each([
  ['answered', STATEMENTS],
  ['refused', FAILING_STATEMENTS],
])('%s', (_, statements) => {
  describe.each(Object.entries(statements))('%s', (_, statement) => {
    it('is what it should be on mysql2', async () => {
      const { 'pool.query': outcome } = await expectedOf(bench(), statement)
      if (statement.error !== undefined) expect(outcome).toMatchObject({ error: statement.error })
      else expect(outcome).toHaveProperty('rows')
      if (statement.rows !== undefined) expect(outcome).toMatchObject({ rows: statement.rows })
    })

    it.each(OURS)('is the same on %s', async (name) => {
      const expected = await expectedOf(bench(), statement)
      expect(await outcomesOf(bench(), name, statement)).toEqual(expected)
    })
  })
})

it('was proved with reads that readers answered, where they are split', () => {
  expect(onReaders.get('ours on three instances, split')).toBeGreaterThan(100)
  expect(onReaders.get('ours on three instances, writer only')).toBe(0)
  expect(onReaders.get('ours on one instance')).toBe(0)
})
