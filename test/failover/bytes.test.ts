import { type AuroraPool, createAuroraPool } from 'aurora-mysql2/promise'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  eventually,
  nothingIsLeft,
  QUICK,
  type Simulation,
  simulate,
} from '../../packages/driver/test/simulation.js'
import { asked, type Conversation, recordConversation } from './conversation.js'
import { type Damage, ReplayServer } from './replay-server.js'

const HEALTHY = 'SELECT 42 AS answer'
const READ = 'SELECT id, name, price FROM shelf ORDER BY id'
const PREPARED = 'SELECT id, name, price FROM shelf WHERE id > ? ORDER BY id'
const WRITE = "INSERT INTO shelf (name, price) VALUES ('lamp', 3.50)"
const SETTING = "SET time_zone = '+01:00'"
const BROKEN = 'SELECT nothing FROM nowhere'
const LOCKING = `${READ} LIMIT 2 FOR UPDATE`

/**
 * Announces a length of eight bytes. In a row of the text protocol mysql2 counts a number of such a length to its end, which takes
 * for ever (`Packet.parseIntNoBigCheck`): no other code runs in the process then.
 */
const LENGTH_OF_EIGHT_BYTES = 0xfe

/** A connection that is reset instead of closed is tried at fewer places: it only differs in its error. */
const RESET_EVERY = 5

/** Cases of one part that run side by side, each lane with a pool and a server of its own. */
const LANES = 6

/** One answer of the server, and what an application does to get it. */
interface Part {
  readonly name: string
  readonly key: string
  /** It comes on a new connection only. */
  readonly isFresh?: boolean
  /** It comes only while roles are in doubt. */
  readonly isInDoubt?: boolean
  /** It comes at the end of a session, which may be lost before. */
  readonly isLate?: boolean
  /** Each try takes several round trips: one wrong value per byte is enough. */
  readonly isSlow?: boolean
  /** What it answers may not run twice, whatever becomes of the answer. */
  readonly isWrite?: boolean
  run(pool: AuroraPool): Promise<unknown>
  /** What an application is told when every byte arrives. */
  right(outcome: Outcome): boolean
}

interface Outcome {
  readonly rows?: unknown
  readonly error?: Error & {
    readonly code?: string
    readonly aurora?: { readonly outcome?: string }
  }
}

/** The pool rolls back what is left open. */
async function readInTransaction(pool: AuroraPool): Promise<unknown> {
  const session = await pool.getConnection()
  try {
    await session.beginTransaction()
    const [rows] = await session.query(LOCKING)
    return rows
  } finally {
    session.release()
    await eventually('the connection is back', () => nothingIsLeft(pool))
  }
}

const SHELF = [
  { id: 1, name: 'book', price: '12.00' },
  { id: 2, name: null, price: '0.99' },
]

const isShelf = ({ rows }: Outcome) => JSON.stringify(rows) === JSON.stringify(SHELF)
const isDone = ({ rows }: Outcome) =>
  (rows as { affectedRows?: number })?.affectedRows !== undefined
const readShelf = async (pool: AuroraPool) => (await pool.query(READ))[0]
const refresh = async (pool: AuroraPool) => {
  await pool.aurora.refresh().catch(() => {})
  return readShelf(pool)
}
const readPrepared = async (pool: AuroraPool) => (await pool.execute(PREPARED, [0]))[0]

const PARTS: readonly Part[] = [
  { name: 'the greeting', key: asked.greeting, isFresh: true, run: readShelf, right: isShelf },
  {
    name: 'the answer to a login',
    key: asked.login,
    isFresh: true,
    run: readShelf,
    right: isShelf,
  },
  { name: 'rows as text', key: asked.query(READ), run: readShelf, right: isShelf },
  {
    name: 'the answer to a prepare',
    isSlow: true,
    key: asked.prepare(PREPARED),
    isFresh: true,
    run: readPrepared,
    right: isShelf,
  },
  { name: 'rows in binary', key: asked.execute, run: readPrepared, right: isShelf },
  {
    name: 'an OK',
    key: asked.query(WRITE),
    isWrite: true,
    run: async (pool) => (await pool.query(WRITE))[0],
    right: isDone,
  },
  {
    name: 'an OK with the state of the session',
    key: asked.query(SETTING),
    run: async (pool) => (await pool.query(SETTING))[0],
    right: isDone,
  },
  {
    name: 'an error',
    key: asked.query(BROKEN),
    run: (pool) => pool.query(BROKEN),
    right: ({ error }) => error?.code === 'ER_NO_SUCH_TABLE',
  },
  {
    name: 'the beginning of a transaction',
    key: asked.query('START TRANSACTION'),
    run: readInTransaction,
    right: isShelf,
  },
  {
    name: 'the end of a transaction that was left open',
    key: asked.query('ROLLBACK'),
    isLate: true,
    run: readInTransaction,
    right: isShelf,
  },
  {
    name: 'who a new connection leads to',
    isSlow: true,
    key: asked.identity,
    isFresh: true,
    isInDoubt: true,
    run: readShelf,
    right: isShelf,
  },
  { name: 'the topology', key: asked.topology, isSlow: true, run: refresh, right: isShelf },
]

/** After this nobody knows who the writer is. */
const LOST: Part = {
  name: 'nothing',
  key: asked.query(READ),
  run: readShelf,
  right: isShelf,
}

let simulation: Simulation
let conversation: Conversation

function poolOn(port: number): AuroraPool {
  const { user, password, database } = simulation.cluster.connection
  return createAuroraPool({
    host: '127.0.0.1',
    port,
    user,
    password,
    database,
    connectionLimit: 2,
    connectTimeout: 300,
    aurora: {
      ...QUICK,
      urgentIntervalMs: 5,
      overloadWaitMs: 100,
      instanceEndpoint: () => ({ host: '127.0.0.1', port }),
    },
  })
}

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  simulation = await simulate({ instances: 1 })
  const { cluster } = simulation
  await cluster.query(
    'CREATE TABLE app.shelf (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), price DECIMAL(6, 2))',
  )
  await cluster.query("INSERT INTO app.shelf (name, price) VALUES ('book', 12), (NULL, 0.99)")
  const { address: host, port } = cluster.writer
  conversation = await recordConversation({ host, port }, async (recorder) => {
    const pool = poolOn(recorder)
    await pool.aurora.ready()
    for (const { run } of PARTS) await run(pool).catch(() => {})
    await pool.query(HEALTHY)
    // What has lain idle is pinged first.
    const session = await pool.getConnection()
    await session.ping()
    session.release()
    // After a loss a new connection is asked who it is.
    await cluster.inject({ type: 'reset' })
    await pool.query(LOCKING).catch(() => {})
    await pool.query(WRITE).catch(() => {})
    await pool.query(WRITE)
    await pool.end()
  })
})

afterAll(() => {
  vi.restoreAllMocks()
})

class Lane {
  readonly server: ReplayServer
  readonly pool: AuroraPool

  private constructor(server: ReplayServer) {
    this.server = server
    this.pool = poolOn(server.port)
  }

  static async open(part: Part): Promise<Lane> {
    const lane = new Lane(await ReplayServer.start(conversation))
    await lane.pool.aurora.ready()
    if (part.isInDoubt) await lane.try(LOST, { type: 'cut', at: 0 })
    return lane
  }

  /** Runs one statement whose answer is damaged, and then one whose answer is not. */
  async try(part: Part, damage: Damage): Promise<Outcome> {
    const { server, pool } = this
    if (part.isFresh) {
      server.hangUp()
      await eventually('the pool has lost its connections', () =>
        pool.aurora.stats().instances.every(({ open }) => open === 0),
      )
    }
    const before = server.timesAsked(part.key)
    server.damage(part.key, damage)
    const outcome = await part.run(pool).then(
      (rows): Outcome => ({ rows }),
      (error): Outcome => ({ error }),
    )
    // On a busy machine what the damage before has led to (a fence) may end a session before it comes to this part: once more then.
    const isTooEarly = 'error' in outcome && part.isLate === true && server.isArmed
    if (isTooEarly && server.timesAsked(part.key) === before) return this.try(part, damage)
    await eventually('the damage is done', () => !server.isArmed)
    const [rows] = await pool.query(HEALTHY)
    expect(rows).toEqual([{ answer: 42 }])
    await eventually('nothing is left', () => nothingIsLeft(pool))
    const times = server.timesAsked(part.key) - before
    if (part.isWrite) expect(times).toBe(1)
    return outcome
  }

  async close(): Promise<void> {
    await this.pool.end()
    await eventually('every socket is closed', () => this.server.openCount === 0)
    await this.server.close()
    expect([...this.server.unknown]).toEqual([])
  }
}

/** Tries every damage, several lanes at a time, and returns what each said. */
async function tryAll(
  part: Part,
  damages: readonly Damage[],
  check: (outcome: Outcome, damage: Damage, lane: Lane) => void,
): Promise<void> {
  const left = [...damages]
  const work = async () => {
    const lane = await Lane.open(part)
    for (let damage = left.pop(); damage !== undefined; damage = left.pop()) {
      const where = `${part.name}, ${JSON.stringify(damage)}`
      const outcome = await Promise.race([lane.try(part, damage), never(where)])
      try {
        check(outcome, damage, lane)
      } catch (error) {
        throw new Error(where, { cause: error })
      }
    }
    await lane.close()
  }
  await Promise.all(Array.from({ length: LANES }, work))
}

function never(what: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`It hangs: ${what}`)), 15_000).unref()
  })
}

function offsetsOf({ key }: Part, toEnd: boolean): number[] {
  const reply = conversation.get(key)
  if (reply === undefined) throw new Error('This part of the conversation was not recorded')
  return Array.from({ length: reply.length + (toEnd ? 1 : 0) }, (_, at) => at)
}

describe.each(PARTS)('$name', (part) => {
  it('cut short at any byte fails the statement, or lets it run again', async () => {
    const damages = offsetsOf(part, true).flatMap((at): Damage[] =>
      at % RESET_EVERY === 0
        ? [
            { type: 'cut', at },
            { type: 'reset', at },
          ]
        : [{ type: 'cut', at }],
    )
    await tryAll(part, damages, (outcome) => {
      if (part.right(outcome)) return
      expect(outcome.error?.code).toMatch(/^(PROTOCOL_CONNECTION_LOST|ECONNRESET)$/)
      if (part.isWrite) expect(outcome.error?.aurora?.outcome).toBe('unknown')
    })
  })

  it('in two segments, or in one for each byte, is what it is in one', async () => {
    const damages = offsetsOf(part, false).map((at): Damage => ({ type: 'split', at }))
    await tryAll(part, [...damages, { type: 'dribble' }], (outcome) => {
      expect(part.right(outcome), JSON.stringify(outcome)).toBe(true)
    })
  })

  it('with a wrong byte anywhere fails the statement and nothing else', async () => {
    const reply = conversation.get(part.key) ?? Buffer.alloc(0)
    const damages = offsetsOf(part, false).flatMap((at) =>
      (part.isSlow ? [0xff] : [0xff, 0x01])
        .filter((mask) => ((reply[at] ?? 0) ^ mask) !== LENGTH_OF_EIGHT_BYTES)
        .map((mask): Damage => ({ type: 'garble', at, mask })),
    )
    await tryAll(part, damages, () => {})
  })
})
