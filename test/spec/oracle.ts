import { createConnection } from 'mysql2'
import type { Connection } from 'mysql2/promise'
import { createMysqldStorage } from '../../packages/simulator/src/storage/mysqld/mysqld-storage.js'
import type { Storage } from '../../packages/simulator/src/storage/storage.js'

/** sql_modes under which one text is read in different ways. */
export const SQL_MODES = [
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES',
]

/** Everything that the statements of the tables name, with something to break. */
const SCHEMA = [
  ...['t', 'u', 'users', 'orders', 'a', 'b', 'ids', 'articles', '`insert`'].map(
    (name) =>
      `CREATE TABLE ${name} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT, name VARCHAR(40), email VARCHAR(40), status INT, total INT, user_id INT, doc TEXT, created_at DATETIME)`,
  ),
  ...['t', 'u', 'users', 'orders'].map(
    (name) =>
      `INSERT INTO ${name} (a, b, name, doc, created_at) VALUES (1, 2, 'x', '{"a": 1}', NOW())`,
  ),
  'CREATE FUNCTION f(x INT) RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO t (a) VALUES (x); RETURN x; END',
  'CREATE FUNCTION g() RETURNS INT MODIFIES SQL DATA BEGIN SET @seen = 1; RETURN GET_LOCK("a", 0); END',
  'CREATE SEQUENCE s',
]

/** Server errors that say "you may not": what is sent to a reader must meet none of them. */
const REFUSALS: ReadonlySet<number> = new Set([
  1044, 1045, 1099, 1142, 1143, 1227, 1290, 1370, 1792, 1836,
])
/** These change by themselves, or with every statement. */
const RESTLESS = "'timestamp', 'warning_count', 'error_count', 'rand_seed1', 'rand_seed2'"

/** What a batch of statements did that a read must not do. */
export interface Verdict {
  readonly refused: readonly string[]
  /** Tables, session variables, user locks or row locks that are not as before. */
  readonly changed: readonly string[]
  /** How many were understood and carried out by the server. */
  readonly ranCount: number
}

/**
 * A real server that says whether statements are reads: it runs them as a user without rights to
 * write, in a read-only session, and once more as one who may do everything, and compares what
 * there was before with what there is after.
 */
export class Oracle implements AsyncDisposable {
  readonly #storage: Storage

  private constructor(storage: Storage) {
    this.#storage = storage
  }

  static async start(): Promise<Oracle> {
    const storage = await createMysqldStorage({
      user: 'app',
      readerUser: 'app_reader',
      password: 'oracle',
      database: 'oracle',
    })
    for (const sql of SCHEMA) {
      await storage.query(sql)
    }
    return new Oracle(storage)
  }

  /** Runs statements one after the other in a session of its own each, under one sql_mode. */
  async judge(statements: readonly string[], sqlMode: string): Promise<Verdict> {
    const refused: string[] = []
    const tablesBefore = await this.#tables()
    const reader = await this.#connect(this.#storage.accounts.readerUser, sqlMode)
    const changed = await this.#watch(reader, async () => {
      await reader.query('SET SESSION TRANSACTION READ ONLY')
      for (const statement of statements) {
        const errno = await errnoOf(reader, statement)
        if (errno !== undefined && REFUSALS.has(errno)) {
          refused.push(statement)
        }
      }
      await reader.query('SET SESSION TRANSACTION READ WRITE')
    })
    const writer = await this.#connect(this.#storage.accounts.user, sqlMode)
    let ranCount = 0
    changed.push(
      ...(await this.#watch(writer, async () => {
        await writer.query('START TRANSACTION')
        for (const statement of statements) {
          ranCount += (await errnoOf(writer, statement)) === undefined ? 1 : 0
        }
        changed.push(...(await this.#rowLocks(writer)))
        await writer.query('COMMIT')
      })),
    )
    const tablesAfter = await this.#tables()
    changed.push(...difference(tablesBefore, tablesAfter))
    return { refused, changed, ranCount }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#storage.close()
  }

  async #connect(user: string, sqlMode: string): Promise<Connection> {
    const { password, database } = this.#storage.accounts
    const core = createConnection({
      stream: () => this.#storage.connect(),
      user,
      password,
      database,
      // What hides behind a semicolon must have its chance to do harm.
      multipleStatements: true,
    })
    // Older versions of mysql2 tell of answers that come after `destroy()`.
    core.on('error', () => {})
    const connection = core.promise()
    await connection.query('SET SESSION sql_mode = ?', [sqlMode])
    return connection
  }

  /** What has changed in the session after the work; the session is closed then. */
  async #watch(session: Connection, work: () => Promise<void>): Promise<string[]> {
    const before = await sessionState(session)
    await work()
    const after = await sessionState(session)
    session.destroy()
    return difference(before, after)
  }

  async #tables(): Promise<Record<string, string>> {
    const state: Record<string, string> = {}
    const tables = await this.#storage.query(
      `SELECT table_name AS name, auto_increment AS next FROM information_schema.tables
       WHERE table_schema = 'oracle' ORDER BY 1`,
    )
    for (const { name, next } of tables) {
      const [sum] = await this.#storage.query(`CHECKSUM TABLE \`${name}\` EXTENDED`)
      state[`table ${name}`] = `${next} ${JSON.stringify(sum)}`
    }
    return state
  }

  async #rowLocks(session: Connection): Promise<string[]> {
    // The server shows a copy of its locks that is up to 0.1 s old.
    await new Promise((resolve) => setTimeout(resolve, 120))
    const rows = await this.#storage.query(
      `SELECT trx_rows_locked AS n FROM information_schema.innodb_trx
       WHERE trx_mysql_thread_id = ? AND trx_rows_locked > 0`,
      [session.threadId],
    )
    return rows.map(({ n }) => `${n} rows locked`)
  }
}

async function errnoOf(session: Connection, statement: string): Promise<number | undefined> {
  try {
    await session.query(statement)
    return undefined
  } catch (error) {
    return (error as { errno?: number }).errno ?? 0
  }
}

async function sessionState(session: Connection): Promise<Record<string, string>> {
  const state: Record<string, string> = {}
  const variables = await rowsOf(
    session,
    `SHOW SESSION VARIABLES WHERE Variable_name NOT IN (${RESTLESS})`,
  )
  for (const { Variable_name, Value } of variables) {
    state[`variable ${Variable_name}`] = `${Value}`
  }
  const [row] = await rowsOf(
    session,
    "SELECT IS_USED_LOCK('a') AS a, @seen AS seen, @x AS x, @a AS at_a, DATABASE() AS db, CURRENT_ROLE() AS role",
  )
  for (const [name, value] of Object.entries(row ?? {})) {
    state[`session ${name}`] = `${value}`
  }
  return state
}

async function rowsOf(session: Connection, sql: string): Promise<Record<string, unknown>[]> {
  const [rows] = await session.query(sql)
  return rows as Record<string, unknown>[]
}

function difference(before: Record<string, string>, after: Record<string, string>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name]} became ${after[name]}`)
}
