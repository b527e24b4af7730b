import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { createPool, type RowDataPacket } from 'mysql2/promise'
import type { Storage, StorageAccounts } from '../storage.js'
import { Catalog } from './compile/catalog.js'
import { Volume } from './engine/volume.js'
import { Planner } from './session/plan.js'
import { UserLocks } from './session/user-locks.js'
import { type ParsedStatement, parseStatements } from './sql/parse-statement.js'
import { SqlError } from './sql-error.js'
import { type WireEnvironment, WireSession } from './wire/wire-session.js'

/** How many texts are kept parsed, and up to which length. */
const PARSED_TEXT_LIMIT = 1000
const PARSED_TEXT_MAX_CHARS = 10_000

const ADMINISTRATOR = 'simulator_admin'

/**
 * A storage inside the process, with nothing to install: SQLite in WebAssembly behind the server side of the MySQL
 * protocol. It answers a named subset of MySQL's SQL (docs/embedded-storage.md) as MySQL does, and everything else
 * with error 1235.
 */
export async function createEmbeddedStorage(accounts: StorageAccounts): Promise<Storage> {
  const volume = await Volume.open()
  const catalog = new Catalog(accounts.database)
  const sessions = new Map<number, WireSession>()
  const parsed = new LRUCache<string, readonly ParsedStatement[]>({ max: PARSED_TEXT_LIMIT })
  const passwords = new Map([
    [accounts.user, accounts.password],
    [accounts.readerUser, accounts.password],
    [ADMINISTRATOR, randomBytes(16).toString('hex')],
  ])
  let sessionCount = 0
  let isClosed = false

  const environment: WireEnvironment = {
    volume,
    catalog,
    planner: new Planner(catalog),
    userLocks: new UserLocks(),
    readerUser: accounts.readerUser,
    passwordOf: (user) => passwords.get(user),
    parse(text, several) {
      const key = several ? `;${text}` : text
      const known = parsed.get(key)
      if (known) return known
      const statements = parseStatements(text, several)
      if (text.length <= PARSED_TEXT_MAX_CHARS) parsed.set(key, statements)
      return statements
    },
    kill(target, id, by) {
      const victim = sessions.get(id)
      if (!victim) throw new SqlError(1094, 'HY000', `Unknown thread id: ${id}`)
      if (victim.session.user !== by.user && by.user !== ADMINISTRATOR) {
        throw new SqlError(1095, 'HY000', `You are not owner of thread ${id}`)
      }
      if (target === 'query') victim.session.interrupt()
      else victim.close()
    },
    forget(session) {
      sessions.delete(session.id)
    },
  }

  const connect = (): WireSession['stream'] => {
    if (isClosed) throw new Error('the embedded storage is closed')
    const session = new WireSession(environment, ++sessionCount)
    sessions.set(session.id, session)
    return session.stream
  }

  const administration = createPool({
    user: ADMINISTRATOR,
    password: passwords.get(ADMINISTRATOR) ?? '',
    database: accounts.database,
    connectionLimit: 4,
    stream: connect,
  })

  return {
    kind: 'embedded',
    accounts,
    connect,
    async query(sql, values) {
      const [rows] = await administration.query<RowDataPacket[]>(sql, [...(values ?? [])])
      return Array.isArray(rows) ? rows : []
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await administration.end()
      for (const session of sessions.values()) session.close()
      volume.close()
    },
  }
}
