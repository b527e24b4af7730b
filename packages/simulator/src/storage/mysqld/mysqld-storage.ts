import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { createConnection, createPool, type Pool } from 'mysql2/promise'
import type { Storage, StorageAccounts } from '../storage.js'
import { accountsSql } from './accounts-sql.js'
import { findServer, type ServerProgram, serverFolders } from './find-server.js'
import { type ServerProcess, startServerProcess } from './server-process.js'

/**
 * One private MariaDB or MySQL server on a socket file and a temporary directory, shared by all instances.
 * Nothing of it outlives this process, however the process ends.
 */
export async function createMysqldStorage(
  accounts: StorageAccounts,
  folders: readonly string[] = serverFolders(),
): Promise<Storage> {
  const program = await findServer(folders)
  if (!program) {
    throw new Error(
      "Storage 'mysqld' needs mariadbd or mysqld on PATH: install it (Debian and Ubuntu: apt-get install mariadb-server-core; macOS: brew install mariadb) or use storage 'embedded'.",
    )
  }
  const server = await startServerProcess(program)
  try {
    const adminPassword = randomBytes(18).toString('hex')
    await makeAccounts(server, program, accounts, adminPassword)
    return new MysqldStorage(accounts, server, adminPassword)
  } catch (error) {
    await server.stop()
    throw error
  }
}

class MysqldStorage implements Storage {
  readonly kind = 'mysqld'
  readonly accounts: StorageAccounts
  readonly #server: ServerProcess
  readonly #admin: Pool
  readonly #sessions = new Set<Socket>()
  #closing: Promise<void> | undefined

  constructor(accounts: StorageAccounts, server: ServerProcess, adminPassword: string) {
    this.accounts = accounts
    this.#server = server
    this.#admin = createPool({
      socketPath: server.socketPath,
      user: 'root',
      password: adminPassword,
      database: accounts.database,
      connectionLimit: 4,
    })
  }

  connect(): Socket {
    const session = connect(this.#server.socketPath)
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    return session
  }

  async query(sql: string, values: readonly unknown[] = []) {
    const [rows] = await this.#admin.query(sql, [...values])
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const session of this.#sessions) session.destroy()
    await this.#admin.end().catch(() => undefined)
    await this.#server.stop()
  }
}

async function makeAccounts(
  server: ServerProcess,
  program: ServerProgram,
  accounts: StorageAccounts,
  adminPassword: string,
): Promise<void> {
  const { socketPath } = server
  const root = await createConnection({ socketPath, user: 'root' })
  for (const sql of accountsSql(program, accounts, adminPassword)) await root.query(sql)
  await root.end()
  // MySQL's caching_sha2_password asks for TLS or an RSA exchange once per account and is quick from then
  // on; a login over the socket file counts as safe and fills that cache.
  for (const user of [accounts.user, accounts.readerUser]) {
    const login = await createConnection({ socketPath, user, password: accounts.password })
    await login.end()
  }
}
