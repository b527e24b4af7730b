import { pick } from './random.mjs'

/** @typedef {import('aurora-mysql2/promise').AuroraPool} Pool */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./ledger.mjs').Entry} Entry */

/**
 * @typedef {object} Surroundings what a request works with
 * @property {Pool} pool
 * @property {Ledger} ledger
 * @property {() => number} random
 * @property {(what: string) => void} violate
 */

/** Rows of the table that is only read. */
export const NUMBER_COUNT = 40
const INSERT = 'INSERT INTO app.soak (token) VALUES (?)'
const OWN = 'SELECT COUNT(*) AS times FROM app.soak WHERE token = ?'
const NUMBERS = 'SELECT id FROM app.number ORDER BY id'
/** An impatient caller waits so long for an instance. */
const IMPATIENT_MS = 40

/**
 * What applications do, by name. Each resolves when its caller has its answer, and rejects with what a read met; whatever became of a
 * write stands in the ledger.
 *
 * @type {Record<string, (surroundings: Surroundings) => Promise<unknown>>}
 */
export const REQUESTS = {
  write: async ({ pool, ledger, random }) => {
    const way = pick(random, ['query', 'execute', 'callback'])
    await keep(ledger, `write by ${way}`, 1, ({ token }) => {
      if (way === 'query') return pool.query(INSERT, [token])
      if (way === 'execute') return pool.execute(INSERT, [token])
      return new Promise((resolve, reject) => {
        callbacks(pool).query(
          INSERT,
          [token],
          (/** @type {unknown} */ error, /** @type {unknown} */ done) =>
            error ? reject(error) : resolve(done),
        )
      })
    })
  },

  'impatient write': async ({ pool, ledger, random }) => {
    const abort = new AbortController()
    const bySignal = random() < 0.5
    const timer = setTimeout(() => abort.abort(), random() * IMPATIENT_MS)
    const aurora = bySignal ? { signal: abort.signal } : { waitMs: IMPATIENT_MS }
    await keep(ledger, 'impatient write', 1, ({ token }) =>
      pool.query({ sql: INSERT, values: [token], aurora }),
    )
    clearTimeout(timer)
  },

  'transaction of a session': async ({ pool, ledger }) => {
    await keep(ledger, 'transaction of a session', 2, ({ token }) =>
      inSession(pool, async (session) => {
        await session.beginTransaction()
        try {
          await session.query(INSERT, [token])
          await session.query(OWN, [token])
          await session.execute(INSERT, [token])
          await session.commit()
        } catch (error) {
          await session.rollback().catch(() => {})
          throw error
        }
      }),
    )
  },

  'transaction without awaiting': async ({ pool, ledger }) => {
    await keep(ledger, 'transaction without awaiting', 2, ({ token }) =>
      inSession(pool, async (session) => {
        const all = [
          session.query('BEGIN'),
          session.query(INSERT, [token]),
          session.query(INSERT, [token]),
          session.query('COMMIT'),
        ]
        const ends = await Promise.allSettled(all)
        const failed = ends.find(({ status }) => status === 'rejected')
        const unknown = ends.find(
          (end) => end.status === 'rejected' && end.reason.aurora?.outcome === 'unknown',
        )
        const end = unknown ?? failed
        if (end?.status === 'rejected') throw end.reason
      }),
    )
  },

  'transaction left open': async ({ pool, ledger }) => {
    const entry = ledger.issue('transaction left open')
    const session = await pool.getConnection().catch(() => undefined)
    try {
      await session?.beginTransaction()
      await session?.query(INSERT, [entry.token])
    } catch {
      // It would not have been committed either.
    } finally {
      ledger.forsake(entry)
      session?.release()
    }
  },

  'pool.transaction': async ({ pool, ledger, random }) => {
    const exactlyOnce = random() < 0.5
    const kind = exactlyOnce ? 'exactly-once transaction' : 'pool.transaction'
    await keep(ledger, kind, 2, ({ token }) =>
      pool.transaction(
        async (tx) => {
          await tx.query(INSERT, [token])
          await tx.query(OWN, [token])
          await tx.execute(INSERT, [token])
        },
        { exactlyOnce },
      ),
    )
  },

  'transaction with a savepoint': async ({ pool, ledger }) => {
    await keep(ledger, 'transaction with a savepoint', 1, ({ token }) =>
      pool.transaction(async (tx) => {
        await tx.query(INSERT, [token])
        await tx
          .transaction(async (inner) => {
            await inner.query(INSERT, [token])
            throw new Undone()
          })
          .catch((error) => {
            if (!(error instanceof Undone)) throw error
          })
      }),
    )
  },

  read: async ({ pool, random, violate }) => {
    const [rows] = await (random() < 0.5 ? pool.query(NUMBERS) : pool.execute(NUMBERS))
    expectNumbers(rows, violate)
  },

  stream: async ({ pool, random, violate }) => {
    const rows = []
    const leavesEarly = random() < 0.3
    for await (const row of callbacks(pool).query(NUMBERS).stream()) {
      rows.push(row)
      if (leavesEarly && rows.length > NUMBER_COUNT / 2) return
    }
    expectNumbers(rows, violate)
  },

  'own write in a request': ({ pool, ledger, random, violate }) =>
    pool.aurora.session(async () => {
      const { token, told } = await keep(ledger, 'own write', 1, (entry) =>
        pool.query(INSERT, [entry.token]),
      )
      if (told !== 'acknowledged') return
      if (random() < 0.5) return expectOwn(pool, token, violate)
      await inSession(pool, (session) => expectOwn(session, token, violate))
    }),

  'own write outside of requests': async ({ pool, ledger, violate }) => {
    const { token, told } = await keep(ledger, 'own write', 1, (entry) =>
      pool.query(INSERT, [entry.token]),
    )
    if (told === 'acknowledged') await expectOwn(pool, token, violate)
  },

  'write carried by a mark': async ({ pool, ledger, violate }) => {
    const { token, told, mark } = await pool.aurora.session(async () => {
      const entry = await keep(ledger, 'marked write', 1, ({ token: own }) =>
        pool.query(INSERT, [own]),
      )
      return { ...entry, mark: pool.aurora.mark() }
    })
    if (told !== 'acknowledged') return
    await pool.aurora.session(() => expectOwn(pool, token, violate), { after: mark })
  },

  'prepared statement': async ({ pool, ledger, violate }) => {
    await inSession(pool, async (session) => {
      const statement = await session.prepare(INSERT)
      const { token, told } = await keep(ledger, 'prepared write', 1, (entry) =>
        statement.execute([entry.token]),
      )
      statement.close()
      if (told === 'acknowledged') await expectOwn(session, token, violate)
    })
  },

  'settings of a session': async ({ pool, random, violate }) => {
    await inSession(pool, async (session) => {
      const hours = pick(random, ['01', '02', '03'])
      await session.query(`SET time_zone = '+${hours}:00'`)
      const [rows] = await session.query('SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP()) AS zone')
      const zone = /** @type {any} */ (rows)[0]?.zone
      if (zone !== `${hours}:00:00`)
        violate(`a session lost what it had set: ${zone} instead of ${hours}`)
    })
  },

  'variable of a session': async ({ pool, ledger, violate }) => {
    await inSession(pool, async (session) => {
      const entry = ledger.issue('write of a variable')
      await session.query('SET @token = ?', [entry.token]).catch((error) => {
        ledger.settle(entry, error)
        throw error
      })
      await settle(ledger, entry, session.query('INSERT INTO app.soak (token) VALUES (@token)'))
      if (entry.told !== 'acknowledged') return
      const [rows] = await session.query('SELECT @token AS token')
      const held = /** @type {any} */ (rows)[0]?.token
      if (held !== entry.token) violate(`a pinned session lost its variable: ${held}`)
    })
  },

  'session that is destroyed': async ({ pool, ledger, random }) => {
    const entry = ledger.issue('write of a destroyed session')
    const session = await pool.getConnection().catch(() => undefined)
    // mysql2 does not call back what runs on a connection that is destroyed.
    session?.query(INSERT, [entry.token]).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, random() * 5))
    ledger.abandon(entry)
    session?.destroy()
  },
}

/** What a savepoint is undone by. */
class Undone extends Error {}

/**
 * One unit of work, with what its caller was told.
 *
 * @param {Ledger} ledger
 * @param {string} kind
 * @param {number} parts
 * @param {(entry: Entry) => Promise<unknown>} work
 */
function keep(ledger, kind, parts, work) {
  const entry = ledger.issue(kind, parts)
  return settle(ledger, entry, work(entry))
}

/** @param {Ledger} ledger @param {Entry} entry @param {Promise<unknown>} work */
async function settle(ledger, entry, work) {
  try {
    await work
    ledger.settle(entry)
  } catch (error) {
    ledger.settle(entry, error)
    throwUnlessExpected(error)
  }
  return entry
}

/**
 * @template T
 * @param {Pool} pool
 * @param {(session: import('mysql2/promise').PoolConnection) => Promise<T>} work
 */
async function inSession(pool, work) {
  const session = await pool.getConnection()
  try {
    return await work(session)
  } finally {
    session.release()
  }
}

/** @param {{ query(sql: string, values: unknown[]): Promise<any> }} on @param {string} token @param {(what: string) => void} violate */
async function expectOwn(on, token, violate) {
  const [rows] = await on.query(OWN, [token])
  if (Number(rows[0]?.times) < 1)
    violate(`${token} was acknowledged, and not seen by who had written it`)
}

/** @param {unknown} rows @param {(what: string) => void} violate */
function expectNumbers(rows, violate) {
  const ids = /** @type {{ id: number }[]} */ (rows).map(({ id }) => id)
  const isWhole = ids.length === NUMBER_COUNT && ids.every((id, index) => id === index + 1)
  if (!isWhole) violate(`a read answered with the wrong rows: ${ids.join()}`)
}

/** @param {Pool} pool @returns {any} the same pool, in the callback API */
function callbacks(pool) {
  return /** @type {any} */ (pool).pool
}

/** Codes of what may happen to an application while everything fails. */
const EXPECTED = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ER_CON_COUNT_ERROR',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_UNKNOWN_ERROR',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_READ_ONLY_MODE',
  'ERR_AURORA_NO_WRITER',
  'ERR_AURORA_NO_READER',
  'ERR_AURORA_NO_CONNECTION',
  'ERR_AURORA_ABORTED',
  'ERR_AURORA_TRANSACTION_ENDED',
])

/**
 * Lets through what tells of a failure of the cluster; anything else is a failure of the driver.
 *
 * @param {unknown} error
 */
export function throwUnlessExpected(error) {
  const { code, message, fatal } = /** @type {any} */ (error)
  if (EXPECTED.has(code)) return
  if (fatal && String(message).includes('closed state')) return
  throw error
}
