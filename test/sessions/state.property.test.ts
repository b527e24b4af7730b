import type { AuroraPool } from 'aurora-mysql2/promise'
import fc from 'fast-check'
import type { PoolConnection, RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, it } from 'vitest'
import { type Simulation, simulate } from '../../packages/driver/test/simulation.js'

const SCALE = Number(process.env.TEST_TIME_SCALE ?? '0.25')
const RUNS = SCALE >= 1 ? 300 : 40
const SESSIONS = 3

/** What can be set: how, how it is asked for, and what it is when nobody has. */
const SETTINGS = {
  zone: {
    ask: '@@time_zone',
    // Whole hours: servers take some offsets for others, since they compare their bytes as letters without regard to case.
    values: fc.integer({ min: 1, max: 12 }).map((hours) => `+${String(hours).padStart(2, '0')}:00`),
    set: (value: string) => `SET time_zone = '${value}'`,
  },
  length: {
    ask: '@@group_concat_max_len',
    values: fc.integer({ min: 1_000, max: 9_999 }).map(String),
    set: (value: string) => `SET SESSION group_concat_max_len = ${value}`,
  },
  keys: {
    ask: '@@foreign_key_checks',
    values: fc.constantFrom('0', '1'),
    set: (value: string) => `SET foreign_key_checks = ${value}`,
  },
  mode: {
    ask: '@@sql_mode',
    values: fc.constantFrom('ANSI_QUOTES', 'NO_ZERO_DATE', 'STRICT_ALL_TABLES'),
    set: (value: string) => `SET sql_mode = '${value}'`,
  },
  database: {
    ask: 'DATABASE()',
    values: fc.constantFrom('app', 'other', 'third'),
    set: (value: string) => `USE ${value}`,
  },
  names: {
    ask: '@@character_set_client',
    values: fc.constantFrom('latin1', 'ascii', 'utf8mb4'),
    set: (value: string) => `SET NAMES ${value}`,
  },
} as const

type Setting = keyof typeof SETTINGS
const SETTING_NAMES = Object.keys(SETTINGS) as Setting[]
type Role = 'reader' | 'writer'

/** What happens: by a session (opened when it is first used), or by the pool itself. */
type Step =
  | { readonly does: 'set'; readonly by: number; readonly what: Setting; readonly to: string }
  | { readonly does: 'ask'; readonly by: number; readonly on: Role }
  | { readonly does: 'release'; readonly by: number }
  | { readonly does: 'pool sets'; readonly what: Setting; readonly to: string }
  | { readonly does: 'pool asks'; readonly on: Role }

const by = fc.nat({ max: SESSIONS - 1 })
const on = fc.constantFrom<Role>('reader', 'writer')
const setting = fc
  .constantFrom(...SETTING_NAMES)
  .chain((what) => fc.record({ what: fc.constant(what), to: SETTINGS[what].values }))
const does = <Name extends Step['does']>(name: Name) => fc.constant(name)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(by, setting)
      .map(([number, { what, to }]) => ({ does: 'set' as const, by: number, what, to })),
  },
  { weight: 6, arbitrary: fc.record({ does: does('ask'), by, on }) },
  { weight: 2, arbitrary: fc.record({ does: does('release'), by }) },
  { weight: 1, arbitrary: setting.map((each) => ({ does: 'pool sets' as const, ...each })) },
  { weight: 3, arbitrary: fc.record({ does: does('pool asks'), on }) },
)

let simulation: Simulation
let defaults: Readonly<Record<Setting, string>>

beforeAll(async () => {
  simulation = await simulate({ instances: 2 })
  const { cluster } = simulation
  for (const name of ['other', 'third']) {
    await cluster.query(`CREATE DATABASE ${name}`)
    await cluster.query(`GRANT ALL ON ${name}.* TO app`)
  }
  const pool = await simulation.readyPool()
  defaults = await ask(pool, 'writer')
})

afterEach(() => simulation.closePools())

async function ask(
  of: Pick<AuroraPool | PoolConnection, 'query'>,
  on: Role,
): Promise<Record<Setting, string>> {
  const columns = SETTING_NAMES.map((name) => `${SETTINGS[name].ask} AS \`${name}\``)
  const options = { sql: `SELECT ${columns.join(', ')}`, aurora: { role: on } }
  const [rows] = await of.query<RowDataPacket[]>(options as never)
  const [row] = rows
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, String(row?.[name])])) as Record<
    Setting,
    string
  >
}

/** Plays the steps on a fresh pool, and checks each answer against what may be seen. */
async function play(steps: readonly Step[], isAtOnce: boolean): Promise<void> {
  const pool = await simulation.readyPool({
    // Every session may hold one, and the pool needs one more; at once, they take each other's all the time.
    connectionLimit: isAtOnce ? 1 : SESSIONS + 1,
    aurora: { consistency: 'eventual' },
  })
  const open = new Map<
    number,
    { readonly connection: PoolConnection; readonly own: Map<Setting, string> }
  >()
  /** What released sessions have left on the writer. */
  const left = new Map(SETTING_NAMES.map((name) => [name, new Set<string>()]))
  const sessionOf = async (number: number) => {
    const held = open.get(number) ?? {
      connection: await pool.getConnection(),
      own: new Map<Setting, string>(),
    }
    open.set(number, held)
    return held
  }
  const run = async (each: Step): Promise<void> => {
    switch (each.does) {
      case 'set': {
        const { connection, own } = await sessionOf(each.by)
        await connection.query(SETTINGS[each.what].set(each.to))
        own.set(each.what, each.to)
        return
      }
      case 'ask': {
        const { connection, own } = await sessionOf(each.by)
        return check(await ask(connection, each.on), own, each.on, left)
      }
      case 'release': {
        const held = open.get(each.by)
        open.delete(each.by)
        held?.connection.release()
        for (const [name, value] of held?.own ?? []) left.get(name)?.add(value)
        return
      }
      case 'pool sets':
        // Before, since who is next may see it before we hear of it.
        left.get(each.what)?.add(each.to)
        await pool.query(SETTINGS[each.what].set(each.to))
        return
      case 'pool asks':
        return check(await ask(pool, each.on), new Map(), each.on, left)
    }
  }
  try {
    if (isAtOnce) await Promise.all(inLines(steps).map((line) => inTurn(line, run)))
    else await inTurn(steps, run)
  } finally {
    for (const { connection } of open.values()) connection.release()
    await simulation.closePools()
  }
}

async function inTurn(steps: readonly Step[], run: (step: Step) => Promise<void>): Promise<void> {
  for (const each of steps) await run(each)
}

/** What each session does, to its release, and what the pool does by itself. */
function inLines(steps: readonly Step[]): Step[][] {
  const lines = new Map<number | undefined, Step[]>()
  for (const each of steps) {
    const who = 'by' in each ? each.by : undefined
    lines.set(who, [...(lines.get(who) ?? []), each])
  }
  return [...lines].map(([number, line]) =>
    number === undefined ? line : [...line, { does: 'release', by: number }],
  )
}

function check(
  seen: Readonly<Record<Setting, string>>,
  own: ReadonlyMap<Setting, string>,
  on: Role,
  left: ReadonlyMap<Setting, ReadonlySet<string>>,
): void {
  for (const name of SETTING_NAMES) {
    const value = seen[name]
    const wanted = own.get(name)
    if (wanted !== undefined) {
      if (value !== wanted) throw new Error(`${name} on a ${on} is ${value}; it has set ${wanted}`)
    } else if (value !== defaults[name] && !(on === 'writer' && left.get(name)?.has(value))) {
      throw new Error(`${name} on a ${on} is ${value}; nobody who was here has set it`)
    }
  }
}

describe('what sessions set', () => {
  it('is seen by themselves, on every instance, and by nobody else while they last', async () => {
    const steps = fc.array(step, { minLength: 3, maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(steps, (all) => play(all, false)),
      { numRuns: RUNS, timeout: 30_000 },
    )
  })

  it('is seen by themselves alone, too, while they work at once on one connection per instance', async () => {
    const steps = fc.array(step, { minLength: 20, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, (all) => play(all, true)),
      { numRuns: RUNS, timeout: 30_000 },
    )
  })
})
